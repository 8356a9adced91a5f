"""Late interaction over found units: one interface, two stores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from es_jina.elastic.vectors import encode, unpack
from es_jina.embedding import Vector
from es_jina.profile import MULTI_VECTOR_FIELD, MultiVectorProfile
from es_jina.search import query as bodies
from es_jina.search.asking import Asking, Found
from es_jina.search.hits import Hit, placed, put
from es_jina.search.maxsim import maxsim, maxsim_of_bits
from es_jina.search.rank_vectors import maxsim_of_score

# How many pages' multi-vectors come in one answer: some 25 MB of base64.
_AT_ONCE = {"float": 50, "bfloat16": 100, "byte": 200, "bit": 1500}


@dataclass(frozen=True, slots=True)
class LateInteraction:
    """Scores units by the MaxSim of a query.

    Attributes:
        query: float32 (query tokens, dims).
        multi: how the index keeps multi-vectors.
        bits: compare signs alone.
    """

    query: Vector
    multi: MultiVectorProfile
    bits: bool = False

    @property
    def at_once(self) -> int:
        """How many units' multi-vectors may come in one answer."""
        return _AT_ONCE[self.multi.element_type]

    def reranked(
        self, asking: Asking, hits: Sequence[Hit], known: Mapping[str, str] | None = None
    ) -> list[Hit]:
        """Order hits by late interaction, ties by id.

        Those without a multi-vector come last, as they were.

        Args:
            asking: of the index.
            hits: what to order.
            known: their packed multi-vectors by id, where they came with the hits.
        """
        with asking.trace.stage("late"):
            scores = self.scores(asking, [hit.id for hit in hits], known)
            scored = [hit for hit in hits if hit.id in scores]
            scored.sort(key=lambda hit: (-scores[hit.id], hit.id))
            rest = [replace(hit, score=0.0) for hit in hits if hit.id not in scores]
            best = [put(hit, "late", rank, scores[hit.id]) for rank, hit in enumerate(scored, 1)]
            return best + rest

    def scores(
        self, asking: Asking, ids: Sequence[str], known: Mapping[str, str] | None = None
    ) -> dict[str, float]:
        """Return the scores of documents by id, of those that are there and have a multi-vector.

        Args:
            asking: of the index.
            ids: of the documents, each once.
            known: their packed multi-vectors by id, where they are at hand.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        if not ids:
            return {}
        if self.multi.store == "rank_vectors":
            body = bodies.rank_vectors_scores(ids, self.query, self.multi, bits=self.bits)
            return _read_scores(asking.one("late", body))
        if known is not None:
            return self._packed_scores(known)
        scores: dict[str, float] = {}
        for first in range(0, len(ids), self.at_once):
            body = bodies.packed_multi_vectors(ids[first : first + self.at_once])
            scores |= self._packed_scores(packed(asking.one("late", body)))
        return scores

    def _packed_scores(self, known: Mapping[str, str]) -> dict[str, float]:
        documents = {
            ident: rows for ident, value in known.items() if (rows := self._rows(value)) is not None
        }
        stored = list(documents.values())
        if self.bits:
            scores = maxsim_of_bits(encode(self.query, "bit"), stored)
        else:
            scores = maxsim(self.query, stored, self.multi.element_type)
        told = zip(documents, map(float, scores), strict=True)
        return {ident: score for ident, score in told if isfinite(score)}

    def _rows(self, value: str) -> NDArray[np.generic] | None:
        """Return a multi-vector; ``None`` for what is none, or is of the other store by now."""
        try:
            rows = unpack(value, self.multi.element_type, self.multi.dims)
        except (TypeError, ValueError):
            return None
        return rows if len(rows) else None


def packed(found: Found) -> dict[str, str]:
    """Return the packed multi-vectors of hits by their ids, of those that have one."""
    values: dict[str, Any] = {hit["_id"]: hit.get("fields", {}) for hit in found}
    return {
        ident: fields[MULTI_VECTOR_FIELD][0]
        for ident, fields in values.items()
        if MULTI_VECTOR_FIELD in fields
    }


def rescored(hits: Sequence[Hit]) -> list[Hit]:
    """Read hits that Elasticsearch has scored by late interaction itself, in our order."""
    scores = {hit.id: maxsim_of_score(hit.score) for hit in hits}
    scored = [replace(hit, score=score) for hit in hits if (score := scores[hit.id]) is not None]
    scored.sort(key=lambda hit: (-hit.score, hit.id))
    rest = [replace(hit, score=0.0) for hit in hits if scores[hit.id] is None]
    return placed(scored, "late") + rest


def _read_scores(found: Found) -> dict[str, float]:
    scores = {hit["_id"]: maxsim_of_score(hit["_score"]) for hit in found}
    return {ident: score for ident, score in scores.items() if score is not None}
