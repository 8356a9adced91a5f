"""Writing in bulk: several requests at a time, patient with a busy cluster, exact in failing."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import orjson
from elasticsearch import ApiError, ConnectionTimeout, Elasticsearch
from elasticsearch import ConnectionError as EsConnectionError

from es_jina.elastic.client import reason

MAX_BYTES = 10_000_000  # of one request
MAX_ACTIONS = 1_000  # of one request: its answer and a retry stay small
IN_FLIGHT = 3  # requests: a node of 512 MB heap takes so many of that size
RETRY_FOR = 120.0  # seconds of patience with one request
TRANSIENT = frozenset({429, 502, 503, 504})
# Requests that must pass without a 429 before one more is sent at a time.
_CLEAN_RUN = 20
# All that is read of an answer; the rest would be most of it.
_ANSWER = "errors,items.*._id,items.*.status,items.*.error"


@dataclass(frozen=True, slots=True)
class Action:
    """One document to index, or to delete where it has no document."""

    id: str
    document: dict[str, Any] | None

    def lines(self) -> bytes:
        """Return the action as the lines of a bulk request."""
        if self.document is None:
            return orjson.dumps({"delete": {"_id": self.id}}) + b"\n"
        head = orjson.dumps({"index": {"_id": self.id}})
        body = orjson.dumps(self.document, option=orjson.OPT_SERIALIZE_NUMPY)
        return head + b"\n" + body + b"\n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one action: `error` is ``None`` when it was done."""

    id: str
    error: str | None


Group = dict[str, bytes]  # the lines of each id


class BulkWriter:
    """Writes actions to one index; close it, or use it as a context manager."""

    def __init__(
        self, client: Elasticsearch, index: str, sleep: Callable[[float], None] | None = None
    ) -> None:
        # Patience is kept here alone: the client's own retries come at once, without a pause.
        self._client = client.options(max_retries=0)
        self._index = index
        self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="es-jina-bulk")
        self._running: dict[Future[list[Outcome]], Group] = {}
        self._slots = _Slots(IN_FLIGHT)
        self._stopped = threading.Event()
        self._sleep: Callable[[float], object] = sleep or self._stopped.wait

    def write(self, actions: Iterable[Action]) -> Iterator[Outcome]:
        """Write actions and wait for all of them; see :meth:`submit`."""
        yield from self.submit(actions)
        yield from self.drain()

    def submit(self, actions: Iterable[Action]) -> Iterator[Outcome]:
        """Send actions in requests of at most :data:`MAX_BYTES`, a few of them at a time.

        Returns when the last one is on its way; waits only while :data:`IN_FLIGHT` are.

        Yields:
            One outcome for each action that is done by then, in order of completion; those of
            earlier calls among them. Busy answers (429, 502-504) and lost connections are tried
            again with growing pauses, 429 with fewer requests at a time; other refusals are final.
            Of two actions with one id the later wins.

        Raises:
            elasticsearch.ApiError, elasticsearch.TransportError: the cluster stayed away for longer
                than :data:`RETRY_FOR`, or refused the whole request.
        """
        group: Group = {}
        size = 0
        for action in actions:
            try:
                lines = action.lines()
            except orjson.JSONEncodeError as error:
                yield Outcome(action.id, f"cannot be written as JSON: {error}")
                continue
            full = size + len(lines) > MAX_BYTES or len(group) == MAX_ACTIONS
            if action.id in group or (group and full):
                yield from self._start(group)
                group, size = {}, 0
            group[action.id] = lines
            size += len(lines)
        if group:
            yield from self._start(group)

    def drain(self) -> Iterator[Outcome]:
        """Wait for everything that is in flight."""
        while self._running:
            yield from self._finished()

    def close(self) -> None:
        """Wait for what is under way; what was refused for now is tried once more at most."""
        self._stopped.set()
        self._pool.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _start(self, group: Group) -> Iterator[Outcome]:
        # Two requests with one id would race.
        while len(self._running) >= IN_FLIGHT or any(
            not group.keys().isdisjoint(other) for other in self._running.values()
        ):
            yield from self._finished()
        self._running[self._pool.submit(self._sent, group)] = group

    def _finished(self) -> Iterator[Outcome]:
        """Wait for at least one request."""
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        for request in [running for running in self._running if running in done]:
            del self._running[request]
            yield from request.result()

    def _sent(self, group: Group) -> list[Outcome]:
        """Send a request until each of its actions is decided."""
        outcomes: list[Outcome] = []
        deadline = time.monotonic() + RETRY_FOR
        pause = 0.5
        while True:
            last_try = time.monotonic() > deadline or self._stopped.is_set()
            try:
                done, group = self._tried(group, last_try=last_try)
            except ApiError as error:
                if error.status_code == 413:
                    return outcomes + self._halved(group, error)
                if error.status_code not in TRANSIENT or last_try:
                    raise
            except (EsConnectionError, ConnectionTimeout):
                if last_try:
                    raise
            else:
                outcomes += done
            if not group:
                return outcomes
            self._sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
            pause = min(pause * 2, 15.0)

    def _tried(self, group: Group, *, last_try: bool) -> tuple[list[Outcome], Group]:
        """Send a request once; return what is decided, and what is to be tried again."""
        with self._slots.one() as slot:
            # Ready lines: the client passes bytes on as they are, whatever its annotation says.
            operations: Any = list(group.values())
            try:
                answer = self._client.bulk(
                    index=self._index, operations=operations, filter_path=_ANSWER
                )
            except ApiError as error:
                slot.busy = error.status_code == 429
                raise
            done, again = _sorted_out(answer, group, last_try=last_try)
            statuses = (told["status"] for item in answer["items"] for told in item.values())
            slot.busy = 429 in statuses
            return done, again

    def _halved(self, group: Group, error: ApiError) -> list[Outcome]:
        """Send the two halves of a request that was too large; a single document fails alone."""
        if len(group) == 1:
            return [Outcome(next(iter(group)), f"too large for the cluster ({reason(error)})")]
        pairs = list(group.items())
        middle = len(pairs) // 2
        return self._sent(dict(pairs[:middle])) + self._sent(dict(pairs[middle:]))


