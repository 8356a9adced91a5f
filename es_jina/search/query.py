"""Request bodies, nothing sent."""

from typing import Any

from es_jina.elastic.vectors import dense_value, rank_vectors_query
from es_jina.embedding import Vector, cut
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile

# What a hit shows; vectors are never among it.
SHOWN = ["source.uri", "title", "kind", "page", "pages", "chunk", "text"]


def words(query: str, size: int) -> dict[str, Any]:
    """BM25 over title and text, with the best passage of each hit."""
    return {
        "size": size,
        "_source": SHOWN,
        "query": {
            "multi_match": {"query": query, "fields": ["title^2", "text"], "type": "most_fields"}
        },
        "highlight": {
            "fields": {"text": {"fragment_size": 160, "number_of_fragments": 1}},
            "pre_tags": [""],
            "post_tags": [""],
        },
    }


def nearest(
    vector: Vector, profile: IndexProfile, size: int, *, base64_allowed: bool
) -> dict[str, Any]:
    """Approximate nearest neighbours in the profile's largest dense field."""
    return {
        "size": size,
        "_source": SHOWN,
        "knn": {
            "field": profile.search_field,
            "query_vector": dense_value(
                cut(vector, profile.dims[-1]), base64_allowed=base64_allowed
            ),
            "k": size,
            "num_candidates": max(100, 2 * size),
        },
    }


def packed_multi_vectors(ids: list[str]) -> dict[str, Any]:
    """The packed multi-vectors of given documents, from doc values."""
    return {
        "size": len(ids),
        "_source": False,
        "docvalue_fields": [MULTI_VECTOR_FIELD],
        "query": {"ids": {"values": ids}},
    }


def rank_vectors_scores(ids: list[str], query: Vector, profile: IndexProfile) -> dict[str, Any]:
    """MaxSim inside Elasticsearch over given documents.

    Documents without the field would fail the whole request, hence ``exists``; a negative score
    would too, hence the bound.
    """
    if profile.multi_vector is None:
        raise ValueError("the profile has no multi-vectors")
    return {
        "size": len(ids),
        "_source": False,
        "query": {
            "script_score": {
                "query": {
                    "bool": {
                        "filter": [
                            {"ids": {"values": ids}},
                            {"exists": {"field": MULTI_VECTOR_FIELD}},
                        ]
                    }
                },
                "script": {
                    "source": (
                        f"Math.max(0, maxSimDotProduct(params.query, '{MULTI_VECTOR_FIELD}')"
                        " / params.tokens)"
                    ),
                    "params": {
                        "query": rank_vectors_query(query, profile.multi_vector.element_type),
                        "tokens": len(query),
                    },
                },
            }
        },
    }
