"""Reciprocal rank fusion, on our side: no licence needed."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

# The constant of Cormack, Clarke and Buettcher (SIGIR 2009), also Elasticsearch's default.
RANK_CONSTANT = 60


def reciprocal_rank_fusion(
    rankings: Iterable[Sequence[K]], rank_constant: int = RANK_CONSTANT
) -> list[tuple[K, float]]:
    """Fuse rankings, best first.

    Args:
        rankings: each a sequence of keys, best first, no key twice.
        rank_constant: how little the first places count more than the later ones.

    Returns:
        (key, score), best first, where the score is the sum of 1 / (constant + rank) over the
        rankings; ties in the order in which the keys were first seen.
    """
    scores: dict[K, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            scores[key] = scores.get(key, 0.0) + 1.0 / (rank_constant + rank)
    return sorted(scores.items(), key=lambda pair: -pair[1])
