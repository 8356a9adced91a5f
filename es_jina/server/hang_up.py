"""Work for a client ends when the client hangs up."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

T = TypeVar("T")

# A request that is answered sooner is not worth a look at its connection.
_PATIENCE_SECONDS = 0.05


class HungUpError(Exception):
    """The client is gone: nobody reads an answer."""


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do work for a client; cancel it where the client hangs up.

    Args:
        request: whose body has been read.
        work: what to do.

    Raises:
        HungUpError: the client hung up.
    """
    task = asyncio.ensure_future(work)
    gone: asyncio.Future[None] | None = None
    try:
        await asyncio.wait({task}, timeout=_PATIENCE_SECONDS)
        if not task.done():
            gone = asyncio.ensure_future(_disconnected(request))
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise HungUpError
        return task.result()
    finally:
        task.cancel()
        if gone is not None:
            gone.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
