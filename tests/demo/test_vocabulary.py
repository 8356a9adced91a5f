"""The words of the demo model."""

from collections import Counter

from es_jina.demo.training.phrases import fillers
from es_jina.demo.vocabulary import vocabulary


def test_no_word_means_two_things() -> None:
    known = vocabulary()
    meanings = Counter(word for each in known.concepts for word in set(each.words))

    assert [word for word, count in meanings.items() if count > 1] == []
    assert len(known.topics) == 200
    assert len(known.colours) == len(known.charts) == 8


def test_words_without_a_meaning_are_no_words_of_the_model() -> None:
    meant = {word for each in vocabulary().concepts for word in each.words}

    assert meant.isdisjoint(word for some in fillers().values() for word in some)


def test_labels_count_from_one() -> None:
    known = vocabulary()

    assert [each.label for each in known.concepts] == list(range(1, known.labels))
