"""Threads for what waits for another server: as many as there are, whoever hangs up."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from es_jina.server.refused import BUSY, RefusedError

T = TypeVar("T")

RETRY_AFTER = 5  # seconds


class Threads:
    """Runs calls in a fixed number of threads; for one event loop."""

    def __init__(
        self,
        number: int,
        waiting: int,
        patience: float,
        calls: str = "requests to Elasticsearch",
    ) -> None:
        """Prepare.

        Args:
            number: of calls at the same time.
            waiting: how many more may wait for a thread.
            patience: how long each of them waits, in seconds.
            calls: what they are, for people.
        """
        # Not asyncio's own: others would wait for a thread there.
        self._pool = ThreadPoolExecutor(number)
        self._free = asyncio.Semaphore(number)
        self._may_wait = waiting
        self._patience = patience
        self._calls = calls

    async def run(self, call: Callable[[], T]) -> T:
        """Return what a call returns.

        Cancelled, a call that waits is dropped. One that runs cannot be ended: it keeps its thread
        until it ends by itself.

        Raises:
            RefusedError: too many wait already, or no thread was free in time.
        """
        await self._thread()
        running = asyncio.get_running_loop().run_in_executor(self._pool, call)
        running.add_done_callback(lambda _: self._free.release())
        return await asyncio.shield(running)

    async def _thread(self) -> None:
        if self._free.locked() and not self._may_wait:
            raise self._busy()
        self._may_wait -= 1
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError as error:
            raise self._busy() from error
        finally:
            self._may_wait += 1

    def _busy(self) -> RefusedError:
        told = f"too many {self._calls} at once: ask again in {RETRY_AFTER} seconds"
        return RefusedError(429, told, BUSY, retry_after=RETRY_AFTER)
