"""A client that takes next to nothing of the processor that it shares with the server."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import orjson
import uvloop

_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One that is kept open and has one request at a time."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._size = -1
        self._status = 0
        self._reply: asyncio.Future[Reply] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def to(cls, port: int) -> "Connection":
        """Connect to this machine."""
        _, protocol = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return protocol

    async def ask(self, request: bytes) -> Reply:
        """Send a request, head and body; return the answer.

        Raises:
            ConnectionError: the server hung up.
        """
        assert self._transport is not None
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._reply

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        """Collect an answer."""
        self._data += data
        if self._size < 0:
            head, end, rest = self._data.partition(_END)
            if not end:
                return
            self._status = int(head[9:12])
            self._size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            self._data = rest
        if len(self._data) >= self._size and self._reply is not None:
            reply = Reply(self._status, bytes(self._data))
            self._data.clear()
            self._size = -1
            if not self._reply.done():
                self._reply.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits."""
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ConnectionError("the server hung up"))


def post(path: str, body: object) -> bytes:
    """Return a request, head and body."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


@dataclass(slots=True)
class Load:
    """What clients saw.

    Attributes:
        seconds: of all.
        latencies: seconds of each request.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)


def load(port: int, requests: Sequence[bytes], clients: int) -> Load:
    """Send requests, each once, with so many clients that each wait for their answer."""
    return uvloop.run(loaded(port, iter(requests), clients))


async def loaded(port: int, requests: Iterator[bytes], clients: int, pause: float = 0.0) -> Load:
    """Send requests, see :func:`load`.

    Args:
        port: of the server.
        requests: what is sent, each once.
        clients: how many.
        pause: seconds between an answer and the client's next request.
    """
    seen = Load()
    connections = [await Connection.to(port) for _ in range(clients)]
    began = time.perf_counter()
    await asyncio.gather(*(_client(each, requests, seen, pause) for each in connections))
    seen.seconds = time.perf_counter() - began
    for each in connections:
        each.close()
    return seen


async def _client(
    connection: Connection, requests: Iterator[bytes], seen: Load, pause: float
) -> None:
    for request in requests:
        began = time.perf_counter()
        reply = await connection.ask(request)
        seen.latencies.append(time.perf_counter() - began)
        if reply.status != 200:
            raise SystemExit(f"the server answered {reply.status}: {reply.body[:300]!r}")
        if pause:
            await asyncio.sleep(pause)


def until(ended: Callable[[], bool], requests: Sequence[bytes]) -> Iterator[bytes]:
    """Yield requests again and again until something ended."""
    while not ended():
        for request in requests:
            if ended():
                return
            yield request
