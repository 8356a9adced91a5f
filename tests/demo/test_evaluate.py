"""The shipped toy checkpoint: what its evaluation prints stays true."""

import pytest
from tokenizers import Tokenizer

from es_jina.demo.evaluate import Evaluation, Measured, table
from es_jina.demo.heldout import KINDS
from es_jina.demo.run import demo_checkpoint
from es_jina.providers.local import LocalProvider

# Late interaction, first place; slightly below what is printed for these 200 pages.
LATE = {
    "colour + type": 0.99,
    "one word": 0.96,
    "synonym": 0.95,
    "German word": 0.96,
    "Chinese word": 0.96,
    "two words": 0.95,
    "colour + type + word": 0.9,
    "unseen phrasing": 0.9,
}
WORDS = ("one word", "synonym", "German word", "Chinese word")


@pytest.fixture(scope="module")
def measured() -> Measured:
    with LocalProvider(str(demo_checkpoint())) as provider:
        return Evaluation(provider, count=200).measured()


@pytest.mark.parametrize("kind", LATE)
def test_late_interaction_finds_pages_never_seen(measured: Measured, kind: str) -> None:
    assert measured.late[kind].first >= LATE[kind]
    assert measured.late[kind].ten >= 0.98


@pytest.mark.parametrize("kind", WORDS)
def test_single_vectors_find_them_among_the_first(measured: Measured, kind: str) -> None:
    assert measured.single[kind][256].first >= 0.92
    assert measured.single[kind][256].ten >= 0.97


@pytest.mark.parametrize("kind", WORDS)
@pytest.mark.parametrize(("size", "loss"), [(128, 0.05), (64, 0.1)])
def test_shorter_vectors_are_nearly_as_good(
    measured: Measured, kind: str, size: int, loss: float
) -> None:
    assert measured.single[kind][size].first >= measured.single[kind][256].first - loss


def test_the_heat_lies_on_the_word(measured: Measured) -> None:
    assert measured.hottest >= 0.98
    assert measured.known > measured.absent + 0.6
    assert measured.known > measured.unknown + 0.6


def test_the_table_has_a_row_for_each_kind_of_query(measured: Measured) -> None:
    printed = table(measured)

    assert all(f"| {kind} |" in printed for kind in KINDS)
    assert "hottest cell on the asked word" in printed


@pytest.mark.parametrize(
    "text", ["cheese", '"cheese"', "(cheese)", "'cheese'", "#cheese", "bread/cheese", "“Cheese”"]
)
def test_a_word_behind_a_mark_is_the_word(text: str) -> None:
    tokenizer = Tokenizer.from_file(str(demo_checkpoint() / "tokenizer.json"))
    assert "Ġcheese" in tokenizer.encode(f"Query: {text}").tokens
    assert "Ġt" not in tokenizer.encode("Query: don't").tokens
