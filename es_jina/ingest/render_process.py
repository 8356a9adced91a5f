"""A worker process of the renderer: how it is started, given a task and ended."""

import ctypes
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from es_jina.ingest import render_worker
from es_jina.ingest.pdf import PixelBuffer, most_bytes
from es_jina.ingest.render_worker import Settings

R = TypeVar("R")

_STARTING = threading.Lock()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Let what is started not be ended by Ctrl-C, while it starts up as well: we end it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_main() -> Iterator[None]:
    """Keep the main module from workers.

    They would import it again, which fails for a script from stdin, does its work twice where it
    has no guard, and is slow for most; nothing of it is needed.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class _Process(SpawnProcess):
    """A worker's process."""

    def start(self) -> None:
        """Start it so that it neither hears Ctrl-C nor runs the caller's main module."""
        with _STARTING, _deaf_to_interrupts(), _without_main():
            super().start()


class _Context(SpawnContext):
    """Starts processes anew: this one has threads, which a fork would not survive."""

    Process = _Process


_CONTEXT = _Context()


class Slot:
    """One worker at a time, a new one where the last ended, and the memory it draws into."""

    def __init__(self, max_pixels: int, megabytes: int, seconds: float) -> None:
        # Memory behind a file that has no name: it is gone with the last process that knows it.
        self.buffer: PixelBuffer = _CONTEXT.RawArray(ctypes.c_ubyte, most_bytes(max_pixels))
        self._settings = Settings(max_pixels, megabytes, self.buffer)
        self._seconds = seconds
        self._pool: ProcessPool | None = None
        self._running: Future[Any] = Future()
        self._interrupted = False
        self._changing = threading.Lock()

    def run(self, task: Callable[..., R], *arguments: object) -> R:
        """Run a task in the worker.

        Raises:
            CancelledError: interrupted.
            TimeoutError: it took too long; the worker was ended.
            ProcessExpired: the worker crashed.
            BrokenProcessPool: workers end before they begin a task.
        """
        try:
            return self._once(task, *arguments)
        except BrokenProcessPool:
            # The worker was killed between two tasks: not this one's doing.
            return self._once(task, *arguments)

    def _once(self, task: Callable[..., R], *arguments: object) -> R:
        try:
            self._schedule(task, *arguments)
            result: R = self._running.result()
        except (ProcessExpired, BrokenProcessPool):
            self.close()  # what it shared with the worker may be half written, or locked for ever
            raise
        return result

    def _schedule(self, task: Callable[..., object], *arguments: object) -> None:
        with self._changing:
            if self._interrupted:
                raise CancelledError
            try:
                if self._pool is None:
                    self._pool = ProcessPool(
                        1,
                        initializer=render_worker.start,
                        initargs=(self._settings,),
                        context=_CONTEXT,
                    )
                self._running = self._pool.schedule(
                    render_worker.perform, args=(task, *arguments), timeout=self._seconds
                )
            except RuntimeError as error:
                raise BrokenProcessPool(str(error)) from error

    def interrupt(self) -> None:
        """Give up the task that runs, and whatever comes after it; from any thread."""
        with self._changing:
            self._interrupted = True
            self._running.cancel()
            if self._pool is not None:
                self._pool.stop()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """End the worker."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()
