"""An event loop in a thread of its own: how code that waits calls code that does not."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from es_jina.errors import RequestError

T = TypeVar("T")
Last = Callable[[], Coroutine[Any, Any, None]]

CLOSED = "the provider is closed: open another"
FORKED = "the provider was opened in another process: open one in each"

_LEAVING_SECONDS = 5.0


class LoopThread:
    """Runs coroutines for any number of threads; it ends with the program, closed or not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = True
        self._last: Last | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="es-jina-hosted", daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return what it does; interrupted, it is cancelled.

        Raises:
            CancelledError: the loop was closed before it ended.
        """
        future = self._submit(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self, last: Last) -> None:
        """Cancel what runs, stop the loop and end the thread.

        Args:
            last: what is run in it at the end.
        """
        with self._lock:
            self._open = False
            self._last = last
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_LEAVING_SECONDS)

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        with self._lock:
            if self._open:
                return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        coroutine.close()
        raise CancelledError

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            if left:
                self._loop.run_until_complete(asyncio.wait(left))
            if self._last:
                self._loop.run_until_complete(self._last())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


class LazyLoop:
    """A loop thread that starts with the first call; any number of threads may share it."""

    def __init__(self) -> None:
        self._opening = threading.Lock()
        self._loop: LoopThread | None = None
        self._process = 0
        self._closed = False

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return what it does.

        Raises:
            RequestError: it was closed, or another process started it.
        """
        with self._opening:
            if self._closed:
                coroutine.close()
                raise RequestError(CLOSED)
            if self._loop is not None and self._process != os.getpid():
                coroutine.close()
                raise RequestError(FORKED)
            self._loop, self._process = self._loop or LoopThread(), os.getpid()
            loop = self._loop
        try:
            return loop.call(coroutine)
        except CancelledError:
            raise RequestError(CLOSED) from None

    def close(self, last: Last) -> None:
        """End the thread, if there is one.

        Args:
            last: what is run in it before.
        """
        with self._opening:
            loop, self._loop, self._closed = self._loop, None, True
        if loop is not None:
            loop.close(last)
