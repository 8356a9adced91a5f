"""Vectors written straight into JSON, held against the plain encoding."""

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from es_jina.embedding import Vector
from es_jina.providers.encodings import (
    EMBEDDING_TYPES,
    EmbeddingType,
    decode,
    decode_rows,
    encode,
)
from es_jina.server.vector_json import rows_json, single_json

# Every float32 that is a number, the smallest ones and -0.0 too.
NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)
VECTORS = arrays(np.float32, array_shapes(max_dims=1, max_side=40), elements=NUMBERS)
ROWS = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=NUMBERS)
FORMS = st.sampled_from(EMBEDDING_TYPES)
EXACT = st.sampled_from(["float", "base64"])


def bits(vectors: Vector) -> Any:
    return vectors.view(np.uint32).tolist()


@given(vector=VECTORS, form=FORMS)
def test_a_single_vector_is_what_the_plain_encoding_says(
    vector: Vector, form: EmbeddingType
) -> None:
    written = orjson.loads(single_json(vector, form))
    if form == "float":  # the plain one writes the digits of a double
        written = np.array(written, np.float32).tolist()
    assert written == encode(vector, form)


@given(rows=ROWS, form=FORMS)
def test_rows_are_an_array_of_single_vectors(rows: Vector, form: EmbeddingType) -> None:
    assert rows_json(rows, form) == b"[" + b",".join(single_json(r, form) for r in rows) + b"]"


@given(vector=VECTORS, form=EXACT)
def test_a_single_vector_comes_back_bit_by_bit(vector: Vector, form: EmbeddingType) -> None:
    assert bits(decode(orjson.loads(single_json(vector, form)), form)) == bits(vector)


@given(rows=ROWS, form=EXACT)
def test_rows_come_back_bit_by_bit(rows: Vector, form: EmbeddingType) -> None:
    assert bits(decode_rows(orjson.loads(rows_json(rows, form)), form)) == bits(rows)


@pytest.mark.parametrize("form", EMBEDDING_TYPES)
def test_vectors_that_do_not_lie_together_in_memory(form: EmbeddingType) -> None:
    rows = np.random.default_rng(0).standard_normal((32, 48)).astype(np.float32)
    cut = rows[::2, 8:24]
    assert rows_json(cut, form) == rows_json(cut.copy(), form)
    assert rows_json(rows.T, form) == rows_json(rows.T.copy(), form)
    assert single_json(rows[:, 1], form) == single_json(rows[:, 1].copy(), form)


@pytest.mark.parametrize("form", EMBEDDING_TYPES)
def test_no_rows(form: EmbeddingType) -> None:
    assert rows_json(np.empty((0, 128), np.float32), form) == b"[]"


def test_bits_have_a_decimal_point_as_the_api_writes_them() -> None:
    packed = np.unpackbits(np.array([50, 193, 128, 255], np.uint8))
    vector = packed.astype(np.float32) * 2 - 1
    assert single_json(vector, "ubinary") == b"[50.0,193.0,128.0,255.0]"
    assert single_json(vector, "binary") == b"[-78.0,65.0,0.0,127.0]"
    assert rows_json(vector[None], "binary") == b"[[-78.0,65.0,0.0,127.0]]"


def test_a_zero_counts_as_negative() -> None:
    assert single_json(np.zeros(8, np.float32), "ubinary") == b"[0.0]"


def test_numbers_are_as_short_as_float32_allows() -> None:
    assert single_json(np.array([0.1, 1e-8], np.float32), "float") == b"[0.1,1e-8]"
