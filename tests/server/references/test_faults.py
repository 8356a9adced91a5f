"""A cluster that is away, frozen, or refuses."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.client import Cluster
from es_jina.elastic.node import Node
from es_jina.errors import ClusterError
from es_jina.providers.local import LocalProvider
from es_jina.server.references import ReferencedIndices
from es_jina.server.refused import RefusedError
from tests.elastic.rank_vectors.wire import Answer, Asked
from tests.elastic.rank_vectors_double import RankVectorsDouble
from tests.server.indices import Maker
from tests.server.references.asking import QUERY, Server, Shared, searched


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
