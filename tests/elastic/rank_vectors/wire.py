"""HTTP, as far as the double speaks it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import cbor2
import orjson
import urllib3

from es_jina.elastic import cbor

_JSON = {"content-type": "application/json", "x-elastic-product": "Elasticsearch"}
# Of the node's own headers.
_KEPT = ("content-type", "x-elastic-product")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def parts(self) -> list[str]:
        return [part for part in self.path.split("/") if part]

    @property
    def index(self) -> str | None:
        """The index that the path names."""
        first = self.parts[:1]
        return first[0] if first and not first[0].startswith("_") else None

    @property
    def api(self) -> str:
        """The first part that is no name: ``_search``, ``_bulk``; none for an index itself."""
        return next((part for part in self.parts if part.startswith("_")), "")

    @property
    def json(self) -> Any:
        return orjson.loads(self.body) if self.body else {}

    def with_json(self, told: Any) -> "Asked":
        return replace(self, body=orjson.dumps(told) if self.body else b"")


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, told: Any, status: int = 200) -> "Answer":
        return cls(status, _JSON, orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY))

    @property
    def json(self) -> Any:
        return orjson.loads(self.body) if self.body else {}

    def in_cbor(self) -> "Answer":
        headers = {**self.headers, "content-type": cbor.MIMETYPE}
        return replace(self, headers=headers, body=cbor2.dumps(self.json))


class Node:
    """What stands behind the double."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(maxsize=16)

    def send(self, asked: Asked) -> Answer:
        target = asked.path + (f"?{urlencode(asked.params)}" if asked.params else "")
        answer = self._pool.request(
            asked.method,
            self._url + target,
            body=asked.body or None,
            headers=asked.headers,
            retries=False,
        )
        headers = {key: answer.headers[key] for key in _KEPT if key in answer.headers}
        return Answer(answer.status, headers, answer.data)

    def close(self) -> None:
        self._pool.clear()


def handler(answer: Callable[[Asked], Answer]) -> type[BaseHTTPRequestHandler]:
    """Return the class of a server's handlers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Else a body waits for the client to acknowledge the headers: 40 ms.
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {
                key: value
                for key in ("content-type", "accept", "authorization")
                if (value := self.headers.get(key))
            }
            params = dict(parse_qsl(parts.query, keep_blank_values=True))
            wanted = headers.pop("accept", "")
            told = answer(Asked(self.command, parts.path, params, headers, sent))
            if wanted == cbor.MIMETYPE:
                told = told.in_cbor()
            self.send_response(told.status)
            for key, value in told.headers.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing: what matters is in the answers."""

    return Handler
