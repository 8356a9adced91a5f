"""Stages that work ahead of each other, by no more than memory allows."""

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_LEAVING_SECONDS = 5.0


class Ahead(Generic[T]):
    """Runs an iterable in a thread of its own and hands its items on, in order.

    The thread waits while the items that nobody has taken yet weigh `most` or more. What it raises
    is raised by :meth:`take`.
    """

    def __init__(
        self, items: Iterable[T], most: int, weigh: Callable[[T], int] = lambda _: 1
    ) -> None:
        """Start the thread.

        Args:
            items: made in the thread.
            most: how much may wait, in the unit of `weigh`.
            weigh: what an item counts.
        """
        self._items = items
        self._most = most
        self._weigh = weigh
        self._ready: deque[tuple[T, int]] = deque()
        self._weight = 0
        self._error: BaseException | None = None
        self._ended = self._closed = False
        self._changed = threading.Condition()
        # With our context, so that spans of the thread belong to the one that is open here.
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._run,), name="es-jina-ahead", daemon=True
        )
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        while taken := self.take():
            yield from taken

    def take(self, most: int | None = None) -> list[T]:
        """Wait for an item and return it with those that are ready behind it.

        Args:
            most: the weight to stop at; an item that is heavier comes alone.

        Returns:
            Nothing where no more will come, or where it was abandoned.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended or self._closed)
            if self._closed:
                return []
            if not self._ready and self._error is not None:
                raise self._error
            taken: list[T] = []
            total = 0
            while self._ready and not (taken and most and total + self._ready[0][1] > most):
                item, weight = self._ready.popleft()
                taken.append(item)
                total += weight
            self._weight -= total
            self._changed.notify_all()
            return taken

    @property
    def empty(self) -> bool:
        """Whether the next :meth:`take` would have to wait."""
        return not self._ready and not self._ended

    def abandon(self) -> None:
        """Have nothing more made or handed on; from any thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def close(self) -> None:
        """Stop the thread after the item that it is at, and wait a little for that.

        It may be waiting for somebody else, such as for more of standard input.
        """
        self.abandon()
        self._thread.join(_LEAVING_SECONDS)

    def _run(self) -> None:
        iterator = iter(self._items)
        try:
            for item in iterator:
                if not self._put(item):
                    break
        except BaseException as error:
            self._error = error
        finally:
            # A generator's own clean-up belongs to the thread that ran it.
            close = getattr(iterator, "close", None)
            if close is not None:
                close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _put(self, item: T) -> bool:
        """Hand an item on; false where nobody wants more."""
        weight = self._weigh(item)
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._weight < self._most)
            if self._closed:
                return False
            self._ready.append((item, weight))
            self._weight += weight
            self._changed.notify_all()
            return True


def started_early(items: Iterable[T], start: Callable[[T], R], ahead: int) -> Iterator[tuple[T, R]]:
    """Yield items in order with what `start` returned for them, started up to `ahead` turns early.

    For work that goes on elsewhere, such as in a pool of processes.
    """
    waiting: deque[tuple[T, R]] = deque()
    for item in items:
        waiting.append((item, start(item)))
        if len(waiting) > ahead:
            yield waiting.popleft()
    yield from waiting
