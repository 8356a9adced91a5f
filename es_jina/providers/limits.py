"""What a service lets one key do: requests in flight, requests a minute, tokens a minute.

Nobody knows the limits beforehand: they differ from key to key and change. They are learned from
the rate headers of answers and from refusals (429), and tried again slowly while all goes well.
"""

import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile
from math import inf

import anyio

FIRST_IN_FLIGHT = 2.0
# Each request in flight holds up to 8 MB of images.
MOST_IN_FLIGHT = 100
# Rates are counted over the last so many seconds.
SPAN_SECONDS = 60.0
# Of that, how much longer it may be by our clock: a request that waited on its way came later than
# one that did not.
SLACK = 1.01
# What a minute's tokens are shared among at least, where they are few, in requests not too small.
REQUESTS_A_MINUTE = 4
LEAST_TOKENS = 4000
# The first pause of all where a rate is exceeded and nothing tells how long; then twice as long.
FIRST_PAUSE_SECONDS = 2.0
# So often in a row a refusal that names nothing is only waited for. Then a limit is guessed: one
# alone may be a whim of the service, and a guess made early in a minute is far too low.
WHIMS = 2


class Kind(Enum):
    """Which limit a 429 speaks of."""

    CONCURRENCY = "concurrency"
    REQUESTS = "requests"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Excess:
    """What the message of a 429 names: so much would be so far over the limit."""

    current: int
    limit: int


class InFlight:
    """How many requests may be under way at once.

    At first it doubles with every round of answers. Each refused request was one too many: the
    window is then what was in flight without it. From there it grows by one in ten rounds, and by
    one in each round up to where it is known to have worked.
    """

    def __init__(self) -> None:
        self.now = 0
        self._window = FIRST_IN_FLIGHT
        self._proven = 0.0
        self._refused = False

    @property
    def window(self) -> int:
        """How many there may be, at least one."""
        return int(self._window)

    def answered(self, beside: int, *, full: bool) -> None:
        """Learn from an answer to a request that was sent as the `beside`-th in flight.

        Args:
            beside: how many were in flight with it.
            full: whether more would be in flight if they might.
        """
        self._proven = max(self._proven, beside)
        if not full:
            return  # this says nothing of the limit
        if not self._refused:
            grown = 1.0
        else:
            grown = (1.0 if self._window < self._proven else 0.1) / self._window
        self._window = min(self._window + grown, MOST_IN_FLIGHT)

    def refused(self, named: Excess | None) -> None:
        """Learn from a refusal, before the refused request is taken out of what is in flight."""
        self._refused = True
        known = named.limit if named else inf
        self._proven = min(known, max(1.0, self._proven - 0.25))
        fitting = known if self.now > known else self.now - 1
        self._window = max(1.0, min(self._window, fitting))

    def paused(self) -> None:
        """Come back from a pause with fewer: if it was too short, all of them are refused."""
        self._window = min(self._window, max(FIRST_IN_FLIGHT, self._window / 4))


@dataclass(slots=True, eq=False)
class Spending:
    """What one request spends of a rate.

    Attributes:
        at: when it was sent.
        amount: that it spends.
        gone: all that was older than a minute by then.
    """

    at: float
    amount: float
    gone: float


