"""Late interaction: MaxSim of a query's multi-vector against documents' (ColBERT, SIGIR 2020).

For each vector of the query its best match in the document. The paper sums over the query's
vectors; the mean ranks the same and keeps scores of short and long queries on one scale, at most 1
for unit vectors.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from es_jina.dense import ElementType
from es_jina.elastic.vectors import BYTE_SCALE, decode
from es_jina.embedding import Vector

Scores = NDArray[np.float32]
# uint8, int8, uint16 or float32, as the element type has it.
Stored = NDArray[Any]

# Widened at a time: as float32, so many pages still fit into a processor's cache.
TOGETHER = 4
# Vectors of a single product. So small a one stays in the thread that asks for it: waking threads
# of BLAS for it takes longer than the product, and many times longer when the cores are busy.
TILE = 32


def maxsim(
    query: Vector, documents: Sequence[Stored], element_type: ElementType = "float"
) -> Scores:
    """Score documents against a query that keeps its precision.

    Computed on the GPU when torch is in this process already and has one, else in one thread.

    Args:
        query: float32 (query tokens, dims).
        documents: each (tokens, numbers of a row) with at least one token, as
            :func:`es_jina.elastic.vectors.encode` makes them.
        element_type: of the documents.

    Returns:
        float32 (documents,).
    """
    if not documents:
        return np.empty(0, np.float32)
    if _has_gpu():
        return _on_gpu(query, documents, element_type)
    scores = _best_matches(query, documents, element_type).mean(axis=0)
    return _scaled(scores, query, element_type)


def maxsim_of_bits(query: Stored, documents: Sequence[Stored]) -> Scores:
    """Score documents against a query of bits too, by counting where they differ.

    Args:
        query: (query tokens, dims / 8).
        documents: each (tokens, dims / 8) with at least one token.

    Returns:
        float32 (documents,), as if every bit were +-1/sqrt(dims).
    """
    if not documents:
        return np.empty(0, np.float32)
    if _has_gpu():
        return _on_gpu(decode(query, "bit"), documents, "bit")
    dims = 8 * query.shape[1]
    starts = np.cumsum([0, *map(len, documents[:-1])])
    # A row for each 64 bits: what is compared with one number of the query lies together.
    words = np.ascontiguousarray(_words(np.concatenate(documents)).T)
    nearest = np.empty((len(query), len(documents)), np.int32)
    for row, vector in zip(nearest, _words(query), strict=True):
        apart = sum(
            np.bitwise_count(word ^ number).astype(np.uint16)
            for word, number in zip(words, vector, strict=True)
        )
        np.minimum.reduceat(apart, starts, out=row)
    scores: Scores = (1 - 2 * nearest.mean(axis=0) / dims).astype(np.float32)
    return scores


def _words(bits: Stored) -> NDArray[np.uint64]:
    # Filled up with zeros, which differ from none.
    whole = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8)))
    return np.ascontiguousarray(whole).view(np.uint64)


def _has_gpu() -> bool:
    """Tell without an import of torch: that takes longer than the scores of many pages."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_available())


def _on_gpu(query: Vector, documents: Sequence[Stored], element_type: ElementType) -> Scores:
    from es_jina.search.maxsim_torch import maxsim_on

    return maxsim_on("cuda", query, documents, element_type)


def _best_matches(query: Vector, documents: Sequence[Stored], element_type: ElementType) -> Vector:
    """Return float32 (query tokens, documents), of the numbers that :func:`_widen` gives."""
    tokens, dims = query.shape
    most = -(-TOGETHER * max(map(len, documents)) // TILE)
    # One room for all groups: a new one for each would cost the system its first touch each time.
    # Zeros, since the last tile of a group is multiplied whole: what happens to lie in memory
    # behind its vectors could overflow, and numpy would warn.
    vectors = np.zeros((most * TILE, dims), np.float32)
    products = np.empty((tokens, most * TILE), np.float32)
    tiles = vectors.reshape(most, TILE, dims).transpose(0, 2, 1)
    products_of_tiles = products.reshape(tokens, most, TILE).transpose(1, 0, 2)
    best = np.empty((tokens, len(documents)), np.float32)
    for first in range(0, len(documents), TOGETHER):
        group = slice(first, first + TOGETHER)
        *starts, end = np.cumsum([0, *map(len, documents[group])])
        _widen(documents[group], element_type, vectors[:end])
        used = -(-end // TILE)
        np.matmul(query, tiles[:used], out=products_of_tiles[:used])
        np.maximum.reduceat(products[:, :end], starts, axis=1, out=best[:, group])
    return best


def _widen(documents: Sequence[Stored], element_type: ElementType, room: Vector) -> None:
    """Write the documents' numbers as float32, short of a factor and, for bits, a summand."""
    match element_type:
        case "float" | "byte":
            np.concatenate(documents, out=room)
        case "bfloat16":
            bits = room.view(np.uint32)
            np.concatenate(documents, out=bits)
            np.left_shift(bits, 16, out=bits)
        case "bit":
            room[:] = np.unpackbits(np.concatenate(documents), axis=1)


def _scaled(scores: Scores, query: Vector, element_type: ElementType) -> Scores:
    """Apply what :func:`_widen` was short of; the order of the matches does not depend on it."""
    if element_type == "byte":
        return scores / np.float32(BYTE_SCALE)
    if element_type == "bit":
        # A set bit is 1 and another 0; as +-1 they give twice the product less the query's sum.
        length = np.sqrt(query.shape[1])
        scores = ((2 * scores - query.sum(axis=1).mean()) / length).astype(np.float32)
    return scores
