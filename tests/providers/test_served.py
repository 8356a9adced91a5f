"""A server that tells of its model: what is asked of it then, and what of one that does not."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from es_jina.errors import ProviderError, RequestError
from es_jina.providers import describe
from es_jina.providers.base import V4, Want
from es_jina.providers.encodings import EmbeddingType
from es_jina.providers.hosted import HostedProvider
from es_jina.providers.hosted_async import AsyncHostedProvider
from es_jina.providers.toy import Toy
from es_jina.server.wire.models import list_models
from es_jina.testing import KEY, HangUp, StubApi, StubLimits, unavailable
from tests.toys import ABOUT

from .asking import (
    BOTH,
    TASK,
    assert_multis,
    assert_singles,
    embedding,
    failures,
    multi,
    parted,
    single,
    sizes,
    texts,
)

LIST = "/v1/models"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINA_API_KEY", KEY)


@pytest.fixture
def server() -> Iterator[StubApi]:
    with StubApi(one_pass=True) as running:
        yield running


@pytest.fixture
def asking(server: StubApi) -> Iterator[HostedProvider]:
    with HostedProvider(server.key, base_url=server.url) as opened:
        yield opened


@pytest.fixture
def closed() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{free.getsockname()[1]}"


def telling(**changed: Any) -> Callable[[dict[str, Any]], None]:
    """Return what lets a server tell something else of its model."""

    def change(reply: dict[str, Any]) -> None:
        for entry in reply["data"]:
            if "es_jina" in entry:
                entry["id"] = changed.get("id", entry["id"])
                entry["es_jina"] |= {name: told for name, told in changed.items() if name != "id"}

    return change


def paths(api: StubApi) -> list[str]:
    return [seen.path for seen in api.requests]


def test_both_kinds_come_from_one_request(server: StubApi, asking: HostedProvider) -> None:
    found = asking.embed(texts(3), TASK, BOTH)
    (body,) = server.bodies
    assert (body["return_multivector"], body["return_embedding"]) == (True, True)
    assert_singles(found, [f"text {number}" for number in range(3)])
    assert_multis(found, [f"text {number}" for number in range(3)])
    assert [embedding(each).tokens for each in found] == [len(multi(each)) for each in found]
    assert (asking.usage.requests, asking.usage.tokens) == (1, server.billed_tokens)


@pytest.mark.parametrize("embedding_type", ["base64", "float", "binary", "ubinary"])
@pytest.mark.parametrize("dimensions", [None, 256])
def test_the_vectors_are_those_of_two_requests(
    server: StubApi, api: StubApi, embedding_type: EmbeddingType, dimensions: int | None
) -> None:
    found = []
    for service in (server, api):
        with HostedProvider(
            service.key, base_url=service.url, embedding_type=embedding_type
        ) as provider:
            found.append(provider.embed(texts(4), TASK, BOTH, dimensions=dimensions))
    assert (len(server.bodies), len(api.bodies)) == (1, 2)
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(single(one), single(two))
        np.testing.assert_array_equal(multi(one), multi(two))
        assert len(single(one)) == (dimensions or 2048)


def test_parts_of_a_text_too(
    server: StubApi, asking: HostedProvider, hosted: HostedProvider
) -> None:
    text, spans = parted(["one part", "and another", "and the last"])
    found = asking.embed_spans(text, spans, TASK, BOTH)
    assert len(server.bodies) == 1
    for one, two in zip(found, hosted.embed_spans(text, spans, TASK, BOTH), strict=True):
        np.testing.assert_array_equal(single(one), single(two))
        np.testing.assert_array_equal(multi(one), multi(two))


def test_one_kind_is_asked_for_as_ever(server: StubApi, asking: HostedProvider) -> None:
    asking.embed(texts(1), TASK, Want.SINGLE)
    asking.embed(texts(1), TASK, Want.MULTI)
    assert [body.get("return_multivector") for body in server.bodies] == [None, True]
    assert all("return_embedding" not in body for body in server.bodies)


def test_the_server_is_asked_once(server: StubApi, asking: HostedProvider) -> None:
    assert server.requests == []
    for _ in range(3):
        asking.embed(texts(1), TASK, BOTH)
    assert asking.model.revision == "stub"
    assert paths(server).count(LIST) == 1


def test_calls_at_one_time_ask_it_once(server: StubApi) -> None:
    async def ask() -> None:
        async with AsyncHostedProvider(server.key, base_url=server.url) as provider:
            assert provider.model == V4
            calls = (provider.embed(texts(1), TASK, BOTH) for _ in range(5))
            await asyncio.gather(*calls)
            assert provider.model.revision == "stub"

    asyncio.run(ask())
    assert paths(server).count(LIST) == 1


def test_what_is_too_much_for_the_server_is_parted() -> None:
    with (
        StubApi(one_pass=True, limits=StubLimits(items=4)) as server,
        HostedProvider(server.key, base_url=server.url) as provider,
    ):
        found = provider.embed(texts(10), TASK, BOTH)
        assert_singles(found, [f"text {number}" for number in range(10)])
        assert_multis(found, [f"text {number}" for number in range(10)])
        assert provider.usage.tokens == server.billed_tokens


def test_a_poor_input_fails_alone(server: StubApi, asking: HostedProvider) -> None:
    server.refuses = lambda item: "no" if item.get("text") == "text 2" else None
    assert failures(asking.embed(texts(5), TASK, BOTH)) == [2]


def test_a_vector_that_is_missing_is_told(server: StubApi) -> None:
    def change(reply: dict[str, Any]) -> None:
        for entry in reply["data"]:
            entry.pop("embedding", None)

    server.change = change
    with (
        HostedProvider(server.key, base_url=server.url, patience=0) as provider,
        pytest.raises(ProviderError, match="without `embedding`"),
    ):
        provider.embed(texts(1), TASK, BOTH)


def test_tokens_that_may_be_spent_are_not_counted_twice(server: StubApi) -> None:
    [text] = texts(1)
    most = len(text.text) + 11  # a token for each byte, and the prompt
    with HostedProvider(server.key, base_url=server.url, max_tokens=most) as provider:
        assert failures(provider.embed([text], TASK, BOTH)) == []


def test_the_size_of_an_answer_is_that_of_both_kinds(server: StubApi, api: StubApi) -> None:
    for service in (server, api):
        with HostedProvider(service.key, base_url=service.url, embedding_type="float") as provider:
            provider.embed(texts(450), TASK, BOTH)
    # Of either kind alone 450 texts are within what an answer should hold.
    assert (sorted(sizes(api)), len(sizes(server)), sum(sizes(server))) == ([450, 450], 2, 450)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("fault", [unavailable(), HangUp()])
def test_a_server_that_is_busy_is_asked_again(
    server: StubApi, asking: HostedProvider, fault: Any
) -> None:
    server.queue(fault)
    assert asking.model.revision == "stub"
    assert paths(server) == [LIST, LIST]


def test_what_the_server_is_known_by_is_sent(server: StubApi, asking: HostedProvider) -> None:
    server.change = telling(id="tiny")
    with pytest.raises(ProviderError, match="MODEL_NOT_FOUND"):  # by the stub
        asking.embed(texts(1), TASK, Want.SINGLE)
    assert server.requests[-1].body["model"] == "tiny"


def test_the_model_is_what_the_server_tells(server: StubApi) -> None:
    server.change = telling(
        name="/models/tiny", revision="abc", dims=[128, 64], multi_dims=None, max_pixels=5000
    )
    info = describe("hosted", server=server.url)
    assert (info.name, info.revision, info.dims) == ("/models/tiny", "abc", (64, 128))
    assert (info.multi_dims, info.max_pixels) == (None, 5000)
    with HostedProvider(server.key, base_url=server.url) as provider:
        with pytest.raises(RequestError, match="no 2048 dimensions: choose from 64, 128"):
            provider.embed(texts(1), TASK, Want.SINGLE, dimensions=2048)
        with pytest.raises(RequestError, match="has no multi-vectors"):
            provider.embed(texts(1), TASK, BOTH)


def test_a_toy_behind_a_server_says_so(server: StubApi) -> None:
    assert describe("hosted", server=server.url).toy is None
    told = list_models(replace(V4, toy=Toy(ABOUT, frozenset({"fox"}))))["data"][0]
    assert told["description"] == ABOUT
    server.change = telling(toy=told["es_jina"]["toy"])
    assert describe("hosted", server=server.url).toy == Toy(ABOUT, frozenset())


def test_a_server_that_does_not_tell_is_taken_for_the_hosted_model(api: StubApi) -> None:
    assert describe("hosted", server=api.url) == V4
    assert describe("hosted", "our-model", server=api.url) == V4
    assert describe("hosted", "jina-clip-v2", server=api.url).name == "jinaai/jina-clip-v2"


@pytest.mark.parametrize("data", [None, "models", {}, [], ["v4"], [{"id": "v4"}]])
def test_lists_of_others(server: StubApi, asking: HostedProvider, data: Any) -> None:
    server.change = lambda reply: reply.update(data=data) if reply["object"] == "list" else None
    assert asking.model == V4


def test_a_model_by_name(server: StubApi) -> None:
    for name in ("jina-embeddings-v4", "jinaai/jina-embeddings-v4"):
        assert describe("hosted", name, server=server.url).revision == "stub"
    with pytest.raises(RequestError, match="does not run 'other': choose from jina-embeddings-v4"):
        describe("hosted", "other", server=server.url)


@pytest.mark.parametrize(
    "told",
    [
        {"dims": []},
        {"dims": [0]},
        {"dims": 128},
        {"dims": [True]},
        {"name": None},
        {"multi_dims": "128"},
        {"max_pixels": None},
        {"revision": 1},
        {"toy": {}},
        {"toy": "a toy"},
    ],
)
def test_what_cannot_be_is_told_in_a_line(server: StubApi, told: dict[str, Any]) -> None:
    server.change = telling(**told)
    with pytest.raises(ProviderError, match="cannot be read") as caught:
        describe("hosted", server=server.url)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_away(closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("es_jina.providers._ASKING_SECONDS", 0.1)
    with pytest.raises(ProviderError, match="cannot be reached"):
        describe("hosted", server=closed)


def test_a_key_that_the_server_refuses(server: StubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINA_API_KEY", "jina_wrong")
    with pytest.raises(ProviderError, match=r"answered 401 .*JINA_API_KEY"):
        describe("hosted", server=server.url)


def test_a_preview_asks_nobody(server: StubApi, asking: HostedProvider) -> None:
    assert len(asking.preview(texts(1), TASK, BOTH).bodies) == 2
    assert server.requests == []


def test_a_provider_that_is_closed(server: StubApi) -> None:
    provider = HostedProvider(server.key, base_url=server.url)
    provider.close()
    with pytest.raises(RequestError, match="closed"):
        _ = provider.model
