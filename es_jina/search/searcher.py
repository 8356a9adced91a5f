"""Searching one index: by words, by the single vector, by late interaction, or by all."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import cluster_errors
from es_jina.elastic.vectors import unpack
from es_jina.embedding import Embedding, Vector
from es_jina.errors import RequestError
from es_jina.inputs import Image, Input, Text
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile, MultiVectorProfile
from es_jina.providers.base import Provider, Want
from es_jina.search import query as bodies
from es_jina.search.filters import Filter
from es_jina.search.fusion import reciprocal_rank_fusion
from es_jina.search.maxsim import maxsim

Mode = Literal["text", "dense", "late", "hybrid"]
MODES: tuple[str, ...] = get_args(Mode)

# How many candidates of each ranking are fused and then scored by late interaction.
WINDOW = 50
MAX_SIZE = 1000
_SNIPPET = 160


@dataclass(frozen=True, slots=True)
class Hit:
    """One found unit.

    Attributes:
        id: of the document.
        score: of the mode's last step: BM25, (1 + cosine) / 2, MaxSim per query token, or the sum
            of reciprocal ranks.
        uri: of the source.
        title: of the source.
        kind: text, image or page.
        page: of a PDF, from 1.
        pages: how many pages the PDF has.
        chunk: of a text, from 1.
        snippet: the words that match best, or the first ones.
    """

    id: str
    score: float
    uri: str
    title: str
    kind: str
    page: int | None
    pages: int | None
    chunk: int | None
    snippet: str


@dataclass(frozen=True, slots=True)
class Results:
    """The answer to one search.

    Attributes:
        mode: as asked.
        reranked: whether late interaction decided the order.
        embed_ms: milliseconds spent on the query's vectors.
        search_ms: milliseconds spent on everything else.
        hits: best first.
    """

    mode: Mode
    reranked: bool
    embed_ms: float
    search_ms: float
    hits: list[Hit]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types, each hit with its rank."""
        told = asdict(self)
        told["hits"] = [{"rank": rank, **hit} for rank, hit in enumerate(told["hits"], start=1)]
        return told


