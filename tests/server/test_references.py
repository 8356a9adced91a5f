import asyncio
import json
import logging
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.dense import ELEMENT_TYPES, ElementType, dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.convert import Conversion
from es_jina.elastic.node import Node
from es_jina.elastic.setup import set_up
from es_jina.errors import ClusterError, ProfileMismatchError, RequestError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.profile import IndexProfile, Store
from es_jina.providers import profile_for
from es_jina.providers.local import LocalProvider
from es_jina.search.searcher import Searcher
from es_jina.server.references import ReferencedIndices
from es_jina.server.refused import INVALID, NOT_FOUND, RefusedError
from es_jina.server.wire.rerank import RerankRoute
from es_jina.server.wire.rerank_body import RerankAnswer
from tests.elastic.rank_vectors.wire import Answer, Asked
from tests.elastic.rank_vectors_double import RankVectorsDouble
from tests.server.indices import Maker, sources
from tests.server.services import PlainService, wire_files
from tests.server.wire.asking import in_base64

QUERY = "the quick brown fox"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sources(tmp_path_factory.mktemp("folder"))


@pytest.fixture
def make(index: str, provider: LocalProvider, folder: Path) -> Maker:
    """Makes the test's index."""
    return Maker(index, provider, folder)


@dataclass(frozen=True)
class Shared:
    """An index that several tests look at, and what a search in it finds for the query."""

    index: str
    expected: dict[str, float]


@pytest.fixture(scope="module")
def shared(client: Elasticsearch, provider: LocalProvider, folder: Path) -> Iterator[Shared]:
    index = f"test-{uuid.uuid4().hex[:10]}"
    profile = Maker(index, provider, folder)(client)
    yield Shared(index, searched(client, index, profile, provider))
    client.indices.delete(index=f"{index}-000001")
    client.indices.delete_index_template(name=f"es-jina-{index}")


class Server:
    """A route over one cluster, asked as Elasticsearch asks it."""

    def __init__(self, client: Elasticsearch, provider: LocalProvider, *names: str) -> None:
        self.service = PlainService(provider)
        self.unknown: list[int] = []
        self.route = RerankRoute(
            self.service,
            wire_files(),
            lambda asked: asked or "jina-embeddings-v4",
            ReferencedIndices(client, names, provider.model),
            self.unknown.append,
        )

    async def told(
        self, index: str, documents: Sequence[Any], query: Any = QUERY, **more: Any
    ) -> Any:
        body = {"query": query, "documents": [*documents], "index": index, **more}
        answer = await self.route.answer(json.dumps(body).encode())
        RerankAnswer.model_validate_json(answer)
        return json.loads(answer)

    def ask(self, *asked: Any, **more: Any) -> Any:
        return asyncio.run(self.told(*asked, **more))

    def scores(self, index: str, documents: Sequence[str], **more: Any) -> dict[str, float]:
        results = self.ask(index, documents, **more)["results"]
        return {documents[each["index"]]: each["relevance_score"] for each in results}


def searched(
    client: Elasticsearch,
    index: str,
    profile: IndexProfile,
    provider: LocalProvider,
    query: Input = Text(QUERY),  # noqa: B008
) -> dict[str, float]:
    """Return id and score of what a search by late interaction finds."""
    able = Capabilities.detect(client)
    found = Searcher(client, index, profile, able, provider).search(query, "late")
    return {hit.id: hit.score for hit in found.hits}


@contextmanager
def requests(client: Elasticsearch) -> Iterator[list[str]]:
    """Note what is sent."""
    sent: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        real = client.transport.perform_request

        def perform(method: str, target: str, **rest: Any) -> Any:
            sent.append(f"{method} {target.partition('?')[0]}")
            return real(method, target, **rest)

        patch.setattr(client.transport, "perform_request", perform)
        yield sent


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
            "--index and its name"
        )
        assert sent == []


def test_the_store_may_change_while_the_server_runs(
    ranked: Elasticsearch,
    provider: LocalProvider,
    index: str,
    make: Maker,
) -> None:
    expected = searched(ranked, index, make(ranked, "binary", "bit"), provider)
    able = Capabilities.detect(ranked)
    server = Server(ranked, provider, index)
    references = sorted(expected)
    stores: tuple[Store, Store] = ("rank_vectors", "binary")
    for store in stores:
        assert Conversion(ranked, index, store, able).run() is not None
        found = server.scores(index, references)
        assert [*found] == [*expected]
        assert found == pytest.approx(expected, abs=1e-4)
        with requests(ranked) as sent:
            assert server.scores(index, references) == found
        assert len(sent) == 1


