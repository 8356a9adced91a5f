"""How much is embedded in one call: as much as takes a moment, not so many."""

# A call of this length is long enough for the model to work on full batches, and short enough that
# little is lost when the run is killed.
SECONDS = 2.0
FIRST_TOKENS = 4096
# Pages of 768 tokens are 2 MB each: 80 MB of them.
MOST_TOKENS = 32_768
# Answers, documents and their bulk request stay small.
MOST_UNITS = 256
# What a unit counts at least.
LEAST_TOKENS = MOST_TOKENS // MOST_UNITS


class BatchSize:
    """The tokens of the next batch: twice or half of the last one's, by the time that took."""

    def __init__(self) -> None:
        self.tokens = FIRST_TOKENS

    def learn(self, tokens: int, seconds: float) -> None:
        """Learn from a batch of so many tokens that took so long to embed."""
        wanted = tokens * SECONDS / max(seconds, 1e-3)
        # A small batch says little about large ones: they are reached step by step.
        self.tokens = int(min(max(wanted, self.tokens / 2, 1), self.tokens * 2, MOST_TOKENS))
