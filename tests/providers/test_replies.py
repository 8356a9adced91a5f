"""Answers held against what was asked."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.providers.encodings import encode
from es_jina.providers.replies import Expected, counted

from .asking import Rows

ONE = Expected(count=3, dims=8, multi=False, embedding_type="base64")
MANY = Expected(count=2, dims=8, multi=True, embedding_type="base64")


def vector(number: int) -> Rows:
    made = np.zeros(8, np.float32)
    made[number] = 4
    return made


def entry(index: Any) -> dict[str, Any]:
    return {"object": "embedding", "index": index, "embedding": encode(vector(index), "base64")}


def several(index: int) -> dict[str, Any]:
    rows = [encode(vector(row), "base64") for row in range(index + 1)]
    return {"object": "embeddings", "index": index, "embeddings": rows}


@given(order=st.permutations([0, 1, 2]))
def test_vectors_are_put_in_order_and_brought_to_length_1(order: list[int]) -> None:
    reply = {"data": [entry(index) for index in order], "usage": {"total_tokens": 7}}
    vectors, tokens = ONE.read(reply)
    np.testing.assert_array_equal(np.stack([*map(np.asarray, vectors)]), np.eye(8)[:3])
    assert tokens == 7


def test_multi_vectors_have_a_row_for_each_token() -> None:
    vectors, _ = MANY.read({"data": [several(1), several(0)]})
    assert [np.shape(each) for each in map(np.asarray, vectors)] == [(1, 8), (2, 8)]


def test_a_single_vector_of_zeros_is_none() -> None:
    reply = {"data": [entry(0), entry(1) | {"embedding": [0] * 8}, entry(2)]}
    vectors, _ = ONE.read(reply)
    assert [each is None for each in vectors] == [False, True, False]


def test_numbers_that_are_not_finite_are_no_vector() -> None:
    reply = {"data": [entry(0), entry(1), entry(2)]}
    reply["data"][1]["embedding"] = encode(np.full(8, np.nan, np.float32), "base64")
    vectors, _ = ONE.read(reply)
    assert [each is None for each in vectors] == [False, True, False]


@pytest.mark.parametrize(
    "reply",
    [
        None,
        [],
        "no",
        {},
        {"data": None},
        {"data": {}},
        {"data": []},
        {"data": [1, 2, 3]},
        {"data": [entry(0), entry(1)]},
        {"data": [entry(0), entry(1), entry(1)]},
        {"data": [entry(0), entry(1), entry(2), entry(2)]},
        {"data": [entry(0), entry(1), entry(2) | {"index": 3}]},
        {"data": [entry(0), entry(1), entry(2) | {"index": -1}]},
        {"data": [entry(0), entry(1), entry(2) | {"index": "2"}]},
        {"data": [entry(0), entry(1), {"index": 2}]},
        {"data": [entry(0), entry(1), entry(2) | {"embedding": None}]},
        {"data": [entry(0), entry(1), entry(2) | {"embedding": [1.0] * 7}]},
        {"data": [entry(0), entry(1), entry(2) | {"embedding": [[1.0] * 8]}]},
        {"data": [several(0), several(1), several(2)]},
    ],
)
def test_what_is_not_what_was_asked_for(reply: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        ONE.read(reply)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ([], "no list `data` in it"),
        ({"data": {}}, "no list `data` in it"),
        ({"data": [[], [], []]}, "an entry of `data` that is no object"),
        ({"data": [entry(0), entry(1), {}]}, "no input has the index None"),
        ({"data": [entry(0), entry(1), entry(2) | {"embedding": {}}]}, "not of the type base64"),
        ({"data": [entry(0), entry(1), {"index": 2}]}, "an entry of `data` without `embedding`"),
    ],
)
def test_what_is_wrong_with_an_answer_is_named(reply: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ONE.read(reply)


@pytest.mark.parametrize("rows", [None, [], "AAAA", 5, [[1.0] * 8, [1.0] * 7], [None]])
def test_what_is_no_multi_vector(rows: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        MANY.read({"data": [several(0), several(1) | {"embeddings": rows}]})


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"total_tokens": 7}, 7),
        ({"total_tokens": 7, "prompt_tokens": 3, "image_tokens": 4}, 7),
        ({"total_tokens": 0}, None),
        ({"total_tokens": -1}, None),
        ({"total_tokens": "7"}, None),
        ({"prompt_tokens": 7}, None),
        ({}, None),
        (None, None),
        (7, None),
    ],
)
def test_all_parts_of_usage_are_optional(usage: Any, tokens: int | None) -> None:
    assert counted({"usage": usage}) == tokens
    assert counted({}) is None
