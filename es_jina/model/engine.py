"""Runs jobs on every device: prepares ahead, computes, reads back, and survives a full memory."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch

from es_jina.embedding import Vector
from es_jina.errors import ItemError, ProviderError, first_line
from es_jina.model.batching import Budget, Cost, grouped
from es_jina.model.jina_v4 import Fetched, JinaV4, Output
from es_jina.model.rows import Row, RowBuilder


@dataclass(frozen=True, slots=True)
class Job:
    """One row to run.

    Attributes:
        number: the caller's number for it.
        cost: what it takes in a forward pass.
        row: the row, or what makes it in a worker thread; that may raise an :class:`ItemError`.
    """

    number: int
    cost: Cost
    row: Row | Callable[[], Row]


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a row gave.

    Attributes:
        row: the row, without its patches.
        means: float32 of shape (pools, hidden), not normalised.
        multi: float32 of shape (tokens, 128), or ``None``.
    """

    row: Row
    means: Vector
    multi: Vector | None


Ready = list[tuple[int, Row]]
Done = dict[int, Result | ItemError]


class Engine:
    """Spreads batches over networks that hold the same weights on different devices."""

    def __init__(self, networks: Sequence[JinaV4], rows: RowBuilder) -> None:
        self.budget = Budget.of_device(networks[0].device.type)
        self._rows = rows
        # One forward pass at a time on a device: two would need twice the memory.
        self._networks = [(network, threading.Lock()) for network in networks]
        self._pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="es-jina-prepare")

    def run(self, jobs: Sequence[Job], *, multi: bool) -> Done:
        """Run all jobs.

        Args:
            jobs: in any order.
            multi: whether the multi-vectors are wanted.

        Returns:
            What each job gave, by its number.

        Raises:
            ProviderError: a device failed.
        """
        done: Done = {}
        feed = _Shared(self._prepared(jobs, done))
        workers = [
            _Worker(network, lock, self._rows, self.budget, done, multi=multi)
            for network, lock in self._networks
        ]
        if len(workers) == 1:
            workers[0].work(feed)
            return done
        with ThreadPoolExecutor(len(workers), thread_name_prefix="es-jina-device") as pool:
            for running in [pool.submit(worker.work, feed) for worker in workers]:
                running.result()
        return done

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _prepared(self, jobs: Sequence[Job], done: Done) -> Iterator[Ready]:
        """Yield groups of rows that are ready to run; the next ones are being prepared."""
        ahead = len(self._networks) + 1
        waiting: deque[list[tuple[int, Row | Future[Row]]]] = deque()
        for group in grouped([job.cost for job in jobs], self.budget):
            waiting.append([(jobs[index].number, self._start(jobs[index])) for index in group])
            if len(waiting) > ahead:
                yield _collected(waiting.popleft(), done)
        while waiting:
            yield _collected(waiting.popleft(), done)

    def _start(self, job: Job) -> "Row | Future[Row]":
        return job.row if isinstance(job.row, Row) else self._pool.submit(job.row)


class _Shared:
    """An iterator that several threads may draw from."""

    def __init__(self, items: Iterator[Ready]) -> None:
        self._items = items
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Ready]:
        return self

    def __next__(self) -> Ready:
        with self._lock:
            return next(self._items)


class _Worker:
    """Runs groups on one device; while that computes one batch, the next is being laid out."""

    def __init__(
        self,
        network: JinaV4,
        lock: threading.Lock,
        rows: RowBuilder,
        budget: Budget,
        done: Done,
        *,
        multi: bool,
    ) -> None:
        self._network = network
        self._lock = lock
        self._rows = rows
        self._budget = budget
        self._done = done
        self._multi = multi
        self._queued: deque[tuple[Ready, Fetched]] = deque()

    def work(self, feed: _Shared) -> None:
        """Run all groups that the feed gives to this worker.

        Raises:
            ProviderError: the device failed.
        """
        try:
            for group in feed:
                if group:
                    self._launch(group)
                    while len(self._queued) > 1:
                        self._read_back()
            while self._queued:
                self._read_back()
        except RuntimeError as error:
            raise ProviderError(
                f"the model failed on {self._network.device} ({first_line(error)})"
            ) from error

    def _launch(self, group: Ready) -> None:
        """Queue a group; where the memory is too small for it, its halves."""
        output = self._forward(group)
        if output is not None:
            self._queued.append((group, output.fetch()))
            return
        while self._queued:  # results that wait on the device take memory too
            self._read_back()
        costs = [_cost(row) for _, row in group]
        if len(group) == 1:
            self._done[group[0][0]] = ItemError(
                f"the memory of {self._network.device} is too small for this input of "
                f"{costs[0].tokens:,} tokens: give it fewer pixels (max_pixels) or a shorter text"
            )
            return
        self._budget.lower(costs)
        half = len(group) // 2
        self._launch(group[:half])
        self._launch(group[half:])

    def _forward(self, group: Ready) -> Output | None:
        """Return the output, or ``None`` where the memory is too small.

        The error is gone when this returns, and with it the frames that hold half a batch.
        """
        try:
            batch = self._rows.batch([row for _, row in group])
            with self._lock:
                return self._network.forward(batch, multi=self._multi)
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
        if self._network.device.type == "cuda":
            torch.cuda.empty_cache()
        return None

    def _read_back(self) -> None:
        group, fetched = self._queued.popleft()
        means, multi = fetched()
        pool = token = 0
        for number, row in group:
            pools, tokens = len(row.pools), len(row.input_ids)
            # Copies: one result that is kept must not keep the whole batch.
            self._done[number] = Result(
                replace(row, patches=None),  # by far the largest part of it
                means[pool : pool + pools].copy(),
                None if multi is None else multi[token : token + tokens].copy(),
            )
            pool, token = pool + pools, token + tokens


def _collected(group: Sequence[tuple[int, "Row | Future[Row]"]], done: Done) -> Ready:
    """Wait for the rows of a group; those that could not be made are done."""
    ready: Ready = []
    for number, row in group:
        try:
            ready.append((number, row.result() if isinstance(row, Future) else row))
        except ItemError as error:
            done[number] = error
    return ready


def _cost(row: Row) -> Cost:
    return Cost(len(row.input_ids), 0 if row.patches is None else len(row.patches.pixels))


def _out_of_memory(error: Exception) -> bool:
    said = str(error)
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        words in said for words in ("out of memory", "can't allocate memory", "not enough memory")
    )
