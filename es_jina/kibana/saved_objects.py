"""Everything that Kibana imports for an index: a data view, Discover sessions, a dashboard."""

from collections.abc import Iterable
from typing import Any

import orjson

from es_jina.kibana.address import web_address
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
    at = None if server is None else server_address(server)
    left_out = SERVED if at is None else ()
    sessions = [discover_session(index, session, left_out) for session in SESSIONS]
    return [data_view(index, profile, at), *sessions, dashboard(index, at)]


def to_ndjson(objects: Iterable[SavedObject]) -> bytes:
    """Return the file that Kibana imports: an object a line."""
    return b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in objects)


def server_address(server: str) -> str:
    """Return the server's address without a slash at its end.

    Raises:
        RequestError: Kibana could not show pictures of that address.
    """
    return web_address(server, "the server's address", "https://search.example.org")
