"""Reranking by late interaction: a query's multi-vector against each document's."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from es_jina.embedding import Embedding, Vector
from es_jina.inputs import Input, Task
from es_jina.providers.base import Want
from es_jina.search.maxsim import Scores, maxsim
from es_jina.server.refused import INVALID, RefusedError
from es_jina.server.request import EmbedRequest
from es_jina.server.service import Service
from es_jina.server.together import together

# Products of two vectors that take about a millisecond: a shorter time is not worth a thread.
_IN_THIS_THREAD = 50_000


@dataclass(frozen=True, slots=True)
class Reranked:
    """What documents are worth to a query.

    Attributes:
        scores: of each document, in their order, 0 to 1.
        tokens: that the model has read, of the query and all documents.
    """

    scores: list[float]
    tokens: int


async def rerank(
    service: Service, query: Input, documents: Sequence[Input], *, truncate: bool = False
) -> Reranked:
    """Score documents by MaxSim, the mean over the query's vectors; below 0 counts as 0.

    Every vector of the query counts, those of its prompt too, as in a search by late interaction:
    both give a document the same score.

    Args:
        service: embeds them, the query beside the documents.
        query: a text or an image.
        documents: texts and images in any mixture, at least one.
        truncate: read the beginning of a text that is too long; else it is refused.

    Raises:
        RefusedError: something cannot be embedded, the model has no multi-vectors, or too much
            waits already.
    """
    asked = query_request(query, truncate=truncate)
    passages = EmbedRequest(tuple(documents), Task.RETRIEVAL_PASSAGE, Want.MULTI, truncate=truncate)
    check_multi_vectors(service)
    (embedded,), found = await together(map(service.embed, (asked, passages)))
    vectors = multi_vector(embedded)
    scores = await _scored(vectors, [multi_vector(each) for each in found])
    tokens = embedded.tokens + sum(each.tokens for each in found)
    return Reranked(clip(scores), tokens)


def query_request(
    query: Input,
    task: Task = Task.RETRIEVAL_QUERY,
    *,
    truncate: bool = False,
    max_pixels: int | None = None,
) -> EmbedRequest:
    """Return what asks for the multi-vector of a query."""
    return EmbedRequest((query,), task, Want.MULTI, truncate=truncate, max_pixels=max_pixels)


def check_multi_vectors(service: Service) -> None:
    """Refuse to rerank with a model that cannot.

    Raises:
        RefusedError: it has no multi-vectors.
    """
    if service.model.multi_dims is None:
        raise RefusedError(
            400,
            f"{service.model.name} has no multi-vectors, by which documents are reranked: serve a "
            "model that has them",
            INVALID,
        )


def multi_vector(embedding: Embedding) -> Vector:
    """Return the multi-vector of what was asked for one."""
    if embedding.multi is None:
        raise TypeError("the service left out a multi-vector that was asked for")
    return embedding.multi


def clip(scores: ArrayLike) -> list[float]:
    """Return scores in [0, 1]; what is no number is worth nothing."""
    told: list[float] = np.clip(np.nan_to_num(scores), 0.0, 1.0).tolist()
    return told


async def _scored(query: Vector, documents: Sequence[Vector]) -> Scores:
    if len(query) * sum(map(len, documents)) <= _IN_THIS_THREAD:
        return maxsim(query, documents)
    return await asyncio.to_thread(maxsim, query, documents)
