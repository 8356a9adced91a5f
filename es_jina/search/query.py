"""Request bodies, nothing sent."""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

from es_jina.elastic.vectors import dense_value, rank_vectors_query, rank_vectors_scale
from es_jina.embedding import Vector
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile
from es_jina.search.filters import Filter

# What a hit shows; vectors are never among it.
SHOWN = ["source.uri", "title", "kind", "page", "pages", "chunk", "text"]

# Each word is a clause for each of the two fields, and Elasticsearch allows 1024 clauses or more,
# depending on its heap.
MAX_WORDS = 500
# At most what its standard tokenizer makes one token of; scripts without spaces count by letters.
_WORD = re.compile(r"[^\W\u2e80-\U0010ffff]{1,255}|\S")

# Elasticsearch's limit for highlighting is 1,000,000, and one text beyond it fails the request.
_HIGHLIGHTED = 999_999


def words(query: str, size: int, filters: Sequence[Filter] = ()) -> dict[str, Any]:
    """BM25 over title and text by the first 500 words, with the best passage of each hit."""
    match = {
        "multi_match": {
            "query": _first_words(query),
            "fields": ["title^2", "text"],
            "type": "most_fields",
        }
    }
    return {
        "size": size,
        "_source": SHOWN,
        "query": {"bool": {"must": match, "filter": [*filters]}} if filters else match,
        "highlight": {
            "max_analyzed_offset": _HIGHLIGHTED,
            "fields": {"text": {"fragment_size": 160, "number_of_fragments": 1}},
            "pre_tags": [""],
            "post_tags": [""],
        },
    }


def _first_words(query: str) -> str:
    ends = [word.end() for word in islice(_WORD.finditer(query), MAX_WORDS)]
    return query[: ends[-1]] if ends else query


def nearest(
    vector: Vector,
    profile: IndexProfile,
    size: int,
    filters: Sequence[Filter] = (),
    *,
    base64_allowed: bool,
) -> dict[str, Any]:
    """Approximate nearest neighbours in the profile's largest dense field.

    Filters hold while neighbours are looked for: there are as many as are asked for, if there are.
    """
    return {
        "size": size,
        "_source": SHOWN,
        "knn": {
            "field": profile.finest.field,
            "query_vector": dense_value(vector, profile.finest, base64_allowed=base64_allowed),
            "k": size,
            "num_candidates": max(100, 2 * size),
            **({"filter": [*filters]} if filters else {}),
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
    """1 + the mean MaxSim, inside Elasticsearch, over given documents.

    Documents without the field would fail the whole request, hence ``exists``; a negative score
    would too, hence the 1, which :func:`rank_vectors_score` takes off again.
    """
    if profile.multi_vector is None:
        raise ValueError("the profile has no multi-vectors")
    element_type = profile.multi_vector.element_type
    vectors = rank_vectors_query(query, element_type)
    factor, summand = rank_vectors_scale(vectors, element_type)
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
                    # Rounding could take the worst match below 0.
                    "source": (
                        f"Math.max(0.0, maxSimDotProduct(params.query, '{MULTI_VECTOR_FIELD}')"
                        " * params.factor + params.summand + 1.0)"
                    ),
                    "params": {"query": vectors, "factor": factor, "summand": summand},
                },
            }
        },
    }


def rank_vectors_score(score: float) -> float:
    """Return the mean MaxSim from the score of a hit of :func:`rank_vectors_scores`."""
    return score - 1.0
