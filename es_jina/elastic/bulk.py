"""Writing in bulk: several requests at a time, patient with a busy cluster, exact in failing."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

import orjson
from elasticsearch import ApiError, Elasticsearch, TransportError

from es_jina.elastic.bulk_request import BulkRequest, grouped
from es_jina.elastic.pace import Pace
from es_jina.elastic.patience import is_transient, may_pass, pauses

MAX_BYTES = 10_000_000  # of one request
MAX_ACTIONS = 1_000  # of one request: its answer and a retry stay small
IN_FLIGHT = 3  # requests: a node of 512 MB heap takes so many of that size
RETRY_FOR = 120.0  # seconds of patience with one request
_ID_BYTES = 512  # of the longest id
# All that is read of an answer; its items are in the order of the actions, so not even their ids.
_ANSWER = "errors,items.*.status,items.*.error"
# Elasticsearch reads lines under this name too, and under it the client sends them uncopied.
_HEADERS = {"accept": "application/json", "content-type": "application/json"}
_JSON = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True, slots=True)
class Action:
    """One document to index, or to delete where it has no document."""

    id: str
    document: dict[str, Any] | None
    routing: str | None = None

    def lines(self) -> bytes:
        """Return the action as the lines of a bulk request.

        Raises:
            ValueError: it cannot be written as JSON, or Elasticsearch would refuse the whole
                request for its id.
        """
        try:
            if not 1 <= len(self.id.encode()) <= _ID_BYTES:
                raise ValueError(f"the id has to have 1 to {_ID_BYTES} bytes")
            about = {"_id": self.id}
            if self.routing is not None:
                about["routing"] = self.routing
            if self.document is None:
                return orjson.dumps({"delete": about}, option=_JSON)
            head = orjson.dumps({"index": about}, option=_JSON)
            return head + orjson.dumps(self.document, option=_JSON)
        except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
            raise ValueError(f"cannot be written as JSON: {error}") from error


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one action.

    Attributes:
        id: of the document.
        error: ``None`` when it was done.
        gave_up: whether it failed for no fault of its own: patience ended, or the index is gone.
    """

    id: str
    error: str | None
    gave_up: bool = False


@dataclass(frozen=True, slots=True)
class _Told:
    """What one answer says: what is decided, and why the rest is to be tried again."""

    outcomes: Sequence[Outcome]
    again: dict[str, str] = field(default_factory=dict)
    busy: bool = False


@dataclass(slots=True)
class _Result:
    """What became of one request; `error` where the part without an outcome was refused whole."""

    outcomes: deque[Outcome] = field(default_factory=deque)
    error: Exception | None = None


