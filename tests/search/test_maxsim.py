import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from es_jina.search.maxsim import maxsim

Floats = NDArray[np.float32]


def vectors(most: int = 5) -> st.SearchStrategy[Floats]:
    shape = st.tuples(st.integers(1, most), st.just(4))
    return hnp.arrays(np.float32, shape, elements=st.floats(-1, 1, width=32))


def naive(query: Floats, document: Floats) -> float:
    best = [max(float(np.dot(q, d)) for d in document.astype(float)) for q in query.astype(float)]
    return sum(best) / len(best)


@given(vectors(), st.lists(vectors(), max_size=4))
def test_it_is_the_mean_of_the_best_matches(query: Floats, documents: list[Floats]) -> None:
    scores = maxsim(query, documents)
    assert scores.dtype == np.float32
    assert scores.shape == (len(documents),)
    assert scores.tolist() == pytest.approx([naive(query, d) for d in documents], abs=1e-5)


@given(vectors(), vectors(), vectors())
def test_more_vectors_never_lower_a_score(query: Floats, document: Floats, more: Floats) -> None:
    short, long = maxsim(query, [document, np.vstack([document, more])])
    assert long >= short - 1e-6


def test_a_document_that_holds_the_query_scores_1() -> None:
    query = np.eye(4, dtype=np.float32)[:2]
    whole, half, opposite = maxsim(query, [np.eye(4, dtype=np.float32), query[:1], -query])
    assert (whole, half, opposite) == (1, 0.5, 0)
    assert maxsim(query[:1], [-query[:1]]).tolist() == [-1]
