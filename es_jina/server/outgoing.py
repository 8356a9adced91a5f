"""The body of an answer while it goes."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from es_jina.server.incoming import Message

Send = Callable[[Message], Awaitable[None]]

PIECE_BYTES = 256 * 1024


def in_pieces(send: Send) -> Callable[[Message], Coroutine[Any, Any, None]]:
    """Return what sends long bodies piece by piece, each once the one before it is on its way.

    The connection then sees that a slow client reads: of tens of megabytes at once it would see
    that only at their end, as of one that does not.
    """

    async def send_pieces(message: Message) -> None:
        body = message.get("body", b"")
        if len(body) <= PIECE_BYTES:
            await send(message)
            return
        more, whole = message.get("more_body", False), memoryview(body)
        for at in range(0, len(whole), PIECE_BYTES):
            end = at + PIECE_BYTES
            piece = {**message, "body": whole[at:end], "more_body": more or end < len(whole)}
            await send(piece)

    return send_pieces
