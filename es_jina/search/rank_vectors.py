"""MaxSim inside Elasticsearch: the script that scores a ``rank_vectors`` field."""

from typing import Any

from es_jina.dense import ElementType
from es_jina.elastic.vectors import encode, rank_vectors_query, rank_vectors_scale
from es_jina.embedding import Vector
from es_jina.profile import MULTI_VECTOR_FIELD

# The least score of a document that has the field, by far; those without stay below it.
_LEAST = 1e-4


def maxsim_script(
    query: Vector, element_type: ElementType, *, bits: bool = False
) -> dict[str, Any]:
    """Return the script for 1 + the mean MaxSim: scores below 0 would fail the whole request.

    Args:
        query: float32 (query tokens, dims).
        element_type: of the field.
        bits: compare the query's signs with those of a field of bits, which is faster.
    """
    if bits:
        function, vectors = "maxSimInvHamming", _hexadecimal(query)
        # The share of bits that agree, for each vector: 1 for all, 1/2 for what a cosine calls 0.
        factor, summand = 2 / len(vectors), -1.0
    else:
        function = "maxSimDotProduct"
        vectors = rank_vectors_query(query, element_type)
        factor, summand = rank_vectors_scale(vectors, element_type)
    return {
        # Rounding could take the worst match below 0.
        "source": (
            f"Math.max(0.0, {function}(params.query, '{MULTI_VECTOR_FIELD}')"
            " * params.factor + params.summand + 1.0)"
        ),
        "params": {"query": vectors, "factor": factor, "summand": summand},
    }


def maxsim_of_score(score: float) -> float | None:
    """Return the mean MaxSim from the score of a hit; ``None`` for one without a multi-vector."""
    return score - 1.0 if score > _LEAST else None


def _hexadecimal(query: Vector) -> Any:
    rows = encode(query, "bit")
    return rows.tobytes().hex(" ", rows.shape[1]).split()
