"""Clients that do not read their answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from es_jina.server.protocol import PatientProtocol
from tests.server.running import PATIENCE

# More than the system takes of an answer that nobody reads.
LARGE = b"x" * 32_000_000


class Unread(PatientProtocol):
    """A protocol with little patience, which tells of its ends."""

    reading_seconds = 0.1
    high = 65_536
    lost: threading.Event

    def connection_made(self, transport: Any) -> None:
        transport.set_write_buffer_limits(high=self.high)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set()


async def whole(scope: Any, _receive: Any, send: Any) -> None:
    """Answer at once."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": LARGE})


async def small(scope: Any, _receive: Any, send: Any) -> None:
    """Answer with nothing."""
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body"})


async def endless(scope: Any, receive: Any, send: Any) -> None:
    """Answer until the client is gone."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while not Unread.lost.is_set():
        await send({"type": "http.response.body", "body": LARGE[:100_000], "more_body": True})


@contextmanager
def serving(app: Any) -> Iterator[tuple[uvicorn.Server, socket.socket]]:
    """Serve an application; yield a connection beside the server."""
    config = uvicorn.Config(app, http=Unread, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            with socket.create_connection(listening.getsockname(), PATIENCE) as connection:
                yield server, connection
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive()


@pytest.fixture(autouse=True)
def lost(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once the connection is gone."""
    event = threading.Event()
    monkeypatch.setattr(Unread, "lost", event, raising=False)
    return event


@pytest.mark.parametrize("app", [whole, endless])
def test_client_that_does_not_read_is_left(app: Any, lost: threading.Event) -> None:
    with serving(app) as (_, connection):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert lost.wait(PATIENCE)


def test_last_bytes_of_a_connection_that_ends_wait_no_longer(
    lost: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Unread, "high", 2 * len(LARGE))  # no writing is paused
    with serving(whole) as (_, connection):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert lost.wait(PATIENCE)


def test_unread_bytes_do_not_hold_up_the_end_of_the_server(
    lost: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Unread, "high", 2 * len(LARGE))
    with serving(whole) as (server, connection):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(1)
        server.should_exit = True
        assert lost.wait(PATIENCE)


def test_unread_bytes_of_a_connection_that_nobody_uses(
    lost: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Unread, "high", 2 * len(LARGE))
    with serving(whole) as (server, connection):
        server.config.timeout_keep_alive = 0
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert lost.wait(PATIENCE)


def test_client_that_reads_again_is_not_left(lost: threading.Event) -> None:
    with serving(small) as (server, connection):
        for _ in range(2):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(1000)
            [protocol] = server.server_state.connections
            assert isinstance(protocol, Unread)
            protocol.loop.call_soon_threadsafe(protocol.pause_writing)
            protocol.loop.call_soon_threadsafe(protocol.resume_writing)
            assert not lost.wait(2 * Unread.reading_seconds)