class _Slot:
    """One request's turn; told whether the cluster was busy."""

    busy = False


class _Slots:
    """How many requests go at a time: half of it when the cluster is busy, slowly more again."""

    def __init__(self, most: int) -> None:
        self._most = self._limit = most
        self._used = self._clean = 0
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[_Slot]:
        slot = _Slot()
        with self._changed:
            self._changed.wait_for(lambda: self._used < self._limit)
            self._used += 1
        try:
            yield slot
        finally:
            with self._changed:
                self._used -= 1
                self._learn(busy=slot.busy)
                self._changed.notify_all()

    def _learn(self, *, busy: bool) -> None:
        self._clean = 0 if busy else self._clean + 1
        if busy:
            self._limit = max(1, self._limit // 2)
        elif self._clean >= _CLEAN_RUN and self._limit < self._most:
            self._limit += 1
            self._clean = 0


def _sorted_out(answer: Any, group: Group, *, last_try: bool) -> tuple[list[Outcome], Group]:
    """Split the answer into outcomes and the part of the group to try again."""
    done, again = [], {}
    for item in answer["items"]:
        ((kind, told),) = item.items()
        ident, status = told["_id"], told["status"]
        # Without an error, 404 says that the document to delete was gone already.
        if status < 300 or (kind == "delete" and status == 404 and "error" not in told):
            done.append(Outcome(ident, None))
        elif status in TRANSIENT and not last_try:
            again[ident] = group[ident]
        else:
            done.append(Outcome(ident, f"{status}: {_cause(told['error'])}"))
    return done, again


def _cause(error: dict[str, Any]) -> str:
    while isinstance(error.get("caused_by"), dict):
        error = error["caused_by"]
    return " ".join(str(error.get("reason") or error.get("type")).split())[:400]
