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

    def __init__(self, least: int = 1) -> None:
        """Begin with :data:`FIRST_TOKENS`.

        Args:
            least: tokens that the size does not fall below, however long a call takes.
        """
        self.tokens = FIRST_TOKENS
        self._least = least

    def learn(self, size: int, tokens: int, seconds: float) -> None:
        """Learn from a batch.

        Args:
            size: what `tokens` was here when it was put together; several may have been, before
                the first of them is embedded.
            tokens: that are in it.
            seconds: that it took to embed, beside others or not.
        """
        wanted = tokens * SECONDS / max(seconds, 1e-3)
        # A small batch says little about large ones: they are reached step by step.
        self.tokens = int(min(max(wanted, size / 2, self._least), size * 2, MOST_TOKENS))
