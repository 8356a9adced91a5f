"""Everything that Kibana imports for an index: a data view, Discover sessions, a dashboard."""

from collections.abc import Iterable
from typing import Any

import orjson

from es_jina.errors import RequestError
from es_jina.kibana.dashboard import dashboard
from es_jina.kibana.data_view import SERVED, data_view
from es_jina.kibana.saved_object import SavedObject
from es_jina.kibana.sessions import SESSIONS, discover_session
from es_jina.profile import IndexProfile


def saved_objects(index: str, profile: IndexProfile, server: str | None) -> list[dict[str, Any]]:
    """Return the objects of an index, each after those that it refers to.

    Args:
        index: the index, or its alias.
        profile: what it was made for.
        server: the address of `es-jina serve --index INDEX` as the browsers of Kibana's users reach
            it, such as ``https://search.example.org``; ``None`` leaves out the pictures and links
            that need it, and nothing else.

    Raises:
        RequestError: Kibana could not show pictures of that address.
    """
    at = None if server is None else _address(server)
    left_out = SERVED if at is None else ()
    sessions = [discover_session(index, session, left_out) for session in SESSIONS]
    return [data_view(index, profile, at), *sessions, dashboard(index, at)]


def to_ndjson(objects: Iterable[SavedObject]) -> bytes:
    """Return the file that Kibana imports: an object a line."""
    return b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in objects)


def _address(server: str) -> str:
    if not server.startswith(("http://", "https://")) or any(c in server for c in "?#{} "):
        raise RequestError(
            f"the server's address {server!r}: Kibana shows pictures of addresses such as "
            "https://search.example.org alone, without ? and #"
        )
    return server.rstrip("/")