def test_an_index_may_be_made_anew_while_the_server_runs(
    client: Elasticsearch, provider: LocalProvider, index: str, make: Maker
) -> None:
    make(client, "binary", "float")
    server = Server(client, provider, index)
    client.indices.delete(index=f"{index}-000001")
    profile = make(client, "binary", "byte")
    expected = searched(client, index, profile, provider)
    assert server.scores(index, sorted(expected)) == pytest.approx(expected, abs=1e-7)


def test_queries_change_with_the_index(
    client: Elasticsearch, provider: LocalProvider, index: str, make: Maker, folder: Path
) -> None:
    make(client)
    server = Server(client, provider, index)
    client.indices.delete(index=f"{index}-000001")
    query_task, passage_task = Task.CODE_QUERY, Task.CODE_PASSAGE
    profile = make(client, max_pixels=3136, query_task=query_task, passage_task=passage_task)
    picture = folder / "teal.png"
    expected = searched(client, index, profile, provider, Image(picture))
    first = server.scores(index, sorted(expected), query={"image": in_base64(picture.read_bytes())})
    assert first == pytest.approx(expected, abs=1e-7)
    assert [(each.task, each.max_pixels) for each in server.service.asked[1:]] == [
        (Task.CODE_QUERY, 3136)
    ]


