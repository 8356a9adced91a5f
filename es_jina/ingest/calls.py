"""Calls of the provider, one or several at once, the answers in the order of the batches."""

import contextvars
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from es_jina.ingest.batches import FIRST_TOKENS, LEAST_TOKENS, BatchSize
from es_jina.ingest.embedder import Result
from es_jina.ingest.units import Loaded
from es_jina.telemetry import span

Embed = Callable[[Sequence[Loaded]], list[Result]]


class _Timed(NamedTuple):
    results: list[Result]
    seconds: float


class _Call(NamedTuple):
    batch: Sequence[Loaded]
    size: int  # of a batch, when this one was put together
    answer: Future[_Timed]


class Calls:
    """Works on batches in threads of its own; for one thread to begin them and to wait for them."""

    def __init__(self, embed: Embed, at_once: int) -> None:
        """Prepare; no thread is started yet.

        Args:
            embed: embeds one batch, from any thread.
            at_once: how many batches are worked on at a time.
        """
        self._embed = embed
        self._at_once = at_once
        # A service that works on several makes them wait where it is busy: smaller ones would only
        # be more of them, and it counts requests too.
        self._size = BatchSize(least=1 if at_once == 1 else FIRST_TOKENS)
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="es-jina-embed")
        self._begun: deque[_Call] = deque()

    def __bool__(self) -> bool:
        """Whether any call is begun and not waited for."""
        return bool(self._begun)

    @property
    def full(self) -> bool:
        """Whether no further call may be begun before the oldest is waited for."""
        return len(self._begun) >= self._at_once

    @property
    def tokens(self) -> int:
        """How much the next batch should hold."""
        return self._size.tokens

    def begin(self, batch: Sequence[Loaded]) -> None:
        """Have a batch embedded."""
        # With our context, so that spans of the thread belong to the one that is open here.
        context = contextvars.copy_context()
        answer = self._pool.submit(context.run, self._timed, batch)
        self._begun.append(_Call(batch, self._size.tokens, answer))

    def oldest(self) -> tuple[Sequence[Loaded], list[Result]]:
        """Wait for the call that was begun first of those that are left.

        Returns:
            Its batch and what came of each unit.

        Raises:
            ProviderError, RequestError: it failed as a whole; the call is no longer among these.
        """
        batch, size, answer = self._begun.popleft()
        results, seconds = answer.result()
        tokens = sum(max(item.unit.tokens, LEAST_TOKENS) for item in batch)
        self._size.learn(size, tokens, seconds)
        return batch, results

    def close(self) -> None:
        """Drop what is not begun, and wait for the rest: somebody will close the provider."""
        self._pool.shutdown(cancel_futures=True)

    def _timed(self, batch: Sequence[Loaded]) -> _Timed:
        start = time.monotonic()
        with span("es_jina.embed", units=len(batch)):
            results = self._embed(batch)
        return _Timed(results, time.monotonic() - start)
