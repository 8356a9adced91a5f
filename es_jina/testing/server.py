"""HTTP/1.1 on a real socket: connections are kept open, and all are gone after `close`."""

import gzip
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from es_jina.testing.answers import Answer, flat

# Below it, packing saves nothing.
_PACKED_FROM = 1000
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Arrived:
    """A request as it came; one that is no POST has no content."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes


@dataclass(frozen=True)
class Outcome:
    """What is sent for a request.

    Attributes:
        answer: ``None`` to hang up without one.
        share: of its body that is sent before the connection ends.
    """

    answer: Answer | None
    share: float = 1.0


class Server(ThreadingHTTPServer):
    """Serves one function, one thread for each connection.

    Attributes:
        connections: how many were opened so far.
        broken: errors of the function, and of the server itself.
    """

    daemon_threads = False  # they are waited for
    request_queue_size = 128

    def __init__(self, port: int, respond: Callable[[Arrived], Outcome]) -> None:
        self.respond = respond
        self.connections = 0
        self.broken: list[Exception] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,))
        self._thread.start()

    @property
    def url(self) -> str:
        """The address, without a slash behind it."""
        return f"http://127.0.0.1:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note a connection before its thread begins, so that none escapes `close`."""
        with self._lock:
            self.connections += 1
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that ends."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what is no client that went away."""
        error = sys.exc_info()[1]
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self.broken.append(error)

    def close(self) -> None:
        """End every connection, and wait for the threads."""
        self.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._open:
                _end(connection)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, sends what the server's function says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: Server

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self.close_connection = True
            self._send(flat(411, None, "Length Required"), 1.0)
            return
        content = self.rfile.read(int(length))
        if len(content) < int(length):
            self.close_connection = True  # the client went away
            return
        self._respond(content)

    def do_GET(self) -> None:
        self._respond(b"")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def _respond(self, content: bytes) -> None:
        # A client that goes through a proxy asks for a whole address.
        path = urlsplit(self.path).path
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            outcome = self.server.respond(Arrived(self.command, path, headers, content))
        except Exception as error:
            self.server.broken.append(error)
            # Not 500: a client would ask again and again.
            outcome = Outcome(flat(501, None, f"the stub broke: {error!r}"))
        if outcome.answer is None:
            self.close_connection = True
        else:
            self._send(outcome.answer, outcome.share)

    def _send(self, answer: Answer, share: float) -> None:
        content, headers = answer.content, dict(answer.headers)
        if len(content) >= _PACKED_FROM and "gzip" in self.headers.get("Accept-Encoding", ""):
            content = gzip.compress(content, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if share < 1:
            self.close_connection = True
            content = content[: int(len(content) * share)]
        self.wfile.write(content)


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was first
