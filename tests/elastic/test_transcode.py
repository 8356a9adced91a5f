import base64
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.dense import ELEMENT_TYPES, ElementType
from es_jina.elastic.transcode import read_rank_vectors
from es_jina.elastic.vectors import decode, encode, rank_vectors_encoded

DIMS = 16

elements = st.floats(-1, 1, width=32)
matrices = hnp.arrays(np.float32, st.tuples(st.integers(1, 4), st.just(DIMS)), elements=elements)


def through_json(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))


@pytest.mark.parametrize("base64_allowed", [True, False])
@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
@given(multi=matrices)
def test_what_was_sent_is_read_exactly(
    element_type: ElementType, base64_allowed: bool, multi: Any
) -> None:
    stored = encode(multi, element_type)
    value = rank_vectors_encoded(stored, element_type, base64_allowed=base64_allowed)
    read = read_rank_vectors(through_json(value), element_type, DIMS)
    assert read.dtype == stored.dtype
    assert np.array_equal(read, stored)


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
@given(multi=matrices)
def test_what_is_made_of_stored_vectors_is_read_exactly(
    element_type: ElementType, multi: Any
) -> None:
    """From 9.2 on, ``_source`` shows numbers; bits are eight to a signed one."""
    stored = encode(multi, element_type)
    numbers = {
        "byte": stored,
        "bit": stored.view(np.int8),
    }.get(element_type, decode(stored, element_type))
    read = read_rank_vectors(through_json(numbers), element_type, DIMS)
    assert np.array_equal(read, stored)


@given(multi=matrices)
def test_base64_of_either_kind_of_floats(multi: Any) -> None:
    whole = [base64.b64encode(row.astype(">f4").tobytes()).decode() for row in multi]
    halves = encode(multi, "bfloat16")
    assert np.array_equal(read_rank_vectors(whole, "bfloat16", DIMS), halves)
    short = [base64.b64encode(row.astype(">u2").tobytes()).decode() for row in halves]
    assert np.array_equal(read_rank_vectors(short, "float", DIMS), decode(halves, "bfloat16"))


def test_two_bytes_in_four_letters() -> None:
    """As long in hexadecimal as in base64: Elasticsearch tries hexadecimal first."""
    rows = [[0xAB, 0xCD], [0xFB, 0xEF]]
    assert read_rank_vectors(["abcd", "++8="], "bit", 16).tolist() == rows


@pytest.mark.parametrize(
    ("value", "element_type"),
    [
        ("AAAA", "float"),
        (["AAAA"], "float"),
        (["AAAA", "AAA"], "byte"),
        ([[0.5] * (DIMS - 1)], "float"),
        ([[1] * DIMS, [1]], "byte"),
        ([[1] * DIMS], "bit"),
        ([[1000] * DIMS], "byte"),
        ([None], "byte"),
        ([{"a": 1}], "float"),
    ],
)
def test_what_is_none(value: Any, element_type: ElementType) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        read_rank_vectors(value, element_type, DIMS)
