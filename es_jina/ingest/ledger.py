"""The index as the ledger: what is in it already, what in it is out of date."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from elasticsearch import Elasticsearch

from es_jina.elastic.client import cluster_errors
from es_jina.ingest.units import Unit

_LOOKUP = 500


class Ledger:
    """Answers from one index, for one profile."""

    def __init__(self, client: Elasticsearch, index: str, fingerprint: str) -> None:
        self._client = client
        self._index = index
        self._fingerprint = fingerprint

    def missing(self, units: Sequence[Unit]) -> list[Unit]:
        """Return the units that are not in the index as they are now.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        return [
            unit
            for group in _grouped(units, _LOOKUP)
            for unit, found in zip(group, self._get(group), strict=True)
            if not self._current(unit, found)
        ]

    def outdated(self, units: Sequence[Unit]) -> Iterator[str]:
        """Yield the ids of documents that stem from earlier states of the units' sources.

        A file that lost pages leaves such documents behind. The index must have been refreshed.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        sources = {unit.source.uri: unit.source.sha256 for unit in units}
        for uri, sha256 in sources.items():
            with cluster_errors(f"looking for outdated documents in {self._index!r}"):
                answer = self._client.search(
                    index=self._index,
                    size=10_000,
                    source=False,
                    query={
                        "bool": {
                            "filter": {"term": {"source.uri": uri}},
                            "must_not": {"term": {"source.sha256": sha256}},
                        }
                    },
                )
            yield from (hit["_id"] for hit in answer["hits"]["hits"])

    def _get(self, units: Sequence[Unit]) -> list[dict[str, Any]]:
        with cluster_errors(f"looking up what {self._index!r} has already"):
            answer = self._client.mget(
                index=self._index,
                ids=[unit.id for unit in units],
                source_includes=["source.sha256", "profile"],
            )
        found: list[dict[str, Any]] = answer["docs"]
        return found

    def _current(self, unit: Unit, found: dict[str, Any]) -> bool:
        return (
            bool(found.get("found"))
            and found["_source"]["source"]["sha256"] == unit.source.sha256
            and found["_source"]["profile"] == self._fingerprint
        )


def _grouped(items: Iterable[Unit], size: int) -> Iterator[list[Unit]]:
    iterator = iter(items)
    while group := list(islice(iterator, size)):
        yield group