class Rate:
    """How much may be spent within any minute; no limit before one is heard of.

    Attributes:
        limit: as far as is known.
        known: whether the service has named it, or what remains of it.
    """

    def __init__(self) -> None:
        self.limit: float = inf
        self.known = False
        self._spent: deque[Spending] = deque()
        self._total = 0.0
        self._gone = 0.0
        self._named: float = inf
        self._heard_at = -inf
        # From when on a guessed limit is raised.
        self._raise_at = inf

    def spend(self, amount: float, now: float) -> Spending:
        """Count what is being sent."""
        self._forget(now)
        # By the service's clock more may be old.
        old = takewhile(lambda each: each.at <= now - SPAN_SECONDS, self._spent)
        spending = Spending(now, amount, self._gone + sum(each.amount for each in old))
        self._spent.append(spending)
        self._total += amount
        return spending

    def correct(self, spending: Spending, amount: float) -> None:
        """Count something as what it turned out to be."""
        if self._spent and spending.at >= self._spent[0].at:
            self._total += amount - spending.amount
        spending.amount = amount

    def delay(self, amount: float, now: float) -> float:
        """Return in how many seconds so much more may be spent.

        More than the limit itself may be spent once nothing else was for a minute: whether it
        passes is for the service to say.
        """
        self._forget(now)
        total, wait = self._total, 0.0
        for spending in self._spent:
            if total + amount <= self.limit:
                break
            total -= spending.amount
            wait = spending.at + SPAN_SECONDS * SLACK - now
        return wait

    def told(self, remaining: float, spending: Spending, now: float) -> None:
        """Learn how much remained behind a request, as its answer tells."""
        self._forget(now)
        if spending.at < self._heard_at or _is_old(spending, now):
            return  # a later request knows better
        self._heard_at = spending.at
        self.known = True
        if remaining > self._named:
            self._named = inf  # it was raised
        later = takewhile(
            lambda each: each is not spending and each.at >= spending.at, reversed(self._spent)
        )
        # With what has grown older than a minute only since then.
        total = self._total + self._gone - spending.gone - sum(each.amount for each in later)
        # Too much where minutes begin by the service's clock, and one just did: hence `_named`.
        self.limit = min(self._named, total + max(0.0, remaining))

    def answered(self, spending: Spending) -> None:
        """Learn from an answer that told nothing: a little more may be possible.

        After a minute without a refusal twice as much may be.
        """
        if self._heard_at != -inf:
            return
        raised = self.limit + 0.1 * spending.amount
        if spending.at >= self._raise_at:
            raised, self._raise_at = 2 * self.limit, spending.at + SPAN_SECONDS * SLACK
        self.limit = min(self._named, raised)

    def refused(self, amount: float, named: Excess | None, now: float) -> None:
        """Learn from a refusal of so much, which is not counted as spent any more.

        Args:
            amount: that was refused.
            named: by the refusal.
            now: the time.
        """
        self._forget(now)
        if named:
            self.known, self.limit, self._named = True, named.limit, named.limit
            # What we know nothing of, somebody else has spent with this key, lately at worst.
            others = named.current - amount - self._total
            if others > 0:
                self.spend(others, now)
        elif self._total:
            # What had been accepted before is what may be spent.
            self.limit = max(self._total, amount)
            self._raise_at = now + SPAN_SECONDS * SLACK

    def resumes(self, named: Excess | None, now: float) -> None:
        """Learn from a refusal that asks for a pause: behind that a new minute begins.

        Args:
            named: by the refusal.
            now: the time.
        """
        self._forget(now)
        if named:
            # It has accepted more than it names where it counts other minutes than we do.
            self.limit = self._named = max(named.limit, self._total)
            self.known = True
        while self._spent:
            self._drop()

    def _forget(self, now: float) -> None:
        while self._spent and _is_old(self._spent[0], now):
            self._drop()

    def _drop(self) -> None:
        amount = self._spent.popleft().amount
        self._total, self._gone = self._total - amount, self._gone + amount


