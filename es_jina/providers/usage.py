"""What the hosted API counts and bills: requests and tokens."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import anyio

# What one request may hold. The API allows 32,768 tokens, by some reports in the sum of a request.
MAX_ITEMS = 512
MAX_TOKENS = 30_000


@dataclass(frozen=True, slots=True)
class Usage:
    """What an API was asked for.

    Attributes:
        requests: those that were answered with vectors.
        tokens: that are billed, by the API's own count; by an estimate where it names none.
    """

    requests: int = 0
    tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.requests + other.requests, self.tokens + other.tokens)

    def price(self, per_million: float) -> float:
        """Return the money that is, where a million tokens cost so much."""
        return self.tokens * per_million / 1e6


def forecast(
    texts: int,
    text_tokens: int,
    images: int,
    tiles: int,
    *,
    kinds: int,
    billed_per_tile: int = 10,
) -> Usage:
    """Estimate what embedding would use; requests are the fewest that can hold it.

    Args:
        texts: how many.
        text_tokens: of all of them.
        images: how many.
        tiles: of all of them, each as large as the model's.
        kinds: of vectors, each of which is a request of its own and billed: 1 or 2.
        billed_per_tile: the tokens that a tile is billed as; by default those of
            jina-embeddings-v4, as its users see them in what is counted.
    """
    if not texts + images:
        return Usage()
    tokens = text_tokens + billed_per_tile * tiles
    requests = max(math.ceil(tokens / MAX_TOKENS), math.ceil((texts + images) / MAX_ITEMS))
    return Usage(kinds * requests, kinds * tokens)


class Purse:
    """The tokens that may be spent: nothing is sent that might cost more than what is left."""

    def __init__(self, most: int | None) -> None:
        """Fill it.

        Args:
            most: tokens that may be billed; ``None`` for no limit.
        """
        self._most = math.inf if most is None else most
        self._reserved = self._lost = 0
        self._changed = anyio.Event()
        self.usage = Usage()

    @property
    def left(self) -> float:
        """The tokens that are neither spent nor lost nor reserved."""
        return self._most - self.usage.tokens - self._lost - self._reserved

    async def reserve(self, costs: Sequence[int]) -> int:
        """Set tokens aside, once what others have set aside has turned out as less.

        Args:
            costs: of several items.

        Returns:
            For how many of them, from the first, there were enough.
        """
        while sum(costs) > self.left and self._reserved:
            await self._changed.wait()
        count = sum(total <= self.left for total in accumulate(costs))
        self._reserved += sum(costs[:count])
        return count

    def release(self, tokens: int) -> None:
        """Give back what was set aside."""
        self._reserved -= tokens
        self._changed.set()
        self._changed = anyio.Event()

    def pay(self, tokens: int) -> None:
        """Count an answered request."""
        self.usage += Usage(1, tokens)

    def lose(self, tokens: int) -> None:
        """Count what may be billed for an answer that nobody waits for any more."""
        self._lost += tokens
