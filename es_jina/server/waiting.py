"""What waits for a worker, and whose turn it is."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from es_jina.embedding import Embedding
from es_jina.errors import ItemError
from es_jina.server.work import Chunks, Kind, Unit

# So many calls with queries in a row while bulk waits, then one with bulk: queries that never end
# leave it a share, and few of them ever meet that call.
_IN_A_ROW = 8

Answer = list[Embedding | ItemError]


@dataclass(slots=True, eq=False)
class Request:
    """Units that one caller waits for.

    Attributes:
        units: what is to be embedded.
        interactive: whether somebody sits and waits.
        answered: what the caller waits on.
        since: when it came, in seconds of the monotonic clock.
        taken: how many units no longer wait.
        ticket: its turn among those that wait.
        answers: one for each unit, as they come.
        missing: how many answers have not come.
    """

    units: Sequence[Unit]
    interactive: bool
    answered: asyncio.Future[Answer]
    since: float
    taken: int = 0
    ticket: int = 0
    answers: list[Answer] = field(init=False)
    missing: int = field(init=False)

    def __post_init__(self) -> None:
        self.missing = len(self.units)
        self.answers = [[]] * self.missing

    @property
    def waits(self) -> bool:
        """Whether any of it still waits."""
        return self.taken < len(self.units)

    @property
    def next(self) -> Unit:
        """The first that waits."""
        return self.units[self.taken]

    @property
    def tokens(self) -> int:
        """Of all that still waits."""
        return sum(unit.tokens for unit in self.units[self.taken :])


@dataclass(frozen=True, slots=True)
class Batch:
    """Units of one kind, for one call, or chunks alone.

    Attributes:
        entries: requests, and which of their units.
        tokens: of all of them.
    """

    entries: list[tuple[Request, int]]
    tokens: int

    @property
    def units(self) -> list[Unit]:
        """The units."""
        return [request.units[number] for request, number in self.entries]


class Waiting:
    """Queries before bulk, and in each the requests in turn. Not thread-safe."""

    def __init__(self) -> None:
        self._queries = _Class()
        self._bulk = _Class()
        self._in_a_row = 0

    @property
    def units(self) -> int:
        """How many units wait."""
        return self._queries.units + self._bulk.units

    @property
    def tokens(self) -> int:
        """How many tokens wait."""
        return self._queries.tokens + self._bulk.tokens

    @property
    def query_tokens(self) -> int:
        """How many tokens of queries wait."""
        return self._queries.tokens

    def requests(self) -> Iterator[Request]:
        """Yield all of whom something waits."""
        yield from self._queries.requests()
        yield from self._bulk.requests()

    def add(self, request: Request) -> None:
        """Let a request wait for its turn."""
        self._class(request).add(request)

    def drop(self, request: Request) -> None:
        """Forget what still waits of a request."""
        if request.waits:
            self._class(request).drop(request)

    def take(self, query_tokens: int, bulk_tokens: int) -> Batch:
        """Take what is next; something must wait.

        Args:
            query_tokens: how many tokens of queries at most; one unit in any case.
            bulk_tokens: how many of bulk.
        """
        if not self._queries.units or (self._bulk.units and self._in_a_row >= _IN_A_ROW):
            self._in_a_row = 0
            return self._bulk.take(bulk_tokens)
        self._in_a_row = self._in_a_row + 1 if self._bulk.units else 0
        return self._queries.take(query_tokens)

    def _class(self, request: Request) -> "_Class":
        return self._queries if request.interactive else self._bulk


class _Class:
    """Requests that have equal rights: one unit of each in turn.

    A request with many inputs shares each call with the small ones that wait beside it.
    """

    def __init__(self) -> None:
        self.units = 0
        self.tokens = 0
        self._tickets = count()
        # A line for what may share a call. Chunks may not; they have one line.
        self._lines: dict[Kind | None, OrderedDict[Request, None]] = {}

    def requests(self) -> Iterator[Request]:
        for line in self._lines.values():
            yield from line

    def add(self, request: Request) -> None:
        self.units += len(request.units)
        self.tokens += request.tokens
        self._queue_up(request)

    def drop(self, request: Request) -> None:
        self.units -= len(request.units) - request.taken
        self.tokens -= request.tokens
        del self._line(request)[request]
        request.taken = len(request.units)

    def take(self, budget: int) -> Batch:
        line = min((line for line in self._lines.values() if line), key=_first_ticket)
        entries: list[tuple[Request, int]] = []
        tokens = 0
        while line:
            request = next(iter(line))
            unit = request.next
            # It does not fit: its turn is the next call's, however large it is.
            if entries and tokens + unit.tokens > budget:
                break
            del line[request]
            entries.append((request, request.taken))
            tokens += unit.tokens
            request.taken += 1
            if request.waits:
                self._queue_up(request)
            if isinstance(unit.content, Chunks):
                break
        self.units -= len(entries)
        self.tokens -= tokens
        return Batch(entries, tokens)

    def _queue_up(self, request: Request) -> None:
        request.ticket = next(self._tickets)
        self._line(request)[request] = None

    def _line(self, request: Request) -> OrderedDict[Request, None]:
        unit = request.next
        key = None if isinstance(unit.content, Chunks) else unit.kind
        return self._lines.setdefault(key, OrderedDict())


def _first_ticket(line: OrderedDict[Request, None]) -> int:
    return next(iter(line)).ticket
