"""Words against the cells of a picture and the tokens of a text, with vectors made by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.dense import ELEMENT_TYPES, ElementType
from es_jina.elastic.vectors import decode, encode
from es_jina.embedding import Embedding, PatchGrid, TokenSpans, Vector, unit
from es_jina.search.explain import Page, Passage, cells, fitting_grid, passage_of, tokens
from es_jina.search.words import Word

RNG = np.random.default_rng(0)


def vectors(count: int) -> Vector:
    """Return vectors that are about at right angles."""
    return unit(RNG.standard_normal((count, 128)).astype(np.float32))


def layout(*spans: tuple[int, int]) -> TokenSpans:
    return TokenSpans(np.array(spans, np.int32))


def word(*numbers: int) -> Word:
    return Word("x", 0, 1, numbers)


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
def test_a_word_is_hot_where_its_vector_is(element_type: ElementType) -> None:
    grid = PatchGrid(first=3, height=4, width=5)
    page = vectors(3 + 20 + 6)
    query = vectors(5)
    query[2] = page[3 + 2 * 5 + 1]
    query[3] = page[3 + 0 * 5 + 4]
    query[4] = page[1]  # of the template
    stored = decode(encode(page, element_type), element_type)
    found = cells(query, [word(2), word(3, 0), word(4)], Page(stored, grid, "stored"))
    assert found.shape == (3, 4, 5)
    assert np.unravel_index(found[0].argmax(), (4, 5)) == (2, 1)
    assert np.unravel_index(found[1].argmax(), (4, 5)) == (0, 4)
    # A sign for each number keeps four fifths of the likeness.
    least = 0.75 if element_type == "bit" else 0.99
    assert found[:2].max(axis=(1, 2)).min() > least
    assert abs(found[2]).max() < 0.5
    assert found.max() <= 1 + 1e-6


def test_a_word_of_several_tokens_is_as_near_as_the_nearest() -> None:
    query, page = vectors(4), vectors(8)
    grid = PatchGrid(0, 2, 4)
    alone = cells(query, [word(1), word(2)], Page(page, grid, "stored"))
    np.testing.assert_allclose(
        cells(query, [word(1, 2)], Page(page, grid, "stored"))[0], alone.max(axis=0)
    )
    np.testing.assert_allclose(alone[0].ravel(), page @ query[1], atol=1e-6)


def test_vectors_that_are_none_are_like_nothing() -> None:
    page = vectors(4)
    page[1] = np.nan
    page[2, 0] = np.inf
    page[3] *= 7
    found = cells(page[:1], [word(0)], Page(page, PatchGrid(0, 2, 2), "stored"))
    assert np.isfinite(found).all()
    assert found[0, 0, 0] == pytest.approx(1)
    assert found[0, 0, 1] == 0
    assert abs(found).max() <= 1 + 1e-6


def test_no_words_are_no_grids() -> None:
    assert cells(vectors(2), [], Page(vectors(6), PatchGrid(0, 2, 3), "stored")).shape == (0, 2, 3)
    assert tokens(vectors(2), [], "a", Passage(vectors(1), layout((0, 1)), "stored"))[0].end == 1


def test_tokens_of_a_text() -> None:
    text = " the sun,  猫 "
    spans = layout((0, 0), (0, 4), (4, 8), (8, 9), (9, 11), (11, 12), (11, 12), (12, 13))
    rows = vectors(8)
    found = tokens(
        rows[[2, 5, 6, 0]],
        [word(0), word(1), word(2), word(3)],
        text,
        Passage(rows, spans, "stored"),
    )
    assert [text[each.start : each.end] for each in found] == ["the", "sun", ",", "猫"]
    scores = np.stack([each.scores for each in found])
    assert scores[1, 0] == pytest.approx(1)
    # Two tokens share the character.
    assert scores[3, 1:3] == pytest.approx([1, 1])
    assert scores[:, 3].max() < 0.5  # the prompt's


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=12))
def test_tokens_are_in_order_and_apart(told: Sequence[tuple[int, int]]) -> None:
    text = "a b c d e f g"
    spans = sorted((start, min(start + length, len(text))) for start, length in told)
    rows = vectors(max(1, len(spans)))[: len(spans)]
    passage = Passage(rows, TokenSpans(np.array(spans, np.int32).reshape(-1, 2)), "stored")
    end = 0
    for each in tokens(vectors(1), [word(0)], text, passage):
        assert end <= each.start < each.end <= len(text)
        assert text[each.start : each.end] == text[each.start : each.end].strip()
        end = each.end


def test_grids_are_those_of_their_vectors() -> None:
    told = {"first": 4, "height": 3, "width": 5}
    assert fitting_grid(told, 19) == fitting_grid({**told, "more": 1}, 30) == PatchGrid(4, 3, 5)
    wrong: Any
    for wrong in (
        None, [], {}, {"first": 4}, {**told, "width": "5"}, {**told, "height": 0},
        {**told, "first": -1}, {**told, "width": 5.0}, {**told, "height": 10**30},
    ):  # fmt: skip
        assert fitting_grid(wrong, 19) is None
    assert fitting_grid(told, 18) is None


def test_a_passage_is_what_is_stored_if_that_fits() -> None:
    rows = vectors(5)
    spans = layout((0, 0), (0, 0), (0, 3), (3, 4), (4, 9))
    computed = Embedding(None, rows, 5, spans)
    for stored, of, count in (
        (vectors(5), "stored", 5),
        (vectors(3), "stored", 3),  # late chunking has none for the prompt
        (vectors(4), "computed", 5),
        (None, "computed", 5),
    ):
        passage = passage_of(stored, computed)
        assert (passage.of, len(passage.vectors)) == (of, count)
        assert passage.vectors is (stored if of == "stored" else rows)
        assert passage.layout.characters[-3:].tolist() == [[0, 3], [3, 4], [4, 9]]
        assert len(passage.layout.characters) == count
    with pytest.raises(TypeError):
        passage_of(None, Embedding(None, rows, 5))
