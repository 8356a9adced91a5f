"""Which rows share a forward pass: rows of like length, within a budget of tokens and patches."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# About 1 GB of activations for the real model: enough to keep a GPU busy. A CPU is faster while
# they stay near its caches: by a tenth to a third, measured.
TOKENS_ON_GPU = 8192
TOKENS_ON_CPU = 2048


@dataclass(frozen=True, slots=True)
class Cost:
    """What a row takes in a forward pass."""

    tokens: int
    patches: int = 0


class Budget:
    """What one forward pass may hold; lowered for good when the memory proves too small."""

    def __init__(self, tokens: int, patches: int | None = None) -> None:
        """Begin with a number of tokens; by default with the patches of pictures of so many."""
        self.tokens = tokens
        self.patches = 4 * tokens if patches is None else patches
        self._lock = threading.Lock()

    @classmethod
    def of_device(cls, kind: str) -> "Budget":
        """Return what suits a kind of device: cuda, mps or cpu."""
        return cls(TOKENS_ON_CPU if kind == "cpu" else TOKENS_ON_GPU)

    def lower(self, failed: Sequence[Cost]) -> None:
        """Take half of what has just failed, unless the budget is below that already."""
        with self._lock:
            tokens = sum(cost.tokens for cost in failed) // 2
            patches = sum(cost.patches for cost in failed) // 2
            self.tokens = max(1, min(self.tokens, tokens))
            if patches:
                self.patches = max(1, min(self.patches, patches))


def grouped(costs: Sequence[Cost], budget: Budget) -> Iterator[list[int]]:
    """Yield groups of indices, largest rows first, each within the budget of that moment.

    A single row over the budget makes a group of its own.
    """
    group: list[int] = []
    tokens = patches = 0
    for index in sorted(range(len(costs)), key=lambda each: costs[each].tokens, reverse=True):
        cost = costs[index]
        over = tokens + cost.tokens > budget.tokens or patches + cost.patches > budget.patches
        if group and over:
            yield group
            group, tokens, patches = [], 0, 0
        group.append(index)
        tokens += cost.tokens
        patches += cost.patches
    if group:
        yield group
