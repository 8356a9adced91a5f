"""Request bodies, nothing sent."""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

from es_jina.dense import DenseProfile
from es_jina.elastic.vectors import dense_value
from es_jina.embedding import Vector
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile, MultiVectorProfile
from es_jina.search.filters import Filter
from es_jina.search.fusion import RANK_CONSTANT
from es_jina.search.rank_vectors import maxsim_script
from es_jina.search.snippets import MARK, UNMARK

Body = dict[str, Any]

# What a hit shows; vectors are never among it.
SHOWN = ["source.uri", "title", "kind", "page", "pages", "chunk", "text"]

# Elasticsearch's limit for k, for num_candidates and for what a search returns.
MOST = 10_000
# One source may fill all places with its units: so many more are looked at where each counts once.
_UNITS_OF_SOURCES = 5
# And so many more by the coarse vectors, since the fine ones may order them quite differently.
_COARSE = 4

# Each word is a clause for each field, and Elasticsearch allows 1024 clauses or more, depending on
# its heap.
_MAX_CLAUSES = 1000
# At most what its standard tokenizer makes one token of; scripts without spaces count by letters.
_WORD = re.compile(r"[^\W\u2e80-\U0010ffff]{1,255}|\S")

# Elasticsearch's limit for highlighting is 1,000,000, and one text beyond it fails the request.
_HIGHLIGHTED = 999_999


def units_of_sources(window: int) -> int:
    """Return how many units are looked at for a window of sources.

    Elasticsearch's own collapsing would leave one unit of each before late interaction has seen
    them, take all documents without a source for one, and fail where one has several.
    """
    return min(MOST, window * _UNITS_OF_SOURCES)


def words(
    query: str,
    profile: IndexProfile,
    size: int,
    filters: Sequence[Filter] = (),
    *,
    offset: int = 0,
) -> Body:
    """BM25 over title and text by the first 500 words, with the best passage of each hit.

    The stems of the index's languages are looked for too, unless the query has too many words.
    """
    return {
        "size": size,
        **({"from": offset} if offset else {}),
        "_source": SHOWN,
        "query": _matching(query, profile, filters),
        "highlight": _highlight(profile),
    }


def nearest(
    vector: Vector,
    dense: DenseProfile,
    size: int,
    filters: Sequence[Filter] = (),
    *,
    base64_allowed: bool,
) -> Body:
    """Approximate nearest neighbours in a dense field.

    Filters hold while neighbours are looked for: there are as many as are asked for, if there are.
    """
    return {
        "size": size,
        "_source": SHOWN,
        "knn": _knn(vector, dense, size, filters, base64_allowed=base64_allowed),
    }


def coarse(
    vector: Vector,
    dense: DenseProfile,
    size: int,
    filters: Sequence[Filter] = (),
    *,
    base64_allowed: bool,
) -> Body:
    """The ids of those among which :func:`fine` finds the nearest, by a smaller dense field."""
    many = min(MOST, size * _COARSE)
    body = nearest(vector, dense, many, filters, base64_allowed=base64_allowed)
    return {**body, "_source": False}


def fine(
    vector: Vector,
    dense: DenseProfile,
    size: int,
    ids: Sequence[str],
    *,
    base64_allowed: bool,
) -> Body:
    """The nearest of given documents: with so few of them, Elasticsearch compares each."""
    chosen = [{"ids": {"values": [*ids]}}]
    knn = _knn(vector, dense, max(1, len(ids)), chosen, base64_allowed=base64_allowed)
    return {"size": size, "_source": SHOWN, "knn": knn}


def fused(query: str, near: Body, profile: IndexProfile, filters: Sequence[Filter] = ()) -> Body:
    """Words and nearest, fused by Elasticsearch (a paid licence).

    Args:
        query: the words.
        near: what :func:`nearest` made.
        profile: of the index.
        filters: as `near` has them.
    """
    matching = _matching(query, profile, filters)
    rrf = {
        "retrievers": [{"standard": {"query": matching}}, {"knn": near["knn"]}],
        "rank_window_size": near["size"],
        "rank_constant": RANK_CONSTANT,
    }
    return {
        "size": near["size"],
        "_source": SHOWN,
        "retriever": {"rrf": rrf},
        "highlight": {**_highlight(profile), "highlight_query": matching},
    }


