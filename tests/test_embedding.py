"""Matryoshka cuts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from es_jina.embedding import Vector, cut
from es_jina.errors import RequestError

NUMBERS = st.floats(-100, 100, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3)
VECTORS = st.integers(1, 40).flatmap(lambda size: arrays(np.float32, size, elements=NUMBERS))


@given(VECTORS, st.data())
def test_a_cut_is_the_unit_vector_of_the_head(vector: Vector, data: st.DataObject) -> None:
    dims = data.draw(st.integers(1, len(vector)))
    before = vector.copy()
    found = cut(vector, dims)
    assert found.shape == (dims,)
    assert found.dtype == np.float32
    head = vector[:dims].astype(np.float64)
    length = np.linalg.norm(head)
    np.testing.assert_allclose(found * length, head, atol=1e-4)
    assert np.linalg.norm(found) == pytest.approx(1.0 if length else 0.0, abs=1e-5)
    assert np.array_equal(vector, before)


@given(VECTORS, st.data())
def test_cutting_twice_is_cutting_once(vector: Vector, data: st.DataObject) -> None:
    small = data.draw(st.integers(1, len(vector)))
    large = data.draw(st.integers(small, len(vector)))
    np.testing.assert_allclose(cut(cut(vector, large), small), cut(vector, small), atol=1e-5)


def test_rows_are_cut_each_for_itself() -> None:
    rows = np.array([[3, 4, 9], [0, 0, 5], [0, -2, 0]], dtype=np.float32)
    assert cut(rows, 2).tolist() == [
        [pytest.approx(0.6), pytest.approx(0.8)],
        # No direction is left: zero, and no NaN.
        [0, 0],
        [0, -1],
    ]


@pytest.mark.parametrize("dims", [0, -1, 4])
def test_dims_that_the_vector_does_not_have(dims: int) -> None:
    with pytest.raises(RequestError, match=f"of 3 dims to {dims}"):
        cut(np.ones(3, np.float32), dims)
