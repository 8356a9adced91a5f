"""Discover sessions: the index's documents, its pages with pictures, and what failed."""

from collections.abc import Sequence
from dataclasses import dataclass

from es_jina.kibana.data_view import OPEN, THUMBNAIL, TIME_FIELD, data_view_id
from es_jina.kibana.saved_object import (
    SavedObject,
    inner_json,
    object_id,
    reference,
    saved_object,
)

# A year: Kibana's own default, the last 15 minutes, would show nothing of what is there.
TIME_FROM, TIME_TO = "now-1y", "now"
# Either may be missing: what is long is not indexed.
FAILED = "ingest_error.message: * or ingest_error.processor: *"
PICTURED = "kind: (page or image)"
_SOURCE = "kibanaSavedObjectMeta.searchSourceJSON.index"
# Rows as high as what is in them, pictures included.
_FITTING = -1


@dataclass(frozen=True, slots=True)
class Session:
    """A Discover session.

    Attributes:
        name: of the object among those of the index.
        title: behind the index's name.
        told: what it shows.
        query: in Kibana's query language; empty for all documents.
        columns: the fields that are shown.
    """

    name: str
    title: str
    told: str
    query: str
    columns: tuple[str, ...]


_TOLD = (THUMBNAIL, "title", "page", "kind", "source.uri", OPEN)
DOCUMENTS = Session("documents", "documents", "What is in the index, latest first.", "", _TOLD)
PAGES = Session("pages", "pages and images", "What has a picture, latest first.", PICTURED, _TOLD)
FAILURES = Session(
    "failures",
    "ingest failures",
    "What an ingest pipeline could not embed, and why.",
    FAILED,
    ("title", "source.uri", "ingest_error.message", "ingest_error.processor"),
)
SESSIONS = (DOCUMENTS, PAGES, FAILURES)


def session_id(index: str, session: Session) -> str:
    """Return a session's id."""
    return object_id(index, session.name)


def discover_session(index: str, session: Session, left_out: Sequence[str]) -> SavedObject:
    """Return a session of an index.

    Args:
        index: that is shown.
        session: what of it.
        left_out: columns that the data view has not.
    """
    columns = [column for column in session.columns if column not in left_out]
    search = {
        "query": {"query": session.query, "language": "kuery"},
        "filter": [],
        "indexRefName": _SOURCE,
    }
    attributes = {
        "title": f"{index}: {session.title}",
        "description": session.told,
        "columns": columns,
        "sort": [[TIME_FIELD, "desc"]],
        "grid": {"columns": {THUMBNAIL: {"width": 180}} if THUMBNAIL in columns else {}},
        "rowHeight": _FITTING,
        "hideChart": True,
        "isTextBasedQuery": False,
        "usesAdHocDataView": False,
        "timeRestore": True,
        "timeRange": {"from": TIME_FROM, "to": TIME_TO},
        "refreshInterval": {"pause": True, "value": 60_000},
        "kibanaSavedObjectMeta": {"searchSourceJSON": inner_json(search)},
    }
    references = [reference(_SOURCE, "index-pattern", data_view_id(index))]
    return saved_object("search", session_id(index, session), attributes, references)
