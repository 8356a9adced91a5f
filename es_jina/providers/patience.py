"""How long, and how often, a request goes on trying."""

import random
import time
from math import inf

from es_jina.providers.refusals import LaterError

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# How often a request is tried that the service may not be able to serve, before it is parted or
# others are asked for; the same where the service itself seems to be away; and one item alone,
# before it is given up where others are served.
STUBBORN_TRIES, OUTAGE_TRIES, STUBBORN_TRIES_ALONE = 3, 5, 8
# How often an answer is taken that is none.
ODD_TRIES = 3


class OddAnswerError(LaterError):
    """A success that is not what was asked for; what comes back a few times will go on to."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.passing = False


class Parting:
    """What the parts of one request know of each other.

    Attributes:
        answered: whether any of them, or a part of one, was: the service is there, then.
    """

    def __init__(self, above: "Parting | None") -> None:
        """Begin.

        Args:
            above: the parting that made what is parted.
        """
        self.answered = False
        self._above = above

    def tell(self) -> None:
        """Remember an answer, here and above."""
        self.answered = True
        if self._above is not None:
            self._above.tell()


class Patience:
    """How long one request goes on trying; the parts of a request that was parted share it.

    Attributes:
        began: when the call did that it belongs to.
        ended: whether it ended for its time.
        pause: the seconds to wait before it is asked for again.
        parting: that made it a part of what failed before; ``None`` for a whole request.
    """

    def __init__(self, seconds: float, *, alone: bool, began: float | None = None) -> None:
        """Begin.

        Args:
            seconds: no attempt starts later than this after the first failure.
            alone: whether the request holds one item.
            began: when the call that it belongs to did, by ``time.monotonic``; now by default.
        """
        self.began = time.monotonic() if began is None else began
        self.ended = False
        self.pause = 0.0
        self.parting: Parting | None = None
        self._seconds = seconds
        self._alone = alone
        # When it, or what it is a part of, first failed, and from when the time counts.
        self._failed_at = self._since = inf
        # When it failed last, and before that.
        self._last_at = self._before_at = inf
        # In all, those whose answer was odd, and since it was last put aside.
        self._tries = self._odd = self._lately = 0

    def part(self, *, alone: bool, afresh: bool, parting: "Parting | None" = None) -> "Patience":
        """Return that of a part of the request, or of the same once more.

        Args:
            alone: whether the part holds one item.
            afresh: whether its time begins anew.
            parting: that made the part.
        """
        part = Patience(self._seconds, alone=alone, began=self.began)
        part.parting = parting or self.parting
        part._failed_at = self._failed_at
        part._since = inf if afresh else self._since
        part.pause = 0.0 if afresh else self.pause
        return part

    def resume(self) -> None:
        """Begin to count anew how often it is tried, after it was put aside."""
        self._lately = 0

    def alive(self, answered_at: float, *, lately: bool = False) -> bool:
        """Whether the service has answered others since this, or what it is a part of, failed.

        Args:
            answered_at: when it last did.
            lately: whether it must have been between the last two failures.
        """
        return answered_at > (self._before_at if lately else self._failed_at)

    def blames(self, error: LaterError, answered_at: float) -> bool:
        """Whether a request that failed again and again is to blame, and not the service.

        A service that is away may have brought an answer just behind the first failure. So others
        must have been served in between; or, of what was parted, another part.

        Args:
            error: the last one.
            answered_at: when the service last answered anything.
        """
        if error.stubborn:
            return self.alive(answered_at)
        if self.parting is not None:
            return self.parting.answered or self.alive(answered_at, lately=True)
        return self.alive(answered_at, lately=self._alone)

    def wait(self, error: LaterError, pause: float, answered_at: float) -> float | None:
        """Return the seconds to the next attempt; ``None`` where there shall be none.

        Args:
            error: how the last attempt failed.
            pause: for how many seconds nothing may be sent.
            answered_at: when the service last answered anything.
        """
        now = time.monotonic()
        self._failed_at, self._since = min(self._failed_at, now), min(self._since, now)
        self._before_at, self._last_at = self._last_at, now
        self.pause = wait = self._next_wait(error, pause)
        self._tries += 1
        self._lately += 1
        self._odd += isinstance(error, OddAnswerError)
        # While a rate limit lets others pass, the turn of this one comes.
        start = max(self._since, answered_at) if error.rate_limited else self._since
        self.ended = now + wait > start + self._seconds
        if self.ended or self._odd >= ODD_TRIES:
            return None
        tried_enough = self._lately >= self._most_tries(error, answered_at)
        return None if tried_enough and not error.rate_limited else wait

    def _next_wait(self, error: LaterError, pause: float) -> float:
        # Jitter keeps workers that failed together from coming back together; a longer wait than
        # the service asked for does no harm.
        step = FIRST_PAUSE_SECONDS * 2.0 ** min(self._tries, 10)
        jittered = min(step, LONGEST_PAUSE_SECONDS) * random.uniform(0.5, 1.0)  # noqa: S311
        return max(error.wait, pause, jittered)

    def _most_tries(self, error: LaterError, answered_at: float) -> int:
        if self._alone and self.alive(answered_at):
            return STUBBORN_TRIES_ALONE
        return STUBBORN_TRIES if error.stubborn else OUTAGE_TRIES
