"""Where units of all requests wait to share calls of the provider."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Sequence
from itertools import chain
from math import ceil
from typing import Protocol

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, ProviderError
from es_jina.providers.base import Provider
from es_jina.server.limits import Limits
from es_jina.server.refused import BUSY, RefusedError
from es_jina.server.sizing import Sizing
from es_jina.server.waiting import Answer, Batch, Request, Waiting
from es_jina.server.work import Unit
from es_jina.server.worker import Worker

# Seconds after which a client may come again: the most, and what is said before the first call.
_LONGEST_WAIT = 60
_UNKNOWN_WAIT = 10


class Observer(Protocol):
    """Counts for the metrics; called in the event loop, after the answers are given."""

    def ran(self, waited: Sequence[float], tokens: int, seconds: float) -> None:
        """Hear of a batch.

        Args:
            waited: how many seconds each unit waited for it.
            tokens: of all its units.
            seconds: how long it took.
        """
        ...


class _Nobody:
    def ran(self, waited: Sequence[float], tokens: int, seconds: float) -> None:
        pass


class Queue:
    """Collects units into batches for one thread per provider.

    A thread that is idle takes what is there at once; while it runs, others gather. Its methods
    belong to one event loop.
    """

    def __init__(self, limits: Limits, observer: Observer | None = None) -> None:
        """Begin without workers: what comes waits for :meth:`start`."""
        self._limits = limits
        self._observer = observer or _Nobody()
        # Held for microseconds, by the event loop and by workers between two calls: a worker takes
        # the next batch itself, without a turn of the loop that it would be idle for.
        self._changed = threading.Condition(threading.Lock())
        self._waiting = Waiting()
        self._sizing = Sizing(limits.batch_tokens)
        self._workers: list[Worker] = []
        self._running = 0
        self._draining = False
        self._ended = asyncio.Event()

    @property
    def waiting_units(self) -> int:
        """How many units wait."""
        return self._waiting.units

    @property
    def waiting_tokens(self) -> int:
        """How many tokens wait."""
        return self._waiting.tokens

    def start(self, providers: Sequence[Provider]) -> None:
        """Begin to embed, with one thread for each provider; once.

        Args:
            providers: of one model; they stay the caller's, who closes them after :meth:`drain`.
        """
        if self._draining:
            return
        loop = asyncio.get_running_loop()
        self._workers = [Worker(provider) for provider in providers]
        self._running = len(self._workers)
        for number, worker in enumerate(self._workers):
            threading.Thread(
                target=self._work, args=(worker, loop), name=f"es-jina-queue-{number}", daemon=True
            ).start()

    async def submit(
        self, units: Sequence[Unit], *, interactive: bool
    ) -> list[Embedding | ItemError]:
        """Embed units; cancelled, what still waits of them is dropped.

        Args:
            units: of any kinds.
            interactive: whether somebody sits and waits: goes before all that is not.

        Returns:
            One entry for each input and one for each span of chunks, in order.

        Raises:
            ProviderError: the provider failed, not because of an input.
            RefusedError: too much waits already, or the server is about to end.
        """
        if not units:
            return []
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        request = Request(units, interactive, answered, time.monotonic())
        with self._changed:
            self._admit(request)
            self._changed.notify()
        try:
            return await answered
        finally:
            if request.waits:
                with self._changed:
                    self._waiting.drop(request)

    async def drain(self) -> None:
        """Take nothing new, finish what waits and end the threads.

        What waits for a :meth:`start` that never came is refused.
        """
        with self._changed:
            self._draining = True
            self._changed.notify_all()
            if not self._running:
                self._ended.set()
                for request in self._waiting.requests():
                    if not request.answered.done():
                        request.answered.set_exception(self._ending())
        await self._ended.wait()

    def _admit(self, request: Request) -> None:
        """Let a request wait.

        Queries are measured against queries alone: bulk that fills the queue keeps none out.
        """
        if self._draining:
            raise self._ending()
        tokens = request.tokens
        there = self._waiting.query_tokens if request.interactive else self._waiting.tokens
        over = there + tokens - self._limits.queue_tokens
        if there and over > 0:
            raise RefusedError(
                429,
                f"too much waits already ({there:,} tokens): send this request again later",
                BUSY,
                retry_after=self._seconds(min(over, there)),
            )
        if request.interactive:
            self._sizing.saw_query(tokens / len(request.units), request.since)
        self._waiting.add(request)

    def _ending(self) -> RefusedError:
        return RefusedError(
            429,
            "the server is about to end: send this request again later",
            BUSY,
            retry_after=self._seconds(self._waiting.tokens),
        )

    def _seconds(self, tokens: int) -> int:
        """Return how long the workers need for so much of what waits."""
        batch = self._limits.batch_tokens
        paces = [worker.pace for worker in self._workers if worker.pace.known]
        if not paces:
            return _UNKNOWN_WAIT
        speed = sum(batch / pace.seconds(batch) for pace in paces)
        return max(1, min(_LONGEST_WAIT, ceil(tokens / speed)))

    def _work(self, worker: Worker, loop: asyncio.AbstractEventLoop) -> None:
        """Run batches until the queue is drained; in a thread."""
        while batch := self._next(worker):
            began = time.monotonic()
            answers = worker.run(batch.units)
            seconds = time.monotonic() - began
            # The loop is closed where nobody waited for the end, nor for an answer then.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._deliver, batch, answers, began, seconds)
            del batch, answers  # not kept while this waits for the next
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._end)

    def _next(self, worker: Worker) -> Batch | None:
        """Wait for a batch; ``None`` at the end."""
        with self._changed:
            worker.busy = False
            while not self._waiting.units:
                if self._draining:
                    return None
                self._changed.wait()
            # Idle workers beside this one get their share.
            idle = sum(not each.busy for each in self._workers)
            share = -(-self._waiting.tokens // idle)
            queries = self._sizing.query_tokens(worker.pace)
            bulk = self._sizing.bulk_tokens(worker.pace, time.monotonic())
            batch = self._waiting.take(min(queries, share), min(bulk, share))
            worker.busy = True
            if self._waiting.units:
                self._changed.notify()
            return batch

    def _deliver(
        self,
        batch: Batch,
        answers: Sequence[Answer | ProviderError],
        began: float,
        seconds: float,
    ) -> None:
        """Hand out the answers of a batch; in the event loop."""
        for (request, number), answer in zip(batch.entries, answers, strict=True):
            if request.answered.done():  # its client hung up, or it failed before
                continue
            if isinstance(answer, ProviderError):
                request.answered.set_exception(answer)
                continue
            request.answers[number] = answer
            request.missing -= 1
            if not request.missing:
                request.answered.set_result(list(chain.from_iterable(request.answers)))
        waited = [began - request.since for request, _ in batch.entries]
        self._observer.ran(waited, batch.tokens, seconds)

    def _end(self) -> None:
        self._running -= 1
        if not self._running:
            self._ended.set()
