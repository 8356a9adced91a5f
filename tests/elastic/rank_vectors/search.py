"""Searches on their way to the node, which has neither scripts nor reciprocal rank fusion.

Both become queries that give each document the score that is worked out here, so that the node
still does windows, weights, filters, pages and order. Stricter than Elasticsearch in one thing: a
script is run on every document that its own query matches, not only on those of the window.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .documents import Fields
from .field import sent_value
from .refusals import failed_script, illegal, unlicensed
from .script import Script

Body = dict[str, Any]
Ask = Callable[[Body], Body]

_MOST = 10_000
_RRF_KEYS = {"retrievers", "rank_constant", "rank_window_size", "filter"}


class Rewriter:
    """Rewrites one search.

    Args:
        ask: searches the same indices on the node.
        fields_of: the fields of an index.
        licensed: whether the licence covers MaxSim and reciprocal rank fusion.
    """

    def __init__(self, ask: Ask, fields_of: Callable[[str], Fields], *, licensed: bool) -> None:
        self._ask = ask
        self._fields_of = fields_of
        self._licensed = licensed

    def rewritten(self, body: Body) -> Body:
        """Return the search for the node.

        Raises:
            RefusedError: Elasticsearch would refuse it.
        """
        rrf = body.get("retriever", {}).get("rrf")
        window, size = (rrf or {}).get("rank_window_size", 10), body.get("size", 10)
        if rrf is not None and window < size:
            raise illegal(
                f"[rrf] requires [rank_window_size: {window}] be greater than or equal to "
                f"[size: {size}]"
            )
        told: Body = self._walked(body)
        return told

    def _walked(self, told: Any) -> Any:
        if isinstance(told, list):
            return [self._walked(each) for each in told]
        if not isinstance(told, dict):
            return told
        if "script_score" in told:
            return self._script_score(told["script_score"])
        if "rrf" in told:
            return {"standard": {"query": self._rrf(told["rrf"])}}
        return {key: self._walked(value) for key, value in told.items()}

    def _script_score(self, told: Body) -> Body:
        if set(told) != {"query", "script"}:
            raise illegal(f"the double knows query and script of [script_score], not {set(told)}")
        script = Script.of(told["script"])
        if not self._licensed:
            raise unlicensed("Rank Vectors")
        inner = {"query": told["query"], "docvalue_fields": [script.field]}
        hits = self._hits(inner, _MOST)
        scores: dict[str, float] = {}
        for index in {hit["_index"] for hit in hits}:
            field = self._fields_of(index).get(script.field)
            if field is None:
                raise failed_script(f"No field found for [{script.field}] in mapping")
            found = [hit for hit in hits if hit["_index"] == index]
            kept = [hit.get("fields", {}).get(script.field) for hit in found]
            rows = [None if value is None else field.rows(sent_value(value[0])) for value in kept]
            scores |= zip([hit["_id"] for hit in found], script.scores(field, rows), strict=True)
        return _scored(scores)

    def _rrf(self, told: Body) -> Body:
        for key in told.keys() - _RRF_KEYS:
            raise illegal(f"[rrf] unknown field [{key}]")
        if not self._licensed:
            raise unlicensed("Reciprocal Rank Fusion (RRF)")
        constant, window = told.get("rank_constant", 60), told.get("rank_window_size", 10)
        scores: dict[str, float] = {}
        for retriever in told["retrievers"]:
            ((kind, child),) = retriever.items()
            filters = [*_listed(child.get("filter")), *_listed(told.get("filter"))]
            narrowed = {kind: {**child, **({"filter": filters} if filters else {})}}
            hits = self._hits({"retriever": self._walked(narrowed)}, window)
            for rank, hit in enumerate(hits, start=1):
                scores[hit["_id"]] = scores.get(hit["_id"], 0.0) + 1 / (constant + rank)
        best = sorted(scores.items(), key=lambda pair: -pair[1])[:window]
        return _scored(_descending(dict(best)))

    def _hits(self, body: Body, size: int) -> list[Body]:
        hits: list[Body] = self._ask({**body, "size": size, "_source": False})["hits"]["hits"]
        return hits


def _listed(filters: Any) -> list[Any]:
    if filters is None:
        return []
    return filters if isinstance(filters, list) else [filters]


def _descending(scores: dict[str, float]) -> dict[str, float]:
    """Return scores in which the first of two equal ones is above the other, if hardly.

    Elasticsearch puts those first that an earlier retriever found; the node would not know.
    """
    told: dict[str, float] = {}
    before = np.float32(np.inf)
    for ident, score in scores.items():
        before = min(np.float32(score), np.nextafter(before, np.float32(0)))
        told[ident] = float(before)
    return told


def _scored(scores: dict[str, float]) -> Body:
    """Return a query that gives each document its score."""
    each = [
        {"constant_score": {"filter": {"ids": {"values": [ident]}}, "boost": score}}
        for ident, score in scores.items()
    ]
    return {"bool": {"should": each, "minimum_should_match": 1}} if each else {"match_none": {}}
