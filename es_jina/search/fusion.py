"""Reciprocal rank fusion, on our side: no licence needed."""

from collections.abc import Iterable, Sequence

import numpy as np

# The constant of Cormack, Clarke and Buettcher (SIGIR 2009), also Elasticsearch's default.
RANK_CONSTANT = 60


def reciprocal_rank_fusion(
    rankings: Iterable[Sequence[str]], rank_constant: int = RANK_CONSTANT
) -> list[tuple[str, float]]:
    """Fuse rankings, best first.

    Args:
        rankings: each a sequence of keys, best first, no key twice.
        rank_constant: how little the first places count more than the later ones.

    Returns:
        (key, score), best first, where the score is the sum of 1 / (constant + rank) over the
        rankings, in single precision; of ties, what an earlier ranking has comes first. Both are
        as Elasticsearch has them.
    """
    scores: dict[str, np.float32] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            part = np.float32(1) / np.float32(rank_constant + rank)
            scores[key] = scores.get(key, np.float32(0)) + part
    # Sorting keeps ties in the order in which they were first seen.
    return sorted(((key, float(score)) for key, score in scores.items()), key=lambda pair: -pair[1])