def rescored(body: Body, query: Vector, multi: MultiVectorProfile, *, bits: bool = False) -> Body:
    """A search by :func:`nearest` or :func:`fused` whose hits are ordered by late interaction.

    The window is as large as what is asked for: what lay below it would lose its score. Documents
    without a multi-vector are not matched by the rescoring query and keep a ten-thousand-millionth
    of their first score (some 16,000 at most, for bytes), too little to be seen beside a MaxSim in
    single precision, enough to keep their order.
    """
    first = body.get("retriever") or {"knn": body["knn"]}
    rescore = {
        "window_size": body["size"],
        "query": {
            "query_weight": 1e-10,
            "rescore_query_weight": 1.0,
            "rescore_query": _maxsim(query, multi, [], bits=bits),
        },
    }
    rest = {key: value for key, value in body.items() if key not in ("knn", "retriever")}
    return {**rest, "retriever": {"rescorer": {"retriever": first, "rescore": rescore}}}


def rank_vectors_scores(
    ids: Sequence[str], query: Vector, multi: MultiVectorProfile, *, bits: bool = False
) -> Body:
    """1 + the mean MaxSim, inside Elasticsearch, over given documents."""
    return {
        "size": len(ids),
        "_source": False,
        "query": _maxsim(query, multi, [{"ids": {"values": [*ids]}}], bits=bits),
    }


def contents(ids: Sequence[str]) -> Body:
    """What a reranker may read of given documents."""
    return {
        "size": len(ids),
        "_source": ["text", "kind", "source.uri", "source.sha256"],
        "query": {"ids": {"values": [*ids]}},
    }


def packed_multi_vectors(ids: Sequence[str]) -> Body:
    """The packed multi-vectors of given documents, from doc values."""
    return {
        "size": len(ids),
        "_source": False,
        "docvalue_fields": [MULTI_VECTOR_FIELD],
        "query": {"ids": {"values": [*ids]}},
    }


def stored_vectors(ident: str, profile: IndexProfile) -> Body:
    """The finest single vector of a document, and its multi-vector."""
    body: Body = {
        "size": 1,
        "_source": False,
        "fields": [profile.finest.field],
        "query": {"ids": {"values": [ident]}},
    }
    if profile.multi_vector is None:
        return body
    if profile.multi_vector.store == "binary":
        return {**body, "docvalue_fields": [MULTI_VECTOR_FIELD]}
    return {**body, "fields": [profile.finest.field, MULTI_VECTOR_FIELD]}


def _maxsim(
    query: Vector, multi: MultiVectorProfile, filters: list[Filter], *, bits: bool
) -> dict[str, Any]:
    # A document without the field would fail the whole request, hence `exists`.
    having = [*filters, {"exists": {"field": MULTI_VECTOR_FIELD}}]
    return {
        "script_score": {
            "query": {"bool": {"filter": having}},
            "script": maxsim_script(query, multi.element_type, bits=bits),
        }
    }


def _knn(
    vector: Vector,
    dense: DenseProfile,
    k: int,
    filters: Sequence[Filter],
    *,
    base64_allowed: bool,
) -> dict[str, Any]:
    return {
        "field": dense.field,
        "query_vector": dense_value(vector, dense, base64_allowed=base64_allowed),
        "k": k,
        "num_candidates": min(MOST, max(100, 2 * k)),
        **({"filter": [*filters]} if filters else {}),
    }


def _matching(query: str, profile: IndexProfile, filters: Sequence[Filter]) -> dict[str, Any]:
    fields = profile.word_fields
    if _words_beyond(query, _MAX_CLAUSES // len(fields)):
        # Stems are for questions; a pasted page is found by its words as they stand.
        fields = fields[:2]
    match = {
        "multi_match": {
            "query": _first_words(query, _MAX_CLAUSES // len(fields)),
            "fields": fields,
            "type": "most_fields",
        }
    }
    return {"bool": {"must": match, "filter": [*filters]}} if filters else match


def _words_beyond(query: str, most: int) -> bool:
    return next(islice(_WORD.finditer(query), most, None), None) is not None


def _first_words(query: str, most: int) -> str:
    ends = [word.end() for word in islice(_WORD.finditer(query), most)]
    return query[: ends[-1]] if ends else query


def _highlight(profile: IndexProfile) -> dict[str, Any]:
    fields = [name for name in profile.word_fields if name.startswith("text")]
    return {
        "max_analyzed_offset": _HIGHLIGHTED,
        "fields": {name: {"fragment_size": 160, "number_of_fragments": 1} for name in fields},
        "pre_tags": [MARK],
        "post_tags": [UNMARK],
    }
