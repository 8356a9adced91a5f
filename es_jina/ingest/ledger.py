"""The index as the ledger: which sources and which units are in it, in which state."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from elasticsearch import AuthorizationException, Elasticsearch

from es_jina.elastic.assets import load
from es_jina.elastic.client import cluster_errors
from es_jina.elastic.patience import patient
from es_jina.ingest.units import Unit

T = TypeVar("T")

_IDS = 500  # of one look-up by id
_BUCKETS = 5000  # of one page of an aggregation
# What tells the documents of one state of a source from those of another.
_STATE = ("source.uri", "source.sha256", "source.size", "source.mtime", "profile", "recipe")


class Version(NamedTuple):
    """The documents that one state of a source has left in the index.

    A tuple, for it is made in a third of the time, a million times in a run over a million files.

    Attributes:
        sha256: of the source then.
        size: of its file.
        mtime: of its file, nanoseconds.
        profile: the fingerprint of the profile they were made for.
        recipe: how the source was cut.
        documents: how many there are.
        units: how many there should be; ``None`` where the last one is missing.
        last: the highest number of a unit among them.
    """

    sha256: str | None
    size: int | None
    mtime: int | None
    profile: str | None
    recipe: str | None
    documents: int
    units: int | None
    last: int

    @property
    def complete(self) -> bool:
        """Whether every unit of that state is there."""
        return self.documents == self.units


class Ledger:
    """Answers from one index, for one profile.

    Attributes:
        fingerprint: of the profile.
        is_alias: whether the index's name is an alias; known once it is open.
    """

    def __init__(
        self,
        client: Elasticsearch,
        index: str,
        fingerprint: str,
        *,
        retry_for: float = 120.0,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._client = client.options(max_retries=0)
        self._index = index
        self.fingerprint = fingerprint
        self.is_alias = False
        self._retry_for = retry_for
        self._sleep = sleep

    def open(self) -> None:
        """Make everything that was acknowledged findable, and add fields that an older index lacks.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        wanted = load("component_templates/es-jina-document")["template"]["mappings"]["properties"]
        with cluster_errors(f"preparing {self._index!r}"):
            mappings = self._asked(lambda: self._client.indices.get_mapping(index=self._index))
            self.is_alias = self._index not in mappings
            for name, body in mappings.items():
                if "unit" not in body["mappings"].get("properties", {}):
                    self._add_fields(name, wanted)
            self.refresh()

    def refresh(self) -> None:
        """Make everything that was written findable.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        with cluster_errors(f"refreshing {self._index!r}"):
            self._asked(lambda: self._client.indices.refresh(index=self._index))

    def refresh_where_allowed(self) -> None:
        """Refresh for a reader, who may lack the privilege: what was just written is missed then.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses for another reason.
        """
        with cluster_errors(f"refreshing {self._index!r}"), suppress(AuthorizationException):
            self._asked(lambda: self._client.indices.refresh(index=self._index))

    def versions(self, uris: Sequence[str]) -> dict[str, list[Version]]:
        """Return what the index has of each source; nothing for one that it does not know.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        found: dict[str, list[Version]] = defaultdict(list)
        query = {"terms": {"source.uri": list(uris)}}
        totals = {"units": {"max": {"field": "source.units"}}, "last": {"max": {"field": "unit"}}}
        for bucket in self._buckets(query, _STATE, totals):
            # The key's parts come in the order of the question.
            uri, sha256, size, mtime, profile, recipe = bucket["key"].values()
            count, units, last = (
                bucket["doc_count"],
                bucket["units"]["value"],
                bucket["last"]["value"],
            )
            found[uri].append(
                Version(
                    sha256,
                    size,
                    mtime,
                    profile,
                    recipe,
                    count,
                    None if units is None else int(units),
                    # Documents of an older es_jina have no number; they are replaced by number.
                    count - 1 if last is None else int(last),
                )
            )
        return found

    def uris(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield each source whose URI begins so, with the number of its documents.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        for bucket in self._buckets({"prefix": {"source.uri": prefix}}, ("source.uri",), {}):
            yield bucket["key"]["source.uri"], bucket["doc_count"]

    def ids(self, uris: Sequence[str]) -> Iterator[str]:
        """Yield the ids of all documents of some sources.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        after: list[Any] | None = None
        while True:
            with cluster_errors(f"looking for documents in {self._index!r}"):
                hits = self._asked(partial(self._page_of_ids, uris, after))
            if not hits:
                return
            yield from (hit["_id"] for hit in hits)
            after = hits[-1]["sort"]

    def missing(self, units: Iterable[Unit]) -> Iterator[tuple[Unit, bool]]:
        """Yield each unit with whether the index lacks it in its present state.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        iterator = iter(units)
        while group := list(islice(iterator, _IDS)):
            for unit, found in zip(group, self._get(group), strict=True):
                yield unit, not self._current(unit, found)

    def _add_fields(self, name: str, wanted: dict[str, Any]) -> None:
        self._asked(lambda: self._client.indices.put_mapping(index=name, properties=wanted))

    def _buckets(
        self, query: dict[str, Any], fields: Sequence[str], totals: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the documents of a query counted by the values of some fields."""
        sources = [{name: {"terms": {"field": name, "missing_bucket": True}}} for name in fields]
        composite: dict[str, Any] = {"size": _BUCKETS, "sources": sources}
        while True:
            aggregation: dict[str, Any] = {"composite": composite}
            if totals:
                aggregation["aggs"] = totals
            with cluster_errors(f"looking up what {self._index!r} has already"):
                answer = self._asked(partial(self._aggregated, query, aggregation))
            found = answer["aggregations"]["found"]
            yield from found["buckets"]
            if len(found["buckets"]) < _BUCKETS:
                return
            composite = composite | {"after": found["after_key"]}

    def _aggregated(self, query: dict[str, Any], aggregation: dict[str, Any]) -> Any:
        return self._client.search(
            index=self._index, size=0, query=query, aggs={"found": aggregation}
        )

    def _page_of_ids(self, uris: Sequence[str], after: list[Any] | None) -> list[dict[str, Any]]:
        answer = self._client.search(
            index=self._index,
            size=_BUCKETS,
            source=False,
            query={"terms": {"source.uri": list(uris)}},
            sort=["source.uri", "unit", "ref"],
            search_after=after,
        )
        hits: list[dict[str, Any]] = answer["hits"]["hits"]
        return hits

    def _get(self, units: Sequence[Unit]) -> list[dict[str, Any]]:
        with cluster_errors(f"looking up what {self._index!r} has already"):
            answer = self._asked(
                lambda: self._client.mget(
                    index=self._index,
                    ids=[unit.id for unit in units],
                    source_includes=["source.sha256", "profile", "recipe", "page", "span"],
                )
            )
        found: list[dict[str, Any]] = answer["docs"]
        return found

    def _current(self, unit: Unit, found: dict[str, Any]) -> bool:
        if not found.get("found"):
            return False
        there = found["_source"]
        state = (there["source"]["sha256"], there["profile"], there.get("recipe"))
        # Behind a page that could not be read once, the numbers have moved.
        place = (there.get("page"), there.get("span"))
        span = unit.span and {"start": unit.span[0], "end": unit.span[1]}
        return (state, place) == (
            (unit.source.sha256, self.fingerprint, unit.recipe),
            (unit.page, span),
        )

    def _asked(self, call: Callable[[], T]) -> T:
        return patient(call, self._retry_for, self._sleep)
