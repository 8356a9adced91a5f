"""Documents that are in an Elasticsearch index already, each a source of its own."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import orjson
from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError, TransportError

from es_jina.elastic.client import cluster_errors, reason
from es_jina.elastic.patience import patient
from es_jina.errors import ClusterError, RequestError
from es_jina.ingest.record_fields import RecordFields
from es_jina.ingest.record_sources import Origin, Row, candidates
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate

T = TypeVar("T")

SCHEME = "es://"
# Between one page and the next, all of the first one's documents are embedded.
_KEEP_ALIVE = "30m"
_FIRST_HITS, _MOST_HITS = 50, 500
_PAGE_BYTES = 8_000_000
_RETRY_FOR = 120.0  # seconds of patience with one request


@dataclass(frozen=True, slots=True)
class IndexTarget:
    """What ``es://INDEX?QUERY`` names.

    Attributes:
        index: or alias.
        query: in the syntax of a query string, such as ``lang:en``; ``None`` for all documents.
    """

    index: str
    query: str | None = None


def parse_index_target(target: str) -> IndexTarget:
    """Take ``es://INDEX?QUERY`` apart; the query may be percent-encoded, and begin with ``q=``.

    Raises:
        RequestError: it does not name one index or alias.
    """
    index, _, query = target.removeprefix(SCHEME).partition("?")
    index = unquote(index.removesuffix("/"))
    # The documents of several indices may share an id.
    if not index or index.startswith("_") or any(letter in index for letter in "/,*?"):
        raise RequestError(
            f"{target!r}: name one index or alias, as es://INDEX or es://INDEX?QUERY"
        )
    query = unquote(query.removeprefix("q=")).strip()
    return IndexTarget(index, query or None)


def refuse_itself(client: Elasticsearch, index: str, target: str) -> None:
    """Refuse to copy an index into itself: each run would double it.

    Args:
        client: of the cluster.
        index: where documents go, an index or alias.
        target: what is to be read, ``es://INDEX?QUERY``.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
        RequestError: both are, or lead to, the same index.
    """
    source = parse_index_target(target).index
    shared = _behind(client, index) & _behind(client, source)
    if shared:
        raise RequestError(
            f"{target!r} and {index!r}, where it would go, are the same index ({min(shared)}): "
            "read from another one"
        )


def _behind(client: Elasticsearch, index: str) -> set[str]:
    """Return the indices that a name stands for; none for one that is not there or not open."""
    with cluster_errors(f"looking up what {index!r} stands for"):
        try:
            # Whoever may read an index may ask this.
            return set(client.field_caps(index=index, fields="_id")["indices"])
        except (NotFoundError, BadRequestError):
            # Whoever reads it will say what is wrong.
            return set()


def index_records(
    client: Elasticsearch,
    target: IndexTarget,
    fields: RecordFields,
    only: frozenset[str] | None = None,
) -> Iterator[Candidate | Failure]:
    """Yield each document of an index, as the index was when the first one was asked for.

    A document is named ``es://INDEX/ID``; its id is its ``_id`` where no field is said to hold it.

    Args:
        client: of the cluster.
        target: index and query.
        fields: which ones matter; no others are fetched.
        only: the names of the documents to yield; all by default.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
        RequestError: there is no such index, the query is none, or the documents have no such
            fields.
    """
    prefix = f"{SCHEME}{target.index}/"
    origin = Origin(
        whole=f"{SCHEME}{target.index}",
        uri=prefix,
        name=prefix,
        mime="application/json",
        folder=Path.cwd(),
    )
    reader = _Reader(client, target, fields.names)
    yield from candidates(reader.rows(), origin, fields, only, reader.field_names)


class _LostError(Exception):
    """The point in time is gone: it expired, or a node that held it went away."""


class _Reader:
    """Reads the documents of one index."""

    def __init__(self, client: Elasticsearch, target: IndexTarget, names: Iterable[str]) -> None:
        # Patience is kept here alone.
        self._client = client.options(max_retries=0)
        self._target = target
        self._names = list(names)
        self._hits = _FIRST_HITS

    def rows(self) -> Iterator[Row]:
        """Yield a row for each document.

        When its point in time is lost, another is opened and what was given already is left out.
        """
        given: set[int] = set()
        lost = True
        while lost:
            lost = False
            before = len(given)
            pit = self._open()
            try:
                for hit in self._documents(pit):
                    ident, routing = hit["_id"], hit.get("_routing")
                    # By their routing, shards may hold several documents of one id.
                    digest = hash((hit["_index"], ident, routing))
                    if digest not in given:
                        given.add(digest)
                        place = ident if routing is None else f"{ident} (routing {routing})"
                        yield Row(len(given), place, hit.get("_source", {}), ident)
            except _LostError as error:
                lost = True
                if len(given) == before:
                    raise ClusterError(
                        f"reading documents of {self._target.index!r}: {error}"
                    ) from error
            finally:
                self._close(pit)

    def field_names(self) -> list[str]:
        """Return the names of the index's mapped fields."""
        with cluster_errors(f"reading the fields of {self._target.index!r}"):
            found = self._asked(
                lambda: self._client.field_caps(
                    index=self._target.index, fields="*", filters="-metadata,-multifield,-parent"
                )
            )
        return sorted(found["fields"])

    def _open(self) -> str:
        index = self._target.index
        with cluster_errors(f"opening {index!r}"):
            try:
                answer = self._asked(
                    lambda: self._client.open_point_in_time(index=index, keep_alive=_KEEP_ALIVE)
                )
            except NotFoundError as error:
                raise RequestError(f"there is no index {index!r} to read from") from error
            except BadRequestError as error:
                raise RequestError(f"{index!r} cannot be read: {reason(error)}") from error
        pit: str = answer["id"]
        return pit

    def _close(self, pit: str) -> None:
        # It would expire by itself.
        with suppress(ApiError, TransportError):
            self._client.close_point_in_time(id=pit)

    def _documents(self, pit: str) -> Iterator[dict[str, Any]]:
        after: list[Any] | None = None
        while hits := self._page(pit, after):
            after = hits[-1]["sort"]
            size = len(orjson.dumps(hits))
            fitting = int(len(hits) * _PAGE_BYTES / size)
            self._hits = max(1, min(fitting, self._hits * 2, _MOST_HITS))
            yield from hits

    def _page(self, pit: str, after: list[Any] | None) -> list[dict[str, Any]]:
        index, query = self._target.index, self._target.query
        with cluster_errors(f"reading documents of {index!r}"):
            try:
                answer = self._asked(
                    lambda: self._client.search(
                        pit={"id": pit, "keep_alive": _KEEP_ALIVE},
                        query={"query_string": {"query": query}} if query else {"match_all": {}},
                        sort=["_shard_doc"],
                        search_after=after,
                        size=self._hits,
                        source_includes=self._names,
                        track_total_hits=False,
                        # Documents of a shard that is away must not be missed in silence.
                        allow_partial_search_results=False,
                    )
                )
            except NotFoundError as error:
                raise _LostError(reason(error)) from error
            except BadRequestError as error:
                failed = f"the query {query!r} fails" if query else f"{index!r} cannot be read"
                raise RequestError(f"{failed}: {reason(error)}") from error
        hits: list[dict[str, Any]] = answer["hits"]["hits"]
        return hits

    def _asked(self, call: Callable[[], T]) -> T:
        return patient(call, _RETRY_FOR, time.sleep)
