"""Writing in bulk: bounded requests, patient with a busy cluster, exact about failures."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from elasticsearch import ApiError, ConnectionTimeout, Elasticsearch
from elasticsearch import ConnectionError as EsConnectionError

from es_jina.elastic.client import reason

MAX_BYTES = 5_000_000  # of one request: a node of 512 MB heap takes several such at once
RETRY_FOR = 120.0  # seconds of patience with one request
TRANSIENT = frozenset({429, 502, 503, 504})


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


class BulkWriter:
    """Writes actions to one index."""

    def __init__(
        self, client: Elasticsearch, index: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        # Patience is kept here alone: the client's own retries come at once, without a pause.
        self._client = client.options(max_retries=0)
        self._index = index
        self._sleep = sleep

    def write(self, actions: Iterable[Action]) -> Iterator[Outcome]:
        """Write actions in requests of at most :data:`MAX_BYTES`.

        Yields:
            One outcome for each action, in order of completion. Busy answers (429, 502-504) and
            lost connections are tried again with growing pauses; other refusals are final. Of two
            actions with one id the later wins.

        Raises:
            elasticsearch.ApiError, elasticsearch.TransportError: the cluster stayed away for longer
                than :data:`RETRY_FOR`, or refused the whole request.
        """
        group: dict[str, bytes] = {}
        size = 0
        for action in actions:
            try:
                lines = action.lines()
            except orjson.JSONEncodeError as error:
                yield Outcome(action.id, f"cannot be written as JSON: {error}")
                continue
            if action.id in group or (group and size + len(lines) > MAX_BYTES):
                yield from self._send(group)
                group, size = {}, 0
            group[action.id] = lines
            size += len(lines)
        if group:
            yield from self._send(group)

    def _send(self, group: dict[str, bytes]) -> Iterator[Outcome]:
        deadline = time.monotonic() + RETRY_FOR
        pause = 0.5
        while group:
            # Ready lines: the client passes bytes on as they are, whatever its annotation says.
            operations: Any = list(group.values())
            try:
                answer = self._client.bulk(index=self._index, operations=operations)
            except ApiError as error:
                if error.status_code == 413:
                    yield from self._halved(group, error)
                    return
                if error.status_code not in TRANSIENT or time.monotonic() > deadline:
                    raise
            except (EsConnectionError, ConnectionTimeout):
                if time.monotonic() > deadline:
                    raise
            else:
                done, group = _sorted_out(answer["items"], group, time.monotonic() > deadline)
                yield from done
            if group:
                self._sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
                pause = min(pause * 2, 15.0)

    def _halved(self, group: dict[str, bytes], error: ApiError) -> Iterator[Outcome]:
        """Send the two halves of a request that was too large; a single document fails alone."""
        if len(group) == 1:
            yield Outcome(next(iter(group)), f"too large for the cluster ({reason(error)})")
            return
        pairs = list(group.items())
        middle = len(pairs) // 2
        yield from self._send(dict(pairs[:middle]))
        yield from self._send(dict(pairs[middle:]))


def _sorted_out(
    items: list[dict[str, Any]], group: dict[str, bytes], last_try: bool
) -> tuple[list[Outcome], dict[str, bytes]]:
    """Split the answers into outcomes and the part of the group to try again."""
    done, again = [], {}
    for item in items:
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
