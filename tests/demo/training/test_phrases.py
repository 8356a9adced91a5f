"""Queries and passages: every concept is where it is said to be."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from es_jina.demo.training.phrases import passage, query
from es_jina.demo.vocabulary import vocabulary

WORDS = {word: each.label for each in vocabulary().concepts for word in each.words}


@given(seed=st.integers(0, 2**31), looks=st.booleans())
def test_queries_name_their_words(seed: int, looks: bool) -> None:
    random, known = Random(seed), vocabulary()
    look = (random.choice(known.colours), random.choice(known.charts)) if looks else None
    topics = random.sample(known.topics, 2)

    phrase = query(random, topics, look)

    assert phrase.words
    asked = {each.label for each in (*topics, *(look or ()))}
    for first, end, label in phrase.words:
        assert WORDS[phrase.text[first:end]] == label
        assert label in asked


@given(seed=st.integers(0, 2**31), count=st.integers(1, 5))
def test_passages_name_all_their_topics(seed: int, count: int) -> None:
    random = Random(seed)
    topics = random.sample(vocabulary().topics, count)

    phrase = passage(random, topics)

    assert [label for _, _, label in phrase.words] == [topic.label for topic in topics]
    assert all(WORDS[phrase.text[first:end]] == label for first, end, label in phrase.words)
