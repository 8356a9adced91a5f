"""Who may ask at all, and how much they may send: settled before the application sees a request."""

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from os import urandom
from typing import Any

import orjson

from es_jina.server.incoming import Incoming, Message, Receive, Room, handed_on, too_large
from es_jina.server.keys import Keys
from es_jina.server.outgoing import Send, in_pieces
from es_jina.server.refused import FORBIDDEN, INVALID, NO_KEY, WRONG_KEY, RefusedError

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# What asks for them has no key, and they tell nothing.
OPEN_PATHS = frozenset({"/", "/health", "/ready", "/live", "/docs", "/openapi.json"})
# The files of the search page; what it shows is asked for with a key.
_OPEN_FOLDER = "/site/"
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})

# Bodies of the largest size, or many smaller ones, that are held at the same time.
_BODIES = 8

_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Guard:
    """The outermost middleware.

    It names each request (``scope["state"]["request_id"]``), refuses what browsers send for other
    sites, asks for a key, and reads the body within its limits, so that the application gets it
    whole.
    """

    def __init__(
        self,
        app: App,
        *,
        body_bytes: int,
        keys: Keys | None = None,
        hosts: Iterable[str] | None = None,
        open_folders: Iterable[str] = (),
    ) -> None:
        """Stand in front of an application.

        Args:
            app: what is guarded.
            body_bytes: of a request's body.
            keys: of the clients; ``None`` lets in everybody.
            hosts: names in ``Host`` that are ours besides those of this machine; ``None`` allows
                all. Where no key is asked for, a web page whose own name is made to lead to this
                machine would else be let in.
            open_folders: beginnings of paths that are shown without a key as well.
        """
        self._app = app
        self._body_bytes = body_bytes
        self._room = Room(_BODIES * body_bytes)
        self._keys = keys
        self._open_folders = (_OPEN_FOLDER, *open_folders)
        self._hosts = None if hosts is None else LOCAL_HOSTS | {name.lower() for name in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through or answer it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            await self._guard(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if _ID.fullmatch(given) else urandom(16).hex().encode()
        scope.setdefault("state", {})["request_id"] = request_id.decode()
        always = [(b"x-request-id", request_id), (b"x-content-type-options", b"nosniff")]

        send = in_pieces(send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *always]
            await send(message)

        incoming = Incoming(receive, self._room)
        try:
            self._check_site(headers)
            self._check_key(scope, headers)
            received = await self._received(headers, receive, incoming)
            if received is not None:
                await self._app(scope, received, send_with_headers)
        except RefusedError as refused:
            scope["state"]["code"] = refused.code
            await _answer(refused, request_id.decode(), incoming, send_with_headers)
        finally:
            incoming.release()

    def _check_site(self, headers: dict[bytes, bytes]) -> None:
        """Refuse what a browser sends for another site; it names that, or our host by its name."""
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if self._hosts is not None and _without_port(host) not in self._hosts:
            raise RefusedError(
                403, "the name in Host is none of this server's: --allowed-host adds one", FORBIDDEN
            )
        origin = headers.get(b"origin")
        # Behind a proxy that ends TLS the scheme is not known, so it is not compared.
        if origin is not None and not _is_of(origin.decode("latin-1").lower(), host):
            raise RefusedError(
                403, "requests from web pages of other sites are not answered", FORBIDDEN
            )

    def _check_key(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        if self._keys is None or self._is_open(scope):
            return
        scheme, _, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise RefusedError(401, "no API key: send `Authorization: Bearer KEY`", NO_KEY)
        if self._keys.name_of(key.strip()) is None:
            raise RefusedError(401, "the API key is none of this server's", WRONG_KEY)

    def _is_open(self, scope: Scope) -> bool:
        """Say whether everybody may have what is asked for."""
        path: str = scope["path"]
        return scope["method"] in {"GET", "HEAD"} and (
            path in OPEN_PATHS or path.startswith(self._open_folders)
        )

    async def _received(
        self, headers: dict[bytes, bytes], receive: Receive, incoming: Incoming
    ) -> Receive | None:
        """Read the body; return what hands it on, or ``None`` where the client hung up.

        Raises:
            RefusedError: it is too large, alone or beside the others, or does not come.
        """
        length = headers.get(b"content-length")
        if length is None and b"transfer-encoding" not in headers:
            return receive
        if length is not None and int(length) > self._body_bytes:
            raise too_large(self._body_bytes)
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise RefusedError(
                415, "compressed bodies are not read: leave Content-Encoding out", INVALID
            )
        body = await incoming.read(self._body_bytes)
        return None if body is None else handed_on(body, receive)


def _without_port(host: str) -> str:
    """Return a host as it is named, IPv6 in its brackets."""
    name, bracket, _ = host.partition("]")
    return name + bracket if bracket else host.partition(":")[0]


def _is_of(origin: str, host: str) -> bool:
    """Say whether an origin is a host's own; that of a file or a sandbox is ``null``."""
    scheme, _, named = origin.partition("://")
    return scheme in {"http", "https"} and named == host


async def _answer(refused: RefusedError, request_id: str, incoming: Incoming, send: Send) -> None:
    """Answer; the connection ends when the client has had the time to read that."""
    body = orjson.dumps(refused.body(request_id))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refused.retry_after is not None:
        headers.append((b"retry-after", str(refused.retry_after).encode()))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await incoming.drain()
    await send({"type": "http.response.body", "body": b"", "more_body": False})
