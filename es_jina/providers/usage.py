"""What the hosted API counts and bills: requests and tokens."""

import math
from dataclasses import dataclass

# Tokens that the API bills for each 28x28 tile of an image (jina-embeddings-v4; reported by its
# users, who see it in `usage`). For a text it bills what the model reads.
BILLED_PER_TILE = 10
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


def forecast(texts: int, text_tokens: int, images: int, tiles: int, kinds: int) -> Usage:
    """Estimate what embedding would use; requests are the fewest that can hold it.

    Args:
        texts: how many.
        text_tokens: of all of them.
        images: how many.
        tiles: of 28x28 pixels, of all of them.
        kinds: of vectors, each of which is a request of its own and billed: 1 or 2.
    """
    if not texts + images:
        return Usage()
    tokens = text_tokens + BILLED_PER_TILE * tiles
    requests = max(math.ceil(tokens / MAX_TOKENS), math.ceil((texts + images) / MAX_ITEMS))
    return Usage(kinds * requests, kinds * tokens)
