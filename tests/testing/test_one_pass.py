"""The stub as a server that has more than the hosted API."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from es_jina.testing import StubApi, expected

from .calls import by_index, client, post

BOTH: dict[str, Any] = {"return_multivector": True, "return_embedding": True}


@pytest.fixture
def server() -> Iterator[StubApi]:
    with StubApi(one_pass=True) as running:
        yield running


def test_the_hosted_api_has_nothing_of_it(api: StubApi) -> None:
    with client(api) as opened:
        assert opened.get("/v1/models").status_code == 404
    refused = post(api, ["a"], **BOTH)
    assert (refused.status_code, "return_embedding" in refused.text) == (422, True)
    assert post(api, ["a"], **BOTH | {"dimensions": 128}).status_code == 422


def test_what_it_does_not_know_it_ignores() -> None:
    with StubApi(strict=False) as api:
        [entry] = post(api, ["a"], **BOTH).json()["data"]
    assert [*entry] == ["object", "index", "embeddings"]


def test_a_server_tells_of_its_model(server: StubApi) -> None:
    with client(server) as opened:
        [model] = opened.get("/v1/models").json()["data"]
        assert opened.get("/v1/embeddings").status_code == 404
        assert opened.get("/v1/models", headers={"Authorization": ""}).status_code == 401
    assert (model["id"], model["es_jina"]["one_pass"]) == ("jina-embeddings-v4", True)
    assert [(seen.path, seen.status) for seen in server.requests] == [
        ("/v1/models", 200),
        ("/v1/models", 401),
    ]
    assert (server.bodies, server.billed_tokens) == ([], 0)


@pytest.mark.parametrize("dims", [None, 128])
def test_both_kinds_of_vectors_for_the_price_of_one(server: StubApi, dims: int | None) -> None:
    more: dict[str, Any] = {} if dims is None else {"dimensions": dims}
    reply = post(server, ["a", "b"], **BOTH, **more)
    for at, text in enumerate("ab"):
        np.testing.assert_array_equal(
            np.array(by_index(reply, "embedding")[at], np.float32), expected(text)[:dims]
        )
        np.testing.assert_array_equal(
            np.array(by_index(reply, "embeddings")[at], np.float32), expected(text, multi=True)
        )
    assert {entry["object"] for entry in reply.json()["data"]} == {"embeddings"}
    once = server.billed_tokens
    post(server, ["a", "b"])
    assert server.billed_tokens == 2 * once


def test_a_wish_that_is_neither_true_nor_false(server: StubApi) -> None:
    refused = post(server, ["a"], return_multivector=True, return_embedding="yes")
    assert (refused.status_code, "return_embedding" in refused.text) == (422, True)
    assert post(server, ["a"], return_multivector=True, dimensions=128).status_code == 422
