import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.dense import ELEMENT_TYPES, ElementType
from es_jina.elastic.vectors import decode, encode
from es_jina.embedding import unit
from es_jina.search.maxsim import TILE, TOGETHER, maxsim, maxsim_of_bits

from .naive_maxsim import Floats, naive, vectors


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
@given(query=vectors(), documents=st.lists(vectors(), max_size=4))
def test_it_is_the_mean_of_the_best_matches(
    element_type: ElementType, query: Floats, documents: list[Floats]
) -> None:
    stored = [encode(document, element_type) for document in documents]
    scores = maxsim(query, stored, element_type)
    assert scores.dtype == np.float32
    assert scores.shape == (len(documents),)
    expected = [naive(query, decode(each, element_type)) for each in stored]
    assert scores.tolist() == pytest.approx(expected, abs=1e-5)


@given(
    vectors(dims=128), st.lists(vectors(dims=128), max_size=4), st.sampled_from([8, 64, 96, 128])
)
def test_bits_against_bits(query: Floats, documents: list[Floats], dims: int) -> None:
    stored = [encode(document[:, :dims], "bit") for document in documents]
    asked = encode(query[:, :dims], "bit")
    scores = maxsim_of_bits(asked, stored)
    assert scores.dtype == np.float32
    expected = [naive(decode(asked, "bit"), decode(each, "bit")) for each in stored]
    assert scores.tolist() == pytest.approx(expected, abs=1e-5)


@given(vectors(), vectors(), vectors())
def test_more_vectors_never_lower_a_score(query: Floats, document: Floats, more: Floats) -> None:
    short, long = maxsim(query, [document, np.vstack([document, more])])
    assert long >= short - 1e-6


def test_a_document_that_holds_the_query_scores_1() -> None:
    query = np.eye(4, dtype=np.float32)[:2]
    whole, half, opposite = maxsim(query, [np.eye(4, dtype=np.float32), query[:1], -query])
    assert (whole, half, opposite) == (1, 0.5, 0)
    assert maxsim(query[:1], [-query[:1]]).tolist() == [-1]


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
@given(lengths=st.lists(st.integers(1, 3 * TILE), max_size=3 * TOGETHER), seed=st.integers(0, 99))
def test_pages_of_any_length_do_not_mix(
    element_type: ElementType, lengths: list[int], seed: int
) -> None:
    """Pages share groups, tiles and a room in which longer groups leave numbers behind."""
    rng = np.random.default_rng(seed)
    query, *pages = (unit(rng.standard_normal((n, 8), np.float32)) for n in (3, *lengths))
    stored = [encode(page, element_type) for page in pages]
    expected = [naive(query, decode(each, element_type)) for each in stored]
    assert maxsim(query, stored, element_type).tolist() == pytest.approx(expected, abs=1e-5)


def test_a_group_does_not_see_what_the_one_before_left_behind() -> None:
    """The nearest matches lie behind the end of a shorter group, in the tile that it half fills."""
    query = np.eye(8, dtype=np.float32)[:2]
    near, far = np.repeat(query, TILE, axis=0), -query[:1]
    scores = maxsim(query, [near] * TOGETHER + [far])
    assert scores.tolist() == [1.0] * TOGETHER + [-0.5]


@pytest.mark.parametrize("tokens", [1, 2, 64, 300])
def test_queries_of_any_length(tokens: int) -> None:
    """A picture as a query has hundreds of vectors."""
    rng = np.random.default_rng(tokens)
    query, *pages = (rng.standard_normal((n, 128), np.float32) for n in (tokens, 90, 5, 40))
    expected = [(query.astype(float) @ page.T).max(axis=1).mean() for page in pages]
    assert maxsim(query, pages).tolist() == pytest.approx(expected, rel=1e-5)


def test_rows_of_an_answer_can_be_read_only() -> None:
    """What is unpacked from a search's hits are views of the bytes that were received."""
    page = np.frombuffer(np.eye(8, dtype="<f4").tobytes(), "<f4").reshape(8, 8)
    assert maxsim(np.eye(8, dtype=np.float32)[:2], [page]).tolist() == [1]
