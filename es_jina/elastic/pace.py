"""What a cluster takes: how many requests at a time, and of which size."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Requests that must pass without a 429 before one more is sent at a time.
_CLEAN_RUN = 20


class Turn:
    """One request's turn; told whether the cluster was busy."""

    busy = False


class Pace:
    """Learns from refusals, for several threads.

    Half as many requests go at a time when the cluster is busy, slowly more again. After a request
    that was too large the next ones are at most half its size.

    Args:
        most: requests at a time.
        size: of one request, bytes.
    """

    def __init__(self, most: int, size: int) -> None:
        self.limit = self._most = most
        self.size = size
        self._used = self._clean = 0
        self._changed = threading.Condition()

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Wait until one more request may go, and count it while it is under way."""
        turn = Turn()
        with self._changed:
            self._changed.wait_for(lambda: self._used < self.limit)
            self._used += 1
        try:
            yield turn
        finally:
            with self._changed:
                self._used -= 1
                self._learn(busy=turn.busy)
                self._changed.notify_all()

    def too_large(self, size: int) -> None:
        """Learn that a request of so many bytes was refused for its size."""
        with self._changed:
            self.size = min(self.size, size // 2)

    def _learn(self, *, busy: bool) -> None:
        self._clean = 0 if busy else self._clean + 1
        if busy:
            self.limit = max(1, self.limit // 2)
        elif self._clean >= _CLEAN_RUN and self.limit < self._most:
            self.limit += 1
            self._clean = 0