def _is_old(spending: Spending, now: float) -> bool:
    return spending.at + SPAN_SECONDS * SLACK <= now


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One request that may be sent now.

    Attributes:
        beside: how many are in flight with it.
        request: what it spends of the requests a minute.
        tokens: what it spends of the tokens a minute.
    """

    beside: int
    request: Spending
    tokens: Spending


class Limits:
    """The limits of one key, shared by all that use it in one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Know nothing yet.

        Args:
            clock: seconds that only grow.
        """
        self._clock = clock
        self._in_flight = InFlight()
        self._rates = {Kind.REQUESTS: Rate(), Kind.TOKENS: Rate()}
        self._resume_at = -inf
        self._strikes = 0
        self._struck_at = -inf
        self._waiting = 0
        self._first_come = anyio.Lock()
        self._changed = anyio.Event()

    @property
    def busy(self) -> bool:
        """Whether as many requests are under way, or wait for their turn, as may be in flight."""
        return self._waiting + self._in_flight.now >= self._in_flight.window

    @property
    def pause(self) -> float:
        """The seconds for which nothing is sent."""
        return max(0.0, self._resume_at - self._clock())

    @property
    def most_tokens(self) -> float:
        """The tokens that one request should count at most: large ones would waste a low limit."""
        rate = self._rates[Kind.TOKENS]
        return max(LEAST_TOKENS, rate.limit / REQUESTS_A_MINUTE) if rate.known else inf

    async def room(self) -> None:
        """Wait until another request would not have to wait long for its turn."""
        while self.busy:
            await self._changed.wait()

    @asynccontextmanager
    async def turn(self, tokens: int) -> AsyncIterator[Turn]:
        """Wait for the turn of a request of so many tokens; first come, first served."""
        self._waiting += 1
        try:
            async with self._first_come:
                await self._wait(tokens)
                turn = self._begin(tokens)
        finally:
            self._waiting -= 1
            self._tell()  # others may wait for nothing else than this one's turn
        try:
            yield turn
        finally:
            self._in_flight.now -= 1
            self._tell()

    def answered(self, turn: Turn, told: Mapping[Kind, float], billed: int | None) -> None:
        """Learn from an answer.

        Args:
            turn: of the request.
            told: what its rate headers say remains.
            billed: the tokens that it counts, where it does.
        """
        self._strikes = 0
        full = self._waiting > 0 or self._in_flight.now >= self._in_flight.window
        self._in_flight.answered(turn.beside, full=full)
        if billed is not None:
            self._rates[Kind.TOKENS].correct(turn.tokens, billed)
        for kind, spending in ((Kind.REQUESTS, turn.request), (Kind.TOKENS, turn.tokens)):
            if 0 <= told.get(kind, inf) < inf:  # no limit is said in strange ways, such as -1
                self._rates[kind].told(told[kind], spending, self._clock())
            else:
                self._rates[kind].answered(spending)

    def refused(self, turn: Turn, kind: Kind, named: Excess | None, retry_after: float) -> None:
        """Learn from a 429.

        Args:
            turn: of the request.
            kind: of the limit.
            named: by the refusal.
            retry_after: the seconds that it asks for; 0 for none.
        """
        now = self._clock()
        amount = (turn.request if kind is Kind.REQUESTS else turn.tokens).amount
        # What is refused spends nothing, but is a request where it got past the limit of those.
        self._rates[Kind.TOKENS].correct(turn.tokens, 0.0)
        if kind is not Kind.TOKENS:
            self._rates[Kind.REQUESTS].correct(turn.request, 0.0)
        if kind is Kind.CONCURRENCY:
            self._in_flight.refused(named)
            self.hold(retry_after)
            return
        news = turn.request.at >= self._struck_at  # others that were in flight with it tell none
        if retry_after:
            self._rates[kind].resumes(named, now)
        elif named or (news and self._strikes >= WHIMS):
            self._rates[kind].refused(amount, named, now)
        if news:
            self._struck_at = now
            if retry_after or not named:
                self._in_flight.paused()
            delay = self._rates[kind].delay(amount, now)
            self.hold(retry_after or max(delay, self._longer_pause(explained=delay > 0)))

    def hold(self, seconds: float) -> None:
        """Send nothing for so long, but for no longer than a minute: then one may ask again."""
        self._resume_at = max(self._resume_at, self._clock() + min(seconds, SPAN_SECONDS))

    def _longer_pause(self, *, explained: bool) -> float:
        """Return how long to pause where our own spending may not explain a refusal.

        Args:
            explained: whether it seems to; behind another refusal it no longer does.
        """
        pause = 0.0 if explained and not self._strikes else FIRST_PAUSE_SECONDS * 2.0**self._strikes
        self._strikes += 1
        return min(pause, SPAN_SECONDS) * random.uniform(0.75, 1.0)  # noqa: S311

    async def _wait(self, tokens: int) -> None:
        while delay := self._delay(tokens):
            with anyio.move_on_after(delay):
                await self._changed.wait()

    def _delay(self, tokens: int) -> float:
        if self._in_flight.now >= self._in_flight.window:
            return inf
        now = self._clock()
        return max(
            self.pause,
            self._rates[Kind.REQUESTS].delay(1, now),
            self._rates[Kind.TOKENS].delay(tokens, now),
        )

    def _begin(self, tokens: int) -> Turn:
        now = self._clock()
        self._in_flight.now += 1
        return Turn(
            self._in_flight.now,
            self._rates[Kind.REQUESTS].spend(1, now),
            self._rates[Kind.TOKENS].spend(tokens, now),
        )

    def _tell(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
