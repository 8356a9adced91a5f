"""What clients add, one after the other."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from time import monotonic

import orjson

from es_jina.providers.base import Tokenizer
from es_jina.server.answering import unexpected
from es_jina.server.refused import BUSY, RefusedError
from es_jina.server.web.added_source import AddedSource
from es_jina.server.web.addition import Addition, Event
from es_jina.server.web.served import ServedIndex, ServedIndices

# Beside the one that is ingested: what they send is in memory.
_WAITING = 4
_RETRY_AFTER = 10  # seconds
# How often a client is told of what has changed, and at the latest of what has not: a proxy may end
# a connection on which nothing comes.
_LOOK_SECONDS = 0.2
_QUIET_SECONDS = 15.0


class Additions:
    """Ingests one source at a time; a few more may wait."""

    def __init__(self, indices: ServedIndices, open_tokenizer: Callable[[], Tokenizer]) -> None:
        """Prepare.

        Args:
            indices: that sources are added to.
            open_tokenizer: of the model; called once, with the first text.
        """
        self._indices = indices
        self._open_tokenizer = cache(open_tokenizer)
        self._pool = ThreadPoolExecutor(1, "es-jina-add")
        self._places = threading.Semaphore(1 + _WAITING)
        self._present: set[Addition] = set()
        self._closed = False

    async def add(self, index: str | None, source: AddedSource) -> AsyncIterator[bytes]:
        """Begin to add a source; return the lines that tell of it, to the last one.

        Who leaves before that has it ended.

        Args:
            index: its name; ``None`` for the one that there is.
            source: what to add.

        Raises:
            RefusedError: there is no such index, or too many wait already.
        """
        name = (await self._indices.get(index)).name
        if self._closed:
            raise _busy("the server is about to end")
        if not self._places.acquire(blocking=False):
            raise _busy("too many files are being added already")
        opened = partial(self._open, name, asyncio.get_running_loop())
        addition = Addition(opened, source, self._open_tokenizer)
        self._present.add(addition)
        running = self._pool.submit(addition.run)
        running.add_done_callback(lambda _: self._left(addition))
        return _lines(addition, running)

    def close(self) -> None:
        """End what is being added, and wait for that; from another thread than the event loop's."""
        self._closed = True
        for each in tuple(self._present):
            each.stop()
        self._pool.shutdown(cancel_futures=True)

    def _open(self, name: str, loop: asyncio.AbstractEventLoop) -> ServedIndex:
        """Return an index as it is now; called in the thread that adds."""
        return asyncio.run_coroutine_threadsafe(self._indices.refreshed(name), loop).result()

    def _left(self, addition: Addition) -> None:
        self._present.discard(addition)
        self._places.release()


async def _lines(addition: Addition, running: Future[Event]) -> AsyncIterator[bytes]:
    """Tell how an addition goes and ends."""
    ended = asyncio.wrap_future(running)
    told, since = None, 0.0
    try:
        while not ended.done():
            event = addition.progress
            if event != told or monotonic() - since > _QUIET_SECONDS:
                told, since = event, monotonic()
                yield _line(event)
            await asyncio.wait([ended], timeout=_LOOK_SECONDS)
        yield _line(_end(addition, ended))
    finally:
        # One that waits still is dropped; one that has ended is not changed by this.
        if not running.cancel():
            addition.stop()


def _end(addition: Addition, ended: asyncio.Future[Event]) -> Event:
    """Return the last event."""
    try:
        return ended.result()
    except asyncio.CancelledError:
        return addition.failed("the server is about to end: add it again later")
    except Exception as error:
        return addition.failed(unexpected(error).detail)


def _line(event: Event) -> bytes:
    return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)


def _busy(why: str) -> RefusedError:
    return RefusedError(429, f"{why}: send this one again later", BUSY, retry_after=_RETRY_AFTER)
