"""How much a worker takes at once, so that no query waits long behind it."""

from math import inf

from es_jina.server.pace import Pace

# After the last query, seconds in which the next one is expected: people search more than once.
_LATELY = 10.0
# A query that comes at any moment of a bulk call waits for half of it on average. With calls of
# at most so many times what a query takes, 95 of 100 have their answer in less than three times
# that, and some of it is left for the rest of the server.
_TIMES = 1.5
# Without queries, a call of bulk ends after about a second: the first query waits no longer, and
# there is nothing to gain from longer ones ...
_LONGEST = 1.0
# ... unless the overhead of a call is more than one part of so many.
_PARTS = 20
# A call with queries takes as long as the most of these: a time that nobody notices, a few queries,
# and so many times the overhead of a call that little of it is overhead.
_UNNOTICED = 0.05
_FEW = 3
_OVERHEADS = 6
# The share of a query in what is known of their size.
_NEWEST = 0.1


class Sizing:
    """Remembers the queries of late. Not thread-safe."""

    def __init__(self, batch_tokens: int) -> None:
        """Begin without queries.

        Args:
            batch_tokens: the most that a call holds.
        """
        self._most = batch_tokens
        self._last = -inf
        self._tokens = 0.0

    def saw_query(self, tokens: float, now: float) -> None:
        """Learn of a query's size in tokens; `now` in seconds of any one clock."""
        self._tokens += (tokens - self._tokens) * (_NEWEST if self._tokens else 1.0)
        self._last = now

    def query_tokens(self, pace: Pace) -> int:
        """Return how many tokens of queries a worker of this pace may take."""
        if not pace.known:
            return int(min(self._most, _FEW * self._tokens))
        seconds = max(_UNNOTICED, _FEW * pace.seconds(self._tokens), _OVERHEADS * pace.overhead)
        # A call of a few queries has just their tokens, and no rounding may make it one fewer.
        tokens = pace.tokens(seconds) * (1 + 1e-9)
        # Calls of one size do not tell the overhead, and would go on so: one of another size does.
        if 0 < pace.alike <= tokens:
            tokens *= 2
        return int(min(self._most, tokens))

    def bulk_tokens(self, pace: Pace, now: float) -> int:
        """Return how many tokens of bulk a worker of this pace may take."""
        expected = now - self._last < _LATELY
        if not pace.known:
            # A call about as large as a query: it tells the pace and keeps no query waiting.
            return int(min(self._most, self._tokens)) if expected else self._most
        seconds = (
            _TIMES * pace.seconds(self._tokens)
            if expected
            else max(_LONGEST, _PARTS * pace.overhead)
        )
        return int(min(self._most, pace.tokens(seconds)))
