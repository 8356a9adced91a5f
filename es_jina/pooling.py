"""Token pooling: fewer vectors for a page, at little loss."""

import numpy as np

from es_jina.embedding import Vector, unit


def pool(multi: Vector, pool_factor: int) -> Vector:
    """Replace vectors that are near each other by their mean.

    Hierarchical pooling by Ward's method, as in Clavie, Chaffin and Adams, "Reducing the Footprint
    of Multi-Vector Retrieval with Minimal Performance Impact via Token Pooling" (arXiv 2409.14683):
    a factor of 2 costs next to nothing, 3 some 2 % of the quality.

    Args:
        multi: float32 (tokens, dims), rows of length 1.
        pool_factor: how many vectors become one, on average; 1 for all as they are.

    Returns:
        float32 (clusters, dims), rows of length 1 in the order of each cluster's first vector.
        There are tokens / pool_factor clusters, rounded up; fewer where vectors are the same.
    """
    wanted = -(-len(multi) // pool_factor)
    if wanted >= len(multi):
        return multi
    clusters = _clusters(multi, wanted)
    _, first, members = np.unique(clusters, return_index=True, return_inverse=True)
    sums = np.zeros((len(first), multi.shape[1]), np.float32)
    np.add.at(sums, members, multi)
    return unit(sums[np.argsort(first)])


def _clusters(multi: Vector, wanted: int) -> Vector:
    from scipy.cluster.hierarchy import fcluster, linkage

    # Rows of length 1: one product gives all distances, in a fifth of the time of one by one.
    squares = 2 - 2 * (multi @ multi.T)[np.triu_indices(len(multi), 1)]
    distances = np.sqrt(np.maximum(squares, 0), dtype=np.float64)
    numbers: Vector = fcluster(linkage(distances, "ward"), wanted, "maxclust")
    return numbers
