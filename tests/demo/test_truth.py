"""Queries and judgements of the sample."""

from collections import Counter

import pytest

from es_jina.demo.make_sample import SAMPLE
from es_jina.demo.truth import MENTIONS, SHOWS, TRUTH, judgements, queries, shown, unit_id
from es_jina.demo.vocabulary import vocabulary
from tests.demo.conftest import Made
from tests.demo.pages import files, page_texts


@pytest.fixture(scope="module")
def units() -> set[str]:
    found = set()
    for path in files(SAMPLE):
        pages = len(page_texts(SAMPLE / path)) if path.endswith(".pdf") else 1
        found |= {unit_id(path, page) for page in range(1, pages + 1)}
    return found


@pytest.mark.parametrize("name", ["queries.tsv", "qrels.txt", "boxes.json"])
def test_the_committed_truth_is_what_the_generator_writes(made: Made, name: str) -> None:
    assert (TRUTH / name).read_text("utf-8") == (made.truth / name).read_text("utf-8")


def test_nothing_of_the_truth_is_ingested() -> None:
    assert SAMPLE not in TRUTH.parents


def test_there_are_queries_of_every_kind() -> None:
    kinds = Counter(query.kind for query in queries())
    assert 38 <= len(queries()) <= 50
    assert kinds.keys() == {
        "one word", "synonym", "German", "Chinese", "colour and kind", "colour, kind and word",
        "two words", "text",
    }  # fmt: skip
    assert min(kinds.values()) >= 4
    assert {query.language for query in queries()} == {"en", "de", "zh"}
    assert len({query.text for query in queries()}) == len(queries())


def test_each_query_is_answered_by_units_that_exist(units: set[str]) -> None:
    grades = judgements()
    assert list(grades) == [query.id for query in queries()]
    for each in grades.values():
        assert each.keys() <= units
        assert set(each.values()) <= {SHOWS, MENTIONS}
        assert SHOWS in each.values()
        assert list(each.values()).count(SHOWS) <= 4


def test_one_word_is_answered_in_several_languages() -> None:
    by_text = {query.text: judgements()[query.id] for query in queries()}
    assert {unit for unit, grade in by_text["Wetter"].items() if grade == SHOWS} == {
        unit_id("nature/farm-and-harvest.pdf", 5), unit_id("travel/海岛假期.pdf", 2),
    }  # fmt: skip
    # A French report on coffee prints no word that the demo model reads.
    assert by_text["咖啡"][unit_id("food/recolte-cafe-2025.pdf", 1)] == MENTIONS


def test_what_a_query_asks_for_is_shown_by_the_pages_that_answer_it() -> None:
    words = {concept.en: concept for concept in vocabulary().topics}
    for query in queries():
        if query.kind not in ("one word", "synonym"):
            continue
        for unit, grade in judgements()[query.id].items():
            if grade == SHOWS and unit in shown():
                topics = [words[word.word] for word in shown()[unit].words]
                assert any(query.text in topic.words for topic in topics)


def test_ids_have_no_spaces() -> None:
    assert unit_id("health/Schlaf und Arzt.md") == "health/Schlaf%20und%20Arzt.md#1"
