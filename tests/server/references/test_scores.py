"""Late interaction by reference: the scores, and what may be named."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.dense import ELEMENT_TYPES, ElementType
from es_jina.inputs import Image
from es_jina.providers.local import LocalProvider
from es_jina.server.refused import RefusedError
from tests.server.indices import Maker
from tests.server.references.asking import Server, Shared, requests, searched
from tests.server.services import PlainService
from tests.server.wire.asking import in_base64


@pytest.mark.parametrize(
    ("element_type", "pool_factor"), [("float", 1), ("bfloat16", 1), ("byte", 1), ("bit", 2)]
)
def test_scores_are_those_of_a_search(
    client: Elasticsearch,
    provider: LocalProvider,
    index: str,
    make: Maker,
    element_type: ElementType,
    pool_factor: int,
) -> None:
    profile = make(client, "binary", element_type, pool_factor)
    expected = searched(client, index, profile, provider)
    server = Server(client, provider, index)
    with requests(client) as sent:
        found = server.scores(index, sorted(expected))
    assert sent == [f"POST /{index}/_search"]
    assert [*found] == [*expected]
    assert found == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
def test_elasticsearch_scores_its_rank_vectors(
    ranked: Elasticsearch,
    provider: LocalProvider,
    index: str,
    make: Maker,
    element_type: ElementType,
) -> None:
    profile = make(ranked, "rank_vectors", element_type)
    expected = searched(ranked, index, profile, provider)
    server = Server(ranked, provider, index)
    with requests(ranked) as sent:
        found = server.scores(index, sorted(expected))
    assert sent == [f"POST /{index}/_search"]
    assert [*found] == [*expected]
    assert found == pytest.approx(expected, abs=1e-6)


def test_an_image_may_be_the_query(
    client: Elasticsearch, provider: LocalProvider, index: str, make: Maker, folder: Path
) -> None:
    profile = make(client)
    picture = folder / "teal.png"
    expected = searched(client, index, profile, provider, Image(picture))
    found = Server(client, provider, index).scores(
        index, sorted(expected), query={"image": in_base64(picture.read_bytes())}
    )
    assert [*found] == [*expected]
    assert found == pytest.approx(expected, abs=1e-7)


def test_what_is_unknown_is_lowest_and_counted(
    client: Elasticsearch, provider: LocalProvider, shared: Shared
) -> None:
    index, (best, *_) = shared.index, shared.expected
    client.index(index=index, id="bare", document={"text": "fox"}, refresh=True)
    client.index(index=index, id="odd", document={"multi_vector": "AAAA"}, refresh=True)
    server = Server(client, provider, index)
    references = ["how big", "bare", best, "", "x" * 600, "odd", best, "\0"]
    told = server.ask(index, references)
    assert [each["index"] for each in told["results"]] == [2, 6, 0, 1, 3, 4, 5, 7]
    scores = [each["relevance_score"] for each in told["results"]]
    assert scores[0] == scores[1] > 0
    assert scores[2:] == [0] * 6
    assert list(told) == ["model", "object", "usage", "results", "es_jina"]
    assert told["es_jina"] == {"unknown": 6}
    assert server.unknown == [6]
    # What Elasticsearch asks when an endpoint is made.
    told = server.ask(index, ["how big"], query="test query")
    assert told["results"] == [{"index": 0, "relevance_score": 0.0}]
    assert told["es_jina"] == {"unknown": 1}
    assert server.ask(index, ["", ""])["es_jina"] == {"unknown": 2}


def test_references_are_sent_back_if_asked(
    client: Elasticsearch, provider: LocalProvider, shared: Shared
) -> None:
    index, (best, second, *_) = shared.index, shared.expected
    server = Server(client, provider, index)
    told = server.ask(index, [second, best], return_documents=True, top_n=1)
    assert [each["document"] for each in told["results"]] == [{"text": best}]
    # The query was read; the documents had been before.
    (asked,) = server.service.asked
    (embedding,) = asyncio.run(PlainService(provider).embed(asked))
    assert told["usage"]["total_tokens"] == embedding.tokens


def test_the_query_of_many_batches_is_embedded_once(
    client: Elasticsearch, provider: LocalProvider, shared: Shared
) -> None:
    index, ids = shared.index, sorted(shared.expected)
    server = Server(client, provider, index)

    async def batches() -> list[Any]:
        return await asyncio.gather(*(server.told(index, [each]) for each in ids))

    assert all(told["results"][0]["relevance_score"] > 0 for told in asyncio.run(batches()))
    assert len(server.service.asked) == 1


def test_many_large_ones_come_in_slices(
    client: Elasticsearch, provider: LocalProvider, shared: Shared
) -> None:
    index, expected = shared.index, shared.expected
    server = Server(client, provider, index)
    references = [*sorted(expected), *(f"unknown {number}" for number in range(116))]
    with requests(client) as sent:
        found = server.scores(index, references)
    assert len(sent) == 3  # 50 pages of floats in each answer
    assert [*found][:4] == [*expected]


def test_only_strings_are_references(
    client: Elasticsearch, provider: LocalProvider, shared: Shared
) -> None:
    index = shared.index
    server = Server(client, provider, index)
    for documents, told in (
        (["a", {"text": "b"}], "documents -> 1' with `index`, documents are references: strings"),
        (["a"] * 10_001, "documents' Each input list can contain at most 10000 items"),
    ):
        with pytest.raises(RefusedError, match=told) as raised:
            server.ask(index, documents)
        assert raised.value.status == 422
    with pytest.raises(RefusedError, match="the query is empty"):
        server.ask(index, ["a"], query=" ")
    assert server.service.asked == []


def test_other_indices_are_refused(
    client: Elasticsearch, provider: LocalProvider, shared: Shared
) -> None:
    index = shared.index
    server = Server(client, provider, index)
    # Not even by another name of the same one, or by a pattern.
    for other in (f"{index}-000001", f"{index}*", "", f"{index},{index}"):
        with requests(client) as sent, pytest.raises(RefusedError) as raised:
            server.ask(other, ["a"])
        assert raised.value.status == 403
        assert raised.value.detail == (
            f"documents of the index {other!r} may not be named here: start the server with "
            "--index and its name; it must have multi-vectors"
        )
        assert sent == []
