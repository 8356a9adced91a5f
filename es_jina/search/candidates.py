"""The first stage: which units may be what is looked for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from es_jina.elastic.capabilities import Capabilities
from es_jina.embedding import Vector
from es_jina.profile import IndexProfile
from es_jina.search import query as bodies
from es_jina.search.asking import Asking, Found
from es_jina.search.fusion import reciprocal_rank_fusion
from es_jina.search.hits import Hit, Place, placed, read_hit
from es_jina.search.request import SearchRequest

# Units of one source among which late interaction chooses where each source counts once.
_COMPARED = 3


@dataclass(frozen=True, slots=True)
class Ranked:
    """Hits of one look into the index.

    Attributes:
        hits: best first.
        more: whether a deeper look may find others.
    """

    hits: list[Hit]
    more: bool


@dataclass(frozen=True, slots=True)
class Candidates:
    """Looks for the candidates of one request.

    Attributes:
        asking: of the index.
        request: what is asked for.
        profile: of the index.
        capabilities: of the cluster.
        vector: the query's single vector.
    """

    asking: Asking
    request: SearchRequest
    profile: IndexProfile
    capabilities: Capabilities
    vector: Vector

    @property
    def _size(self) -> int:
        return self.request.looked_at

    @property
    def _base64(self) -> bool:
        return bool(self.capabilities.base64_queries)

    @property
    def in_one(self) -> dict[str, Any] | None:
        """The one search that finds them all, where there is one."""
        if not self.request.plain:
            return None
        if self.request.words is None:
            return self._nearest()
        if not self.capabilities.rrf:
            return None
        near = self._nearest()
        return bodies.fused(self.request.words, near, self.profile, self.request.filters)

    @property
    def stage(self) -> str:
        """What that search is called."""
        return "nearest" if self.request.words is None else "fused"

    def of_one(self, hits: list[Hit]) -> Ranked:
        """Return what that search has found."""
        return Ranked(hits, more=len(hits) == self._size)

    def ranked(self) -> Ranked:
        """Return them, best first, as each ranking places them.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        words = {} if self.request.words is None else {"words": self._words(self.request.words)}
        if self.request.coarse is None:
            found = self.asking.together({**words, "nearest": self._nearest()})
        else:
            found = self.asking.together({**words, "coarse": self._coarse()})
            found["nearest"] = self._fine([hit["_id"] for hit in found["coarse"]])
        hits = placed(map(read_hit, found["nearest"]), "nearest")
        if words:
            with self.asking.trace.stage("fused"):
                hits = _fused([placed(map(read_hit, found["words"]), "words"), hits])
        kept = self._kept(hits)
        full = any(len(found[stage]) == self._size for stage in found.keys() - {"coarse"})
        return Ranked(kept, more=full or self._left_out(hits))

    def _kept(self, hits: list[Hit]) -> list[Hit]:
        if self.request.collapse:
            return _some_of_each_source(hits, self.request.window)
        return hits[: self._size]

    def _left_out(self, hits: list[Hit]) -> bool:
        if self.request.collapse:
            return len({source_of(hit) for hit in hits}) > self.request.window
        return len(hits) > self._size

    def _words(self, text: str) -> dict[str, Any]:
        return bodies.words(text, self.profile, self._size, self.request.filters)

    def _nearest(self) -> dict[str, Any]:
        return bodies.nearest(
            self.vector,
            self.profile.finest,
            self._size,
            self.request.filters,
            base64_allowed=self._base64,
        )

    def _coarse(self) -> dict[str, Any]:
        assert self.request.coarse is not None  # noqa: S101
        return bodies.coarse(
            self.vector,
            self.request.coarse,
            self._size,
            self.request.filters,
            base64_allowed=self._base64,
        )

    def _fine(self, ids: Sequence[str]) -> Found:
        body = bodies.fine(
            self.vector,
            self.profile.finest,
            self._size,
            ids,
            base64_allowed=self._base64,
        )
        with self.asking.trace.stage("nearest"):
            return self.asking.one("nearest", body)


def _some_of_each_source(hits: Sequence[Hit], window: int) -> list[Hit]:
    """Keep three units of each source, for a window of sources: late interaction chooses."""
    kept: list[Hit] = []
    counts: Counter[str] = Counter()
    for hit in hits:
        source = source_of(hit)
        counts[source] += 1
        if counts[source] <= _COMPARED and len(counts) <= window:
            kept.append(hit)
    return kept


def source_of(hit: Hit) -> str:
    """Return what tells the source of a hit; what has none stands for itself."""
    return hit.uri or hit.id


def one_of_each_source(hits: Sequence[Hit]) -> list[Hit]:
    """Keep the best unit of each source."""
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(source_of(hit), hit)
    return list(best.values())


def _fused(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    hits: dict[str, Hit] = {}
    stages: dict[str, dict[str, Place]] = {}
    for ranking in rankings:
        for hit in ranking:
            # The first ranking is by words: its snippet shows why the document was found.
            hits.setdefault(hit.id, hit)
            stages.setdefault(hit.id, {}).update(hit.stages)
    fused = reciprocal_rank_fusion([[hit.id for hit in ranking] for ranking in rankings])
    return [
        replace(hits[ident], score=score, stages={**stages[ident], "fused": Place(rank, score)})
        for rank, (ident, score) in enumerate(fused, 1)
    ]