def test_documents_written_by_hand_cost_no_reading_each_time(
    client: Elasticsearch,
    provider: LocalProvider,
    shared: Shared,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("es_jina.server.references.monotonic", lambda: now)
    index, (best, *_) = shared.index, shared.expected
    for ident, fields in (("by-hand", {}), ("foreign", {"profile": "0123456789ab"})):
        client.index(index=index, id=ident, document={"text": "fox", **fields}, refresh=True)
    server = Server(client, provider, index)

    def number(*references: str) -> int:
        with requests(client) as sent:
            assert server.scores(index, references)[best] > 0
        return len(sent)

    assert number(best) == 1
    # The profile is read between two searches.
    assert [number(best, "by-hand") for _ in range(3)] == [3, 1, 1]
    assert [number(best, "foreign", "by-hand") for _ in range(3)] == [3, 1, 1]
    now += 11
    assert [number(best, "by-hand") for _ in range(2)] == [3, 1]


def test_an_index_that_does_not_fit_is_refused_at_the_start(
    client: Elasticsearch, provider: LocalProvider, capabilities: Capabilities, index: str
) -> None:
    with pytest.raises(RequestError, match=f"no index '{index}'; create it with `es-jina setup"):
        ReferencedIndices(client, [index], provider.model)
    profile = profile_for(provider.model, dense=dense_profiles(128), store=None)
    set_up(client, index, profile, capabilities)
    with pytest.raises(RequestError, match="has no multi-vectors, so its documents"):
        ReferencedIndices(client, [index], provider.model)
    other = replace(provider.model, name="other", revision="1")
    with pytest.raises(ProfileMismatchError, match="but the model at hand is other"):
        ReferencedIndices(client, [index], other)


def test_vectors_of_another_size_are_refused_at_the_start(
    client: Elasticsearch, provider: LocalProvider, shared: Shared
) -> None:
    other = replace(provider.model, multi_dims=64)
    with pytest.raises(ProfileMismatchError, match="128 dims, and the model at hand makes 64"):
        ReferencedIndices(client, [shared.index], other)


def test_an_index_that_is_gone_or_of_another_kind_is_named(
    client: Elasticsearch,
    provider: LocalProvider,
    capabilities: Capabilities,
    index: str,
    make: Maker,
) -> None:
    profile = make(client)
    server = Server(client, provider, index)
    others = [
        (replace(profile, multi_vector=None), "has no multi-vectors"),
        (replace(profile, model="other", revision="1"), "was made with other"),
    ]
    client.indices.delete(index=f"{index}-000001")
    with pytest.raises(RefusedError) as raised:
        server.ask(index, ["a"])
    assert (raised.value.status, raised.value.code) == (404, NOT_FOUND)
    assert raised.value.detail == (
        f"there is no index '{index}'; create it with `es-jina setup {index}`"
    )
    for other, told in others:
        set_up(client, index, other, capabilities)
        document = {"profile": other.fingerprint}
        client.index(index=index, id="a", document=document, refresh=True)
        with pytest.raises(RefusedError, match=f"the index '{index}' {told}") as raised:
            server.ask(index, ["a"])
        assert (raised.value.status, raised.value.code) == (400, INVALID)
        client.indices.delete(index=f"{index}-000001")


class _Away(RankVectorsDouble):
    """A cluster that may lose its master."""

    away = False

    def answer(self, asked: Asked) -> Answer:
        if self.away:
            cause = {"type": "cluster_block_exception", "reason": "no master"}
            return Answer.of({"error": {"root_cause": [cause], **cause}, "status": 503}, 503)
        return super().answer(asked)


def test_a_cluster_that_is_away_is_asked_again_later(
    node: Node,
    provider: LocalProvider,
    index: str,
    make: Maker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with _Away(node.url) as double, Cluster(double.url).connect() as client:
        ids = sorted(searched(client, index, make(client), provider))
        server = Server(client, provider, index)
        double.away = True
        with caplog.at_level(logging.WARNING), pytest.raises(RefusedError) as raised:
            server.ask(index, ids)
        with pytest.raises(ClusterError):
            ReferencedIndices(client, [index], provider.model)
        double.away = False
        assert server.scores(index, ids)
    assert raised.value.status == 429
    assert raised.value.retry_after == 5
    assert "ask again in 5 seconds" in raised.value.detail
    (line,) = [each.message for each in caplog.records if each.name.startswith("es_jina")]
    assert "no master" in line
    assert "\n" not in line
    assert QUERY not in line


class _Frozen(RankVectorsDouble):
    """A cluster that answers no search until it may."""

    def __init__(self, node: str) -> None:
        super().__init__(node)
        self.searches = 0
        self.go_on = threading.Event()

    def answer(self, asked: Asked) -> Answer:
        if asked.api == "_search":
            self.searches += 1
            assert self.go_on.wait(60)
        return super().answer(asked)


@pytest.fixture
def frozen(node: Node) -> Iterator[_Frozen]:
    with _Frozen(node.url) as double:
        yield double
        double.go_on.set()


def test_who_hangs_up_leaves_few_searches_behind(
    frozen: _Frozen, provider: LocalProvider, shared: Shared
) -> None:
    async def hang_up(server: Server) -> Any:
        for _ in range(2):
            asked = [asyncio.create_task(server.told(shared.index, ["a"])) for _ in range(20)]
            async with asyncio.timeout(60):
                while frozen.searches < 8:
                    await asyncio.sleep(0.01)
            for each in asked:
                each.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        assert frozen.searches == 8
        frozen.go_on.set()
        return await server.told(shared.index, ["a"])

    with Cluster(frozen.url).connect() as client:
        told = asyncio.run(hang_up(Server(client, provider, shared.index)))
    assert told["es_jina"] == {"unknown": 1}


def test_a_cluster_that_does_not_answer_is_not_waited_for(
    frozen: _Frozen,
    provider: LocalProvider,
    shared: Shared,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("es_jina.server.references._SECONDS", 2.0)
    with Cluster(frozen.url).connect() as client:
        server = Server(client, provider, shared.index)
        with pytest.raises(RefusedError, match="cannot be read just now") as raised:
            server.ask(shared.index, ["a"])
    assert (raised.value.status, raised.value.retry_after) == (429, 5)
    assert "did not answer in time" in caplog.messages[-1]
    assert frozen.searches == 1


def test_a_refusal_that_lasts_is_not_asked_again(
    double: RankVectorsDouble,
    ranked: Elasticsearch,
    provider: LocalProvider,
    index: str,
    make: Maker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = sorted(searched(ranked, index, make(ranked, "rank_vectors"), provider))
    server = Server(ranked, provider, index)
    double.licence = "lapsed"
    with pytest.raises(RefusedError) as raised:
        server.ask(index, ids)
    assert raised.value.status == 503
    assert (
        raised.value.detail == f"the index '{index}' cannot be read: the log of the server says why"
    )
    assert "es-jina convert-multi" in caplog.messages[-1]
