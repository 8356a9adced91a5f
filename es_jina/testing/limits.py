"""The limits of an API key, and the gate that keeps them."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from es_jina.testing.answers import (
    Answer,
    RefusedError,
    concurrency_limit,
    request_limit,
    token_limit,
)


@dataclass(frozen=True)
class StubLimits:
    """What the stub refuses; ``None`` is no limit.

    Attributes:
        items: of one request (422).
        tokens_per_request: that the model reads, over all items of a request (400).
        item_tokens: that the model reads of one item (400, or cut where the request says
            ``truncate``); the model's own by default: 32,768, 8,194, or with the query
            10,240 for the reranker.
        image_bytes: of one image in base64 (400).
        concurrency: requests at one time (429).
        requests_per_minute: requests within a window (429).
        tokens_per_minute: billed tokens within a window (429).
        window_seconds: the "minute" of the two.
        window: ``sliding`` looks back from each request, ``fixed`` begins anew with each window.
        headers: whether answers carry ``X-RateLimit-Remaining-Requests`` and ``-Tokens``, for the
            limits that there are.
        retry_after: seconds for the ``Retry-After`` of a 429; the API sends none.
    """

    items: int = 512
    tokens_per_request: int | None = 32_768
    item_tokens: int | None = None
    image_bytes: int = 8_000_000
    concurrency: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    window_seconds: float = 60.0
    window: Literal["sliding", "fixed"] = "sliding"
    headers: bool = True
    retry_after: float | None = None


class _Window:
    """What was let through lately; a refused request takes nothing."""

    def __init__(self, limit: int | None, limits: StubLimits) -> None:
        self.limit = limit
        self._seconds = limits.window_seconds
        self._fixed = limits.window == "fixed"
        self._taken: deque[tuple[float, int]] = deque()
        self._sum = 0

    def used(self) -> int:
        now = time.monotonic()
        since = now - now % self._seconds if self._fixed else now - self._seconds
        while self._taken and self._taken[0][0] <= since:
            self._sum -= self._taken.popleft()[1]
        return self._sum

    def with_more(self, amount: int) -> int | None:
        """Return what it would hold with so much more; ``None`` where that is allowed."""
        wanted = self.used() + amount
        return None if self.limit is None or wanted <= self.limit else wanted

    def take(self, amount: int) -> None:
        if self.limit is not None:
            self._taken.append((time.monotonic(), amount))
            self._sum += amount


class Gate:
    """Lets requests in as long as a key's limits allow; any thread may call it.

    Attributes:
        most: the most requests that were in flight at one time.
    """

    def __init__(self, limits: StubLimits) -> None:
        self.most = 0
        self._limits = limits
        self._lock = threading.Lock()
        self._inside = 0
        self._requests = _Window(limits.requests_per_minute, limits)
        self._tokens = _Window(limits.tokens_per_minute, limits)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a place in flight.

        Raises:
            RefusedError: 429, for the concurrency or the requests of the window.
        """
        with self._lock:
            self._enter()
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1

    def spend(self, tokens: int) -> None:
        """Take billed tokens.

        Raises:
            RefusedError: 429, for the tokens of the window.
        """
        with self._lock:
            if wanted := self._tokens.with_more(tokens):
                limit = self._limits.tokens_per_minute or 0
                raise RefusedError(token_limit(wanted, limit, self._limits.retry_after))
            self._tokens.take(tokens)

    def headers(self) -> dict[str, str]:
        """Return the headers that say what is left."""
        if not self._limits.headers:
            return {}
        windows = {"Requests": self._requests, "Tokens": self._tokens}
        with self._lock:
            return {
                f"X-RateLimit-Remaining-{name}": str(window.limit - window.used())
                for name, window in windows.items()
                if window.limit is not None
            }

    def _enter(self) -> None:
        wanted, allowed = self._inside + 1, self._limits.concurrency
        # Those that are turned away count as well: a client must not have sent them.
        self.most = max(self.most, wanted)
        if allowed is not None and wanted > allowed:
            raise RefusedError(concurrency_limit(wanted, allowed, self._limits.retry_after))
        if too_many := self._requests.with_more(1):
            limit = self._limits.requests_per_minute or 0
            raise RefusedError(request_limit(too_many, limit, self._limits.retry_after))
        self._requests.take(1)
        self._inside = wanted


def with_headers(answer: Answer, headers: dict[str, str]) -> Answer:
    """Return an answer with further headers."""
    return Answer(answer.status, answer.content, {**answer.headers, **headers})
