from typing import Any

import numpy as np
import pytest

from es_jina.providers.encodings import EMBEDDING_TYPES, decode, decode_rows, encode
from es_jina.providers.replies import Expected

ROWS = np.random.default_rng(0).standard_normal((5, 16)).astype(np.float32)


@pytest.mark.parametrize("kind", EMBEDDING_TYPES)
def test_rows_are_read_as_each_of_them_alone(kind: Any) -> None:
    values = [encode(row, kind) for row in ROWS]
    assert np.array_equal(decode_rows(values, kind), [decode(value, kind) for value in values])


def test_rows_in_two_forms_are_read() -> None:
    values = [encode(ROWS[0], "base64"), ROWS[1].tolist()]
    assert np.array_equal(decode_rows(values, "base64"), ROWS[:2])


@pytest.mark.parametrize("sizes", [(16, 8), (8, 24)])
def test_rows_of_different_sizes_are_refused(sizes: tuple[int, int]) -> None:
    values = [encode(np.ones(size, np.float32), "base64") for size in sizes]
    with pytest.raises(ValueError, match="sizes"):
        decode_rows(values, "base64")


def test_a_vector_that_is_not_finite_leaves_its_place_empty_and_the_others_whole() -> None:
    rows = ROWS.copy()
    rows[1, 3], rows[3, 0] = np.nan, np.inf
    entries = [
        {"index": number, "embedding": encode(row, "base64")} for number, row in enumerate(rows)
    ]
    vectors, _ = Expected(5, 16, False, "base64").read({"data": entries[::-1]})
    assert [vector is None for vector in vectors] == [False, True, False, True, False]
    assert vectors[4] is not None
    assert np.allclose(vectors[4], ROWS[4] / np.linalg.norm(ROWS[4]))
