"""The forms in which vectors travel."""

from base64 import b64decode, b64encode
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from es_jina.providers.encodings import EMBEDDING_TYPES, EmbeddingType, decode, encode

from .asking import Rows

VECTORS = arrays(
    np.float32,
    st.integers(1, 32).map(lambda bytes_: 8 * bytes_),
    elements=st.floats(-(2.0**99), 2.0**99, width=32),
)


@given(vector=VECTORS, embedding_type=st.sampled_from(["base64", "float"]))
def test_exact_forms_come_back_as_they_were(vector: Rows, embedding_type: EmbeddingType) -> None:
    back = decode(encode(vector, embedding_type), embedding_type)
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, vector)


@given(vector=VECTORS, embedding_type=st.sampled_from(["binary", "ubinary"]))
def test_binary_forms_keep_the_signs(vector: Rows, embedding_type: EmbeddingType) -> None:
    back = decode(encode(vector, embedding_type), embedding_type)
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, np.where(vector > 0, 1, -1))


def test_binary_is_what_the_api_was_seen_to_send() -> None:
    """Offset by 128, and not as a signed byte holds the bits."""
    captured = {"ubinary": [50, 193, 128, 255], "binary": [-78, 65, 0, 127]}
    bits = np.unpackbits(np.array(captured["ubinary"], np.uint8))
    vector = bits.astype(np.float32) * 2 - 1
    for embedding_type in ("ubinary", "binary"):
        assert encode(vector, embedding_type) == captured[embedding_type]
        # The API writes them with a decimal point.
        for numbers in (captured[embedding_type], [float(n) for n in captured[embedding_type]]):
            np.testing.assert_array_equal(decode(numbers, embedding_type), vector)


def test_base64_is_little_endian() -> None:
    assert b64decode(encode(np.array([1.0], np.float32), "base64")) == b"\x00\x00\x80\x3f"


def test_services_that_know_one_form_alone() -> None:
    assert decode([1.5, 2], "base64").tolist() == [1.5, 2]
    assert decode(encode(np.array([1.5], np.float32), "base64"), "float").tolist() == [1.5]


@pytest.mark.parametrize("number", [1e300, -1e300, float("inf")])
def test_numbers_beyond_float32_are_infinite(number: float) -> None:
    assert not np.isfinite(decode([number], "float")).any()


@pytest.mark.parametrize("embedding_type", EMBEDDING_TYPES)
@pytest.mark.parametrize(
    "value",
    [
        "?",
        "AAA",
        b64encode(b"123").decode(),
        "日本",
        {"a": 1},
        [1, [2]],
        [[1], [2, 3]],
        ["one"],
    ],
)
def test_what_is_no_vector(value: Any, embedding_type: EmbeddingType) -> None:
    with pytest.raises((TypeError, ValueError)):
        decode(value, embedding_type)


@pytest.mark.parametrize(
    ("value", "embedding_type"),
    [
        ([256], "ubinary"),
        ([-1], "ubinary"),
        ([0.5], "ubinary"),
        ([None], "ubinary"),
        ([128], "binary"),
        ([-129], "binary"),
        ([[1]], "binary"),
    ],
)
def test_numbers_that_are_no_bytes(value: Any, embedding_type: EmbeddingType) -> None:
    with pytest.raises((TypeError, ValueError)):
        decode(value, embedding_type)
