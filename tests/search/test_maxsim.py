import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from es_jina.dense import ELEMENT_TYPES, ElementType
from es_jina.elastic.vectors import decode, encode
from es_jina.search.maxsim import maxsim, maxsim_of_bits

Floats = NDArray[np.float32]


def vectors(most: int = 5, dims: int = 8) -> st.SearchStrategy[Floats]:
    shape = st.tuples(st.integers(1, most), st.just(dims))
    return hnp.arrays(np.float32, shape, elements=st.floats(-1, 1, width=32))


def naive(query: Floats, document: Floats) -> float:
    best = [max(float(np.dot(q, d)) for d in document.astype(float)) for q in query.astype(float)]
    return sum(best) / len(best)


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


@given(vectors(dims=128), st.lists(vectors(dims=128), max_size=4), st.sampled_from([64, 128]))
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
def test_pages_of_any_length_do_not_mix(element_type: ElementType) -> None:
    """One room serves all pages: what a longer one left behind must not score for a shorter one."""
    rng = np.random.default_rng(0)
    query = rng.standard_normal((3, 64), np.float32)
    long = encode(np.repeat(query, 40, axis=0), element_type)
    short = encode(-query[:1], element_type)
    alone = maxsim(query, [short], element_type)
    assert maxsim(query, [long, short, long], element_type)[1] == alone[0]
