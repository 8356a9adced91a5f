"""Indices of an embedded node, each there while it is measured and no longer."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from shared.provider import AtOnce

from es_jina.elastic.bulk import Action, BulkWriter
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.fast_load import fast_load
from es_jina.elastic.node import Node
from es_jina.elastic.setup import set_up
from es_jina.embedding import Embedding
from es_jina.inputs import Input
from es_jina.profile import IndexProfile
from es_jina.providers.base import V4, ModelInfo
from es_jina.search.searcher import Searcher

MODEL = ModelInfo("bench", "bench", V4.dims, V4.multi_dims, V4.max_pixels)
_INDEX = "bench"
_MERGE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Loaded:
    """An index of one segment.

    Attributes:
        client: of the node.
        profile: of the index.
        capabilities: of the node.
    """

    client: Elasticsearch
    profile: IndexProfile
    capabilities: Capabilities

    def search(self, body: dict[str, Any]) -> list[str]:
        """Search with the plain client; return the ids that are found."""
        answer = self.client.search(index=_INDEX, body=body)
        return [hit["_id"] for hit in answer["hits"]["hits"]]

    def search_together(self, bodies: Iterable[dict[str, Any]]) -> None:
        """Search with the plain client, all in one request."""
        self.client.msearch(index=_INDEX, searches=[line for body in bodies for line in ({}, body)])

    def size(self) -> int:
        """Return the bytes that it takes on disk, those set aside that will go.

        A source from which something is left out is kept whole as well, for replicas that have to
        catch up, and goes with the first merge when none needs it any more.
        """
        usage = self._usage()
        passing = usage["fields"].get("_recovery_source", {"total_in_bytes": 0})
        size: int = usage["store_size_in_bytes"] - passing["total_in_bytes"]
        return size

    def bytes_of_fields(self) -> dict[str, int]:
        """Return the bytes that each field takes on disk."""
        fields = self._usage()["fields"]
        return {name: told["total_in_bytes"] for name, told in fields.items()}

    def bytes_in_memory(self) -> dict[str, tuple[int, int]]:
        """Return the bytes of each dense field that a search reads again and again.

        Those of the numbers, quantised where they are, and those of the graph.
        """
        told = self.client.indices.stats(index=_INDEX, metric="dense_vector")
        fields = told["indices"][f"{_INDEX}-000001"]["primaries"]["dense_vector"]["off_heap"]
        return {name: _searched(parts) for name, parts in fields["fielddata"].items()}

    def _usage(self) -> Any:
        told = self.client.perform_request(
            "POST",
            f"/{_INDEX}/_disk_usage",
            params={"run_expensive_tasks": True},
            headers={"accept": "application/json"},
        )
        return told[f"{_INDEX}-000001"]

    def searcher(self, answer: Callable[[Input], Embedding]) -> Searcher:
        """Return a searcher whose model takes no time.

        Args:
            answer: the embedding of a query.
        """
        provider = AtOnce(MODEL, answer)
        return Searcher(self.client, _INDEX, self.profile, self.capabilities, provider)


def _searched(parts: dict[str, int]) -> tuple[int, int]:
    """Return the bytes of numbers and graph, by the kind of Lucene's files."""
    numbers = (parts.get(f"{name}_size_bytes", 0) for name in ("veb", "veq", "vec"))
    return next(filter(None, numbers), 0), parts.get("vex_size_bytes", 0)


class Indices:
    """Makes indices on one node, one at a time."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._capabilities = Capabilities.detect(client)

    @property
    def version(self) -> str:
        """Of Elasticsearch."""
        return self._capabilities.version

    @contextmanager
    def loaded(
        self, profile: IndexProfile, documents: Iterable[dict[str, Any]]
    ) -> Iterator[Loaded]:
        """Fill a new index with documents, whose ids are their numbers; delete it after the block.

        One segment: else what is measured would depend on how the load happened to end.
        """
        client = self._client
        set_up(client, _INDEX, profile, self._capabilities)
        try:
            actions = (Action(str(number), each) for number, each in enumerate(documents))
            with fast_load(client, _INDEX), BulkWriter(client, _INDEX) as writer:
                failed = [done for done in writer.write(actions) if done.error is not None]
            assert not failed, failed[0]
            patient = client.options(request_timeout=_MERGE_SECONDS)
            patient.indices.forcemerge(index=_INDEX, max_num_segments=1)
            client.indices.refresh(index=_INDEX)
            yield Loaded(client, profile, self._capabilities)
        finally:
            client.indices.delete(index=f"{_INDEX}-000001")


@contextmanager
def new_indices() -> Iterator[Indices]:
    """Start a node in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="es-jina-") as told:
        folder = Path(told)
        folder.chmod(0o711)  # the node's user has to walk through it
        with Node(folder / "node", heap="4g") as node, Cluster(node.url).connect() as client:
            yield Indices(client)
