"""How long the calls of one provider take, as measured."""

from typing import NamedTuple

# The share of a call in what is known, once ten are: a machine changes its pace.
_NEWEST = 0.1
# Of the seconds per token on average: what a token costs at least, whatever a few calls of nearly
# one size seem to say. It holds the growth from one call to the next in bounds.
_LEAST = 0.1
# Below this share of their square, sizes differ too little to tell overhead from tokens.
_ALIKE = 0.01


class _Line(NamedTuple):
    """A call takes `overhead` seconds, and `per_token` for each token."""

    overhead: float
    per_token: float


class Pace:
    """A line through the calls of late, by least squares, the newest weighing most.

    One thread tells it of calls; any may ask.
    """

    def __init__(self) -> None:
        self._calls = 0
        self._tokens = self._seconds = 0.0  # means
        self._variance = self._covariance = 0.0
        self._line: _Line | None = None

    @property
    def known(self) -> bool:
        """Whether there was a call."""
        return self._line is not None

    @property
    def overhead(self) -> float:
        """The seconds of a call without tokens; 0 before the first."""
        return self._line.overhead if self._line else 0.0

    @property
    def alike(self) -> float:
        """The tokens of a call where all of late had about as many, 0 where not.

        Nothing is known of the overhead then.
        """
        return self._tokens if self._variance <= _ALIKE * self._tokens**2 else 0.0

    def saw(self, tokens: int, seconds: float) -> None:
        """Learn from a call."""
        self._calls += 1
        weight = max(_NEWEST, 1 / self._calls)
        more, longer = tokens - self._tokens, seconds - self._seconds
        self._tokens += weight * more
        self._seconds += weight * longer
        self._variance = (1 - weight) * (self._variance + weight * more * more)
        self._covariance = (1 - weight) * (self._covariance + weight * more * longer)
        self._line = self._fitted()

    def seconds(self, tokens: float) -> float:
        """Return how long a call will take; 0 before the first."""
        return self._line.overhead + tokens * self._line.per_token if self._line else 0.0

    def tokens(self, seconds: float) -> float:
        """Return how many tokens a call of so many seconds may hold; none before the first."""
        if self._line is None:
            return 0.0
        return max(0.0, seconds - self._line.overhead) / self._line.per_token

    def _fitted(self) -> _Line:
        average = max(self._seconds, 1e-9) / max(self._tokens, 1.0)
        if self.alike:
            return _Line(0.0, average)
        slope = self._covariance / self._variance
        per_token = min(max(slope, _LEAST * average), average)
        return _Line(max(0.0, self._seconds - per_token * self._tokens), per_token)