class Searcher:
    """Searches one index with one provider."""

    def __init__(
        self,
        client: Elasticsearch,
        index: str,
        profile: IndexProfile,
        capabilities: Capabilities,
        provider: Provider | None,
    ) -> None:
        """Check that the pieces fit.

        Args:
            client: of the cluster.
            index: its name.
            profile: of the index.
            capabilities: of the cluster.
            provider: for the query's vectors; ``None`` serves the mode ``text`` alone.

        Raises:
            ProfileMismatchError: the index was made with another model.
        """
        if provider is not None:
            profile.check_model(provider.model.name, provider.model.revision, index)
        self._client = client
        self._index = index
        self._profile = profile
        self._capabilities = capabilities
        self._provider = provider

    def search(
        self,
        query: Input,
        mode: Mode = "hybrid",
        size: int = 10,
        filters: Sequence[Filter] = (),
    ) -> Results:
        """Search by a text or an image.

        Args:
            query: what to look for.
            mode: ``text`` BM25; ``dense`` nearest single vectors; ``late`` the nearest 50 ordered
                by MaxSim; ``hybrid`` BM25 and nearest fused by reciprocal rank, then the first 50
                ordered by MaxSim where the index has multi-vectors.
            size: how many hits, 1 to 1000.
            filters: queries that all hits match, such as ``{"term": {"kind": "page"}}``.

        Raises:
            RequestError: the query or the size is not one, or the mode needs something that the
                query or the index lacks.
            ItemError: the query cannot be embedded.
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        if mode not in MODES or not 1 <= size <= MAX_SIZE:
            raise RequestError(
                f"mode {mode!r}, size {size}: choose from {', '.join(MODES)} and 1 to {MAX_SIZE}"
            )
        self._check(query, mode)
        start = time.perf_counter()
        embedding = None if mode == "text" else self._embed(query, mode)
        embedded = time.perf_counter()
        hits, reranked = self._search(query, embedding, mode, size, filters)
        done = time.perf_counter()
        return Results(
            mode,
            reranked,
            round((embedded - start) * 1000, 1),
            round((done - embedded) * 1000, 1),
            hits[:size],
        )

    def _search(
        self,
        query: Input,
        embedding: Embedding | None,
        mode: Mode,
        size: int,
        filters: Sequence[Filter],
    ) -> tuple[list[Hit], bool]:
        window = max(size, WINDOW)
        if isinstance(query, Text) and mode == "text":
            return self._hits(bodies.words(query.text, size, filters)), False
        assert embedding is not None and embedding.single is not None  # noqa: S101, PT018
        near = self._hits(
            bodies.nearest(
                embedding.single,
                self._profile,
                size if mode == "dense" else window,
                filters,
                base64_allowed=self._capabilities.base64_queries,
            )
        )
        if mode == "hybrid" and isinstance(query, Text):
            near = _fused([self._hits(bodies.words(query.text, window, filters)), near])
        if mode == "dense" or embedding.multi is None:
            return near, False
        return self._reranked(near[:window], embedding.multi), True

    def _check(self, query: Input, mode: Mode) -> None:
        if isinstance(query, Image) and mode == "text":
            raise RequestError("an image has no words: use --mode dense, late or hybrid")
        if isinstance(query, Text):
            _check_text(query.text)
        if mode == "late" and self._profile.multi_vector is None:
            raise RequestError(
                f"the index {self._index!r} has no multi-vectors: use --mode dense or hybrid"
            )

    def _embed(self, query: Input, mode: Mode) -> Embedding:
        if self._provider is None:
            raise RequestError(f"mode {mode!r} needs a model")
        late = mode != "dense" and self._profile.multi_vector is not None
        (embedding,) = self._provider.embed(
            [query],
            self._profile.query_task,
            Want.SINGLE | Want.MULTI if late else Want.SINGLE,
            max_pixels=self._profile.max_pixels,
        )
        if isinstance(embedding, Exception):
            raise embedding
        return embedding

    def _hits(self, body: dict[str, Any]) -> list[Hit]:
        return [_hit(found) for found in self._ask(body)]

    def _ask(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        with cluster_errors(f"searching {self._index!r}"):
            answer = self._client.search(index=self._index, body=body)
        found: list[dict[str, Any]] = answer["hits"]["hits"]
        return found

    def _reranked(self, hits: Sequence[Hit], query: Vector) -> list[Hit]:
        """Order hits by late interaction; those without a multi-vector come last, as they were."""
        scores = self._late_scores([hit.id for hit in hits], query)
        scored = [replace(hit, score=scores[hit.id]) for hit in hits if hit.id in scores]
        rest = [replace(hit, score=0.0) for hit in hits if hit.id not in scores]
        return sorted(scored, key=lambda hit: -hit.score) + rest

    def _late_scores(self, ids: list[str], query: Vector) -> dict[str, float]:
        multi = self._profile.multi_vector
        if multi is None or not ids:
            return {}
        if multi.store == "rank_vectors":
            found = self._ask(bodies.rank_vectors_scores(ids, query, self._profile))
            return {hit["_id"]: bodies.rank_vectors_score(hit["_score"]) for hit in found}
        scores: dict[str, float] = {}
        # Some at a time: as floats, the multi-vectors of 50 pages are 25 MB of base64.
        for first in range(0, len(ids), WINDOW):
            scores |= self._packed_scores(ids[first : first + WINDOW], query, multi)
        return scores

    def _packed_scores(
        self, ids: list[str], query: Vector, multi: MultiVectorProfile
    ) -> dict[str, float]:
        packed = {
            hit["_id"]: hit["fields"][MULTI_VECTOR_FIELD][0]
            for hit in self._ask(bodies.packed_multi_vectors(ids))
            if MULTI_VECTOR_FIELD in hit.get("fields", {})
        }
        documents = [unpack(value, multi.element_type, multi.dims) for value in packed.values()]
        scores = maxsim(query, documents, multi.element_type)
        return dict(zip(packed, map(float, scores), strict=True))


def _check_text(text: str) -> None:
    if not text.strip():
        raise RequestError("the query is empty")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        # A shell argument in another encoding becomes such a text.
        raise RequestError("the query is not valid UTF-8") from error


def _fused(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    hits: dict[str, Hit] = {}
    for ranking in rankings:
        for hit in ranking:
            # The first ranking is by words: its snippet shows why the document was found.
            hits.setdefault(hit.id, hit)
    fused = reciprocal_rank_fusion([[hit.id for hit in ranking] for ranking in rankings])
    return [replace(hits[ident], score=score) for ident, score in fused]


def _hit(found: dict[str, Any]) -> Hit:
    # Somebody may have written documents of their own through the alias: any field may be missing.
    source = found.get("_source", {})
    uri = source.get("source", {}).get("uri", "")
    highlighted = found.get("highlight", {}).get("text")
    snippet = " ".join((highlighted[0] if highlighted else source.get("text") or "").split())
    return Hit(
        id=found["_id"],
        score=found["_score"],
        uri=uri,
        title=source.get("title", uri),
        kind=source.get("kind", ""),
        page=source.get("page"),
        pages=source.get("pages"),
        chunk=source.get("chunk"),
        snippet=snippet if len(snippet) <= _SNIPPET else snippet[: _SNIPPET - 1] + "…",
    )
