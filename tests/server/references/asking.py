"""A route over one cluster, asked as Elasticsearch asks it."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from es_jina.inputs import Input, Text
from es_jina.profile import IndexProfile
from es_jina.providers.local import LocalProvider
from es_jina.search.searcher import Searcher
from es_jina.server.references import ReferencedIndices
from es_jina.server.wire.rerank import RerankRoute
from es_jina.server.wire.rerank_body import RerankAnswer
from tests.server.services import PlainService, wire_files

QUERY = "the quick brown fox"


@dataclass(frozen=True)
class Shared:
    """An index that several tests look at, and what a search in it finds for the query."""

    index: str
    expected: dict[str, float]


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
