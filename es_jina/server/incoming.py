"""The body of a request while it comes: read whole, within limits."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from es_jina.server.refused import INVALID, RefusedError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

BODY_SECONDS = 60.0
# What a refused client still sends is read that long: it may send all before it reads the answer.
DRAIN_SECONDS = 2.0


class Incoming:
    """What comes of one body."""

    __slots__ = ("_ended", "_receive")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def read(self, limit: int) -> bytes | None:
        """Return the whole body; ``None`` where the client hung up.

        Args:
            limit: bytes.

        Raises:
            RefusedError: it is too large, or does not come.
        """
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self._read(limit)
        except TimeoutError:
            raise RefusedError(
                408, f"the body did not come within {BODY_SECONDS:.0f} seconds", INVALID
            ) from None

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
        size = 0
        while not self._ended:
            part = await self._next()
            if part is None:
                return None
            size += len(part)
            if size > limit:
                raise too_large(limit)
            parts.append(part)
        return b"".join(parts)

    async def _next(self) -> bytes | None:
        message = await self._receive()
        self._ended = not message.get("more_body", False)
        return message.get("body", b"") if message["type"] == "http.request" else None


def too_large(limit: int) -> RefusedError:
    """Return what a client is told whose body is over a limit, in bytes."""
    return RefusedError(
        413, f"the body is over the limit of {limit / 1e6:,.1f} MB: send less", INVALID
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