class BulkWriter:
    """Writes actions to one index; close it, or use it as a context manager.

    All but :meth:`hurry` is for one thread. Memory holds at most `in_flight` requests and the one
    that is being put together.

    Args:
        client: of the cluster.
        index: or an alias with one index behind it.
        retry_for: seconds of patience with one request, from its first failure.
        in_flight: requests at a time.
        require_alias: refuse to write where there is no alias of that name. Elasticsearch would
            make an index of it, with fields as it guesses them.
        pipeline: that documents go through in place of the index's default one; ``_none`` for none.
        sleep: makes the pauses; by default they end when :meth:`hurry` or :meth:`close` is called.
    """

    def __init__(
        self,
        client: Elasticsearch,
        index: str,
        *,
        retry_for: float = RETRY_FOR,
        in_flight: int = IN_FLIGHT,
        require_alias: bool = False,
        pipeline: str | None = None,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        # Patience is kept here alone: the client's own retries come at once, without a pause.
        self._client = client.options(max_retries=0)
        self._index = index
        self._retry_for = retry_for
        self._in_flight = in_flight
        self._params: dict[str, Any] = {"filter_path": _ANSWER, "require_alias": require_alias}
        if pipeline is not None:
            self._params["pipeline"] = pipeline
        self._pool = ThreadPoolExecutor(in_flight, thread_name_prefix="es-jina-bulk")
        self._running: dict[Future[_Result], frozenset[str]] = {}
        self._ended: deque[_Result] = deque()
        self._pace = Pace(in_flight, MAX_BYTES)
        self._hurried = threading.Event()
        self._sleep: Callable[[float], object] = sleep or self._hurried.wait

    def write(self, actions: Iterable[Action]) -> Iterator[Outcome]:
        """Write actions and wait for all of them; see :meth:`submit`."""
        yield from self.submit(actions)
        yield from self.drain()

    def submit(self, actions: Iterable[Action]) -> Iterator[Outcome]:
        """Send actions in requests of at most :data:`MAX_BYTES`, a few of them at a time.

        Returns when the last one is on its way; waits only while `in_flight` requests are.

        Yields:
            One outcome for each action that is done by then, in order of completion; those of
            earlier calls among them. What may pass (429, 502-504, lost connections, an index that
            is read-only for now) is tried again with growing pauses, 429 with fewer requests at a
            time; other refusals are final. A request that is too large is split, and later ones
            are smaller. Of two actions with one id the later wins.

        Raises:
            elasticsearch.ApiError, elasticsearch.TransportError: a whole request, of this call or
                an earlier one, was refused for good or for longer than patience lasts. What it had
                got done before is yielded first, nothing more is sent by this call, and what
                becomes of the other requests is told by the next one.
        """
        for request in grouped(self._lines(actions), lambda: self._pace.size, MAX_ACTIONS):
            yield from self._start(request)
        yield from self._handed_out()

    def poll(self) -> Iterator[Outcome]:
        """Yield what is done by now, without waiting; raises as :meth:`submit` does."""
        yield from self._collected(timeout=0)

    def drain(self) -> Iterator[Outcome]:
        """Wait for everything that is in flight; yields and raises as :meth:`submit` does."""
        while self._running or self._ended:
            yield from self._collected()

    def hurry(self) -> None:
        """End all pauses, from any thread.

        What is refused for now is tried once more at most, what is submitted later once.
        """
        self._hurried.set()

    def close(self) -> None:
        """Hurry, and wait for what is under way; :meth:`drain` tells what became of it."""
        self.hurry()
        self._pool.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _lines(self, actions: Iterable[Action]) -> Iterator[tuple[str, bytes]]:
        for action in actions:
            try:
                yield action.id, action.lines()
            except ValueError as error:
                failed = Outcome(action.id, str(error))
                self._ended.append(_Result(deque([failed])))

    def _start(self, request: BulkRequest) -> Iterator[Outcome]:
        ids = frozenset(request.ids)
        # Two requests with one id would race.
        while len(self._running) >= self._in_flight or any(
            not ids.isdisjoint(others) for others in self._running.values()
        ):
            yield from self._collected()
        self._running[self._pool.submit(self._sent, request)] = ids

    def _collected(self, timeout: float | None = None) -> Iterator[Outcome]:
        """Wait for at least one request, then hand out what has become of all that ended."""
        done, _ = wait(self._running, timeout, return_when=FIRST_COMPLETED)
        for request in [running for running in self._running if running in done]:
            del self._running[request]
            self._ended.append(request.result())
        yield from self._handed_out()

    def _handed_out(self) -> Iterator[Outcome]:
        """Hand out what is known; what a caller leaves because it stops comes the next time."""
        while self._ended:
            result = self._ended[0]
            while result.outcomes:
                yield result.outcomes.popleft()
            self._ended.popleft()
            if result.error is not None:
                raise result.error

    def _sent(self, request: BulkRequest) -> _Result:
        """Send a request until each of its actions is decided, or patience ends."""
        result = _Result()
        waits = pauses(self._retry_for)
        start = time.monotonic()
        while True:
            last_try = self._hurried.is_set()
            try:
                told = self._tried(request)
            except (ApiError, TransportError) as error:
                if isinstance(error, ApiError) and error.status_code == 413:
                    return self._split(request, result)
                if last_try or not is_transient(error) or not self._paused(waits):
                    self._refused(request, result, error, hurried=last_try)
                    return result
                continue
            result.outcomes += told.outcomes
            if told.again and (last_try or not self._paused(waits)):
                seconds = time.monotonic() - start
                for ident, why in told.again.items():
                    told_why = f"{why}; tried for {seconds:.0f} s"
                    gave_up = last_try or not _is_heavy(request)
                    result.outcomes.append(Outcome(ident, told_why, gave_up=gave_up))
                return result
            if not told.again:
                return result
            request = request.only(told.again)

    def _refused(
        self, request: BulkRequest, result: _Result, error: Exception, *, hurried: bool
    ) -> None:
        """Note that a request was refused whole, which may be a matter of its one document."""
        busy = isinstance(error, ApiError) and error.status_code == 429
        if busy and _is_heavy(request) and not hurried:
            why = f"429: its {len(request.body):,} bytes are more than the cluster takes at a time"
            result.outcomes.append(Outcome(request.ids[0], why))
        else:
            result.error = error

    def _paused(self, waits: Iterator[float]) -> bool:
        """Make the next pause; False when there is none, as patience has ended."""
        pause = next(waits, None)
        if pause is not None:
            self._sleep(pause)
        return pause is not None

    def _tried(self, request: BulkRequest) -> _Told:
        """Send a request once."""
        with self._pace.turn() as turn:
            try:
                answer = self._client.perform_request(
                    "POST",
                    f"/{quote(self._index, safe='')}/_bulk",
                    params=self._params,
                    headers=_HEADERS,
                    body=request.body,
                    endpoint_id="bulk",
                    path_parts={"index": self._index},
                )
            except ApiError as error:
                turn.busy = error.status_code == 429
                raise
            told = _told(answer, request.ids)
            turn.busy = told.busy
            return told

    def _split(self, request: BulkRequest, result: _Result) -> _Result:
        """Send a request that was too large in parts; a single document fails alone."""
        size = len(request.body)
        self._pace.too_large(size)
        if len(request.ids) == 1:
            why = f"413: {size:,} bytes are too many; raise the cluster's http.max_content_length"
            result.outcomes.append(Outcome(request.ids[0], why))
            return result
        for piece in request.pieces(min(self._pace.size, size // 2)):
            sent = self._sent(piece)
            result.outcomes += sent.outcomes
            if sent.error is not None:
                result.error = sent.error
                break
        return result


def _told(answer: Any, ids: Sequence[str]) -> _Told:
    """Read an answer, whose items are in the order of the actions."""
    if not answer["errors"]:
        return _Told([Outcome(ident, None) for ident in ids])
    outcomes, again, statuses = [], {}, set()
    for ident, item in zip(ids, answer["items"], strict=True):
        (said,) = item.values()
        status, error = said["status"], said.get("error")
        statuses.add(status)
        # Without an error, 404 says that the document to delete was gone already.
        why = error and f"{status}: {_cause(error)}"
        if why and may_pass(status, error):
            again[ident] = why
        else:
            gone = bool(error) and error.get("type") == "index_not_found_exception"
            outcomes.append(Outcome(ident, why, gave_up=gone))
    return _Told(outcomes, again, busy=429 in statuses)


def _is_heavy(request: BulkRequest) -> bool:
    """Say whether a request is one document that is larger than requests are.

    Elasticsearch gives a tenth of its heap to what is being written, and a document may take there
    several times its bytes: such a one can be refused for ever, by a node that takes all others.
    """
    return len(request.body) > MAX_BYTES


def _cause(error: dict[str, Any]) -> str:
    while isinstance(error.get("caused_by"), dict):
        error = error["caused_by"]
    return " ".join(str(error.get("reason") or error.get("type")).split())[:400]
