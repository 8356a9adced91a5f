"""Late interaction: MaxSim of a query's multi-vector against documents' (ColBERT, SIGIR 2020).

For each vector of the query its best match in the document. The paper sums over the query's
vectors; the mean ranks the same and keeps scores of short and long queries on one scale, at most 1
for unit vectors.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from es_jina.dense import ElementType
from es_jina.elastic.vectors import BYTE_SCALE
from es_jina.embedding import Vector

Scores = NDArray[np.float32]
# uint8, int8, uint16 or float32, as the element type has it.
Stored = NDArray[Any]


def maxsim(
    query: Vector, documents: Sequence[Stored], element_type: ElementType = "float"
) -> Scores:
    """Score documents against a query that keeps its precision.

    Args:
        query: float32 (query tokens, dims).
        documents: each (tokens, numbers of a row) with at least one token, as
            :func:`es_jina.elastic.vectors.encode` makes them.
        element_type: of the documents.

    Returns:
        float32 (documents,).
    """
    columns = np.ascontiguousarray(query.T, np.float32)
    most = max((len(document) for document in documents), default=0)
    # One room for all: a new one of 400 KB for each page takes the kernel longer than the product.
    room = np.empty((most, len(columns)), np.float32)
    scores = np.empty(len(documents), np.float32)
    for number, document in enumerate(documents):
        widened = _widen(document, element_type, room[: len(document)])
        # One product for each document: together they would have to be copied first.
        scores[number] = (widened @ columns).max(axis=0).mean()
    return _scaled(scores, query, element_type)


def maxsim_of_bits(query: Stored, documents: Sequence[Stored]) -> Scores:
    """Score documents against a query of bits too, by counting where they differ.

    Args:
        query: (query tokens, dims / 8), dims a multiple of 64.
        documents: each (tokens, dims / 8) with at least one token.

    Returns:
        float32 (documents,), as if every bit were +-1/sqrt(dims).
    """
    if not documents:
        return np.empty(0, np.float32)
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
    return np.ascontiguousarray(bits).view(np.uint64)


def _widen(document: Stored, element_type: ElementType, room: Vector) -> Vector:
    """Return the numbers of a document as float32, short of a factor and, for bits, a summand."""
    match element_type:
        case "float":
            return document
        case "bfloat16":
            np.left_shift(document, 16, out=room.view(np.uint32), dtype=np.uint32, casting="unsafe")
        case "byte":
            room[:] = document
        case "bit":
            room[:] = np.unpackbits(document, axis=1)
    return room


def _scaled(scores: Scores, query: Vector, element_type: ElementType) -> Scores:
    """Apply what :func:`_widen` was short of; the order of the matches does not depend on it."""
    if element_type == "byte":
        return scores / np.float32(BYTE_SCALE)
    if element_type == "bit":
        # A set bit is 1 and another 0; as +-1 they give twice the product less the query's sum.
        length = np.sqrt(query.shape[1])
        scores = ((2 * scores - query.sum(axis=1).mean()) / length).astype(np.float32)
    return scores
