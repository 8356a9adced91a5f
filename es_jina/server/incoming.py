"""The bodies of requests: read whole, within limits of each and of all together."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from es_jina.server.refused import BUSY, INVALID, RefusedError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

BODY_SECONDS = 60.0
# What a refused client still sends is read that long: it may send all before it reads the answer.
DRAIN_SECONDS = 2.0
# A body up to this is read however much is held: a few large ones do not keep others out.
SMALL_BYTES = 1024 * 1024
_LATER_SECONDS = 2


@dataclass(slots=True)
class Room:
    """The memory that bodies take together, from their first byte until they are answered.

    Attributes:
        limit: bytes.
        held: bytes that have come; what is only announced takes none.
    """

    limit: int
    held: int = 0


class Incoming:
    """What comes of one body."""

    __slots__ = ("_ended", "_receive", "_room", "_size")

    def __init__(self, receive: Receive, room: Room) -> None:
        self._receive = receive
        self._room = room
        self._size = 0
        self._ended = False

    async def read(self, limit: int) -> bytes | None:
        """Return the whole body; ``None`` where the client hung up.

        Args:
            limit: bytes.

        Raises:
            RefusedError: it is too large, alone or beside the others, or does not come.
        """
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self._read(limit)
        except TimeoutError:
            raise RefusedError(
                408, f"the body did not come within {BODY_SECONDS:.0f} seconds", INVALID
            ) from None

    def release(self) -> None:
        """Make room for others: the body is needed no more."""
        self._room.held -= self._size
        self._size = 0

    async def drain(self) -> None:
        """Drop what still comes: where a connection is closed on it, an answer may be lost."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self._ended:
                    await self._next()
        except TimeoutError:
            pass

    async def _read(self, limit: int) -> bytes | None:
        parts: list[bytes] = []
        while not self._ended:
            part = await self._next()
            if part is None:
                return None
            self._take(len(part), limit)
            parts.append(part)
        return b"".join(parts)

    def _take(self, size: int, limit: int) -> None:
        self._size += size
        self._room.held += size
        if self._size > limit:
            raise too_large(limit)
        if self._size > SMALL_BYTES and self._room.held > self._room.limit:
            raise RefusedError(
                429,
                "too many large bodies are being served: send this one again later",
                BUSY,
                retry_after=_LATER_SECONDS,
            )

    async def _next(self) -> bytes | None:
        message = await self._receive()
        self._ended = not message.get("more_body", False)
        return message.get("body", b"") if message["type"] == "http.request" else None


def too_large(limit: int) -> RefusedError:
    """Return what a client is told whose body is over a limit, in bytes."""
    return RefusedError(
        413, f"the body is over the limit of {limit / 1024**2:.3g} MB: send less", INVALID
    )


def handed_on(body: bytes, receive: Receive) -> Receive:
    """Return what gives a whole body once, and after that what the client does."""
    given = False

    async def receive_whole() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_whole
