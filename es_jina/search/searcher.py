"""Searching one index: by words, by the single vector, by late interaction, or by all."""

import time
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from es_jina.embedding import Embedding, Vector
from es_jina.errors import ItemError, RequestError
from es_jina.inputs import Input
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile
from es_jina.providers.answers import checked
from es_jina.providers.base import Provider, Reranker, Want
from es_jina.search import query as bodies
from es_jina.search.asking import Asking
from es_jina.search.cache import QueryCache, preference
from es_jina.search.candidates import Candidates, Ranked, one_of_each_source, source_of
from es_jina.search.deeper import continued
from es_jina.search.filters import Filter
from es_jina.search.hits import Hit, Results, placed, read_hit, shown
from es_jina.search.late import LateInteraction, packed, rescored
from es_jina.search.request import Mode, Query, SearchRequest, coarse_field, window_for
from es_jina.search.rerank import Reranked, Reranking, most_read, unscored
from es_jina.search.trace import Trace


class Searcher:
    """Searches one index with one provider; several threads may share it."""

    def __init__(
        self,
        client: Elasticsearch,
        index: str,
        profile: IndexProfile,
        capabilities: Capabilities,
        provider: Provider | None,
        *,
        cache: QueryCache | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        """Check that the pieces fit.

        Args:
            client: of the cluster.
            index: its name.
            profile: of the index.
            capabilities: of the cluster.
            provider: for the query's vectors; ``None`` serves the mode ``text`` alone.
            cache: of queries' vectors, which searchers may share; by default one of its own.
            reranker: for searches that ask for it.

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
        self._cache = cache or QueryCache()
        self._reranker = reranker

    def search(
        self,
        query: Query,
        mode: Mode = "hybrid",
        size: int = 10,
        filters: Sequence[Filter] = (),
        *,
        offset: int = 0,
        window: int | None = None,
        collapse: bool = False,
        coarse: int | None = None,
        bits: bool = False,
        explain: bool = False,
        rerank: bool = False,
    ) -> Results:
        """Search by a text, an image, or vectors that are at hand.

        Args:
            query: what to look for.
            mode: ``text`` BM25; ``dense`` nearest single vectors; ``late`` the nearest of a window
                ordered by MaxSim; ``hybrid`` BM25 and nearest fused by reciprocal rank, then the
                window ordered by MaxSim where the index has multi-vectors.
            size: how many hits, 1 to 1000.
            filters: queries that all hits match, such as ``{"term": {"kind": "page"}}``.
            offset: how many better hits to skip. Pages of the same window continue one another, up
                to 10,000 hits, as long as the index stays as it is.
            window: how many candidates of each ranking are fused, and then ordered by late
                interaction; by default 50, or `size` if that is more. Behind them comes what deeper
                looks find besides, as the stage before late interaction orders it.
            collapse: the best unit of each source alone. Five times as many candidates are looked
                at, and of each source late interaction compares three.
            coarse: dims of a smaller dense field that finds the candidates, which the largest one
                then orders.
            bits: for multi-vectors of bits, compare signs with signs: faster, a little less exact.
            explain: do every stage on its own, so that hits have their place in each.
            rerank: let the reranker read the best hits, 20 or twice `size`, and order them: each by
                its text, an image without any by its file, where that is on this machine and as it
                was. What it cannot read comes behind, then all other hits, as they were.

        Raises:
            RequestError: something asked for is none, or needs something that the query, the index
                or this searcher lacks.
            ItemError: the query cannot be embedded, or not be read by the reranker.
            ClusterError: Elasticsearch cannot be reached or refuses.
            ProviderError: the model or the reranker failed.
        """
        if window is None:
            window = window_for(size)
        smaller = coarse_field(self._profile, coarse)
        request = SearchRequest(
            query, mode, size, filters, offset, window, collapse, smaller, bits, explain, rerank
        )
        request.check(self._profile, self._index)
        if rerank and self._reranker is None:
            raise RequestError("there is no reranker: give one to the Searcher, or do not ask it")
        asking = Asking(self._client, self._index, preference(query), Trace())
        start = time.perf_counter()
        embedding = self._embed(request, asking.trace)
        embedded = time.perf_counter()
        found = self._found(request, embedding, asking)
        done = time.perf_counter()
        late = embedding is not None and embedding.multi is not None
        return Results(
            mode=mode,
            reranked=found.read > 0 if rerank else late,
            embed_ms=round((embedded - start) * 1000, 1),
            search_ms=round((done - embedded) * 1000, 1),
            hits=list(map(shown, found.hits)),
            offset=offset,
            stages=asking.trace.stages,
            requests=asking.trace.requests,
            unread=found.unread,
            refused=len(found.refusals),
            refusal=next(iter(found.refusals), None),
        )

    def _found(
        self, request: SearchRequest, embedding: Embedding | None, asking: Asking
    ) -> Reranked:
        """Return the hits to show, and what a reranker could not read."""
        if embedding is None and not (request.collapse or request.rerank):
            return Reranked(self._words(request, asking, request.size, request.offset))
        best = self._best(request, embedding, asking)
        hits = one_of_each_source(best.hits) if request.collapse else best.hits
        read = self._reranked(hits, request, asking) if request.rerank else Reranked(hits)
        whole = continued(
            replace(best, hits=read.hits),
            request.window,
            request.end,
            lambda depth: self._deeper(replace(request, window=depth), embedding, asking),
            source_of if request.collapse else attrgetter("id"),
        )
        return replace(read, hits=whole[request.offset : request.end])

    def _best(self, request: SearchRequest, embedding: Embedding | None, asking: Asking) -> Ranked:
        """Return the hits of the window."""
        if embedding is None:
            return self._by_words(request, asking)
        candidates = self._candidates(request, embedding, asking)
        if embedding.multi is None:
            return self._first_stage(candidates)
        return self._late(candidates, embedding.multi)

    def _deeper(
        self, request: SearchRequest, embedding: Embedding | None, asking: Asking
    ) -> Ranked:
        """Return hits in the order of the stage before late interaction and the reranker."""
        if embedding is None:
            found = self._by_words(request, asking)
        else:
            found = self._first_stage(self._candidates(request, embedding, asking))
        late = embedding is not None and embedding.multi is not None
        # The scores of another stage are another scale.
        return replace(found, hits=unscored(found.hits)) if late or request.rerank else found

    def _reranked(self, hits: list[Hit], request: SearchRequest, asking: Asking) -> Reranked:
        assert self._reranker is not None  # noqa: S101
        assert not isinstance(request.query, Embedding)  # noqa: S101
        most = most_read(request.size)
        if request.offset >= most:
            return Reranked(unscored(hits))  # none of those is shown
        best = Reranking(self._reranker, request.query).ordered(asking, hits[:most])
        return replace(best, hits=best.hits + unscored(hits[most:]))

    def _embed(self, request: SearchRequest, trace: Trace) -> Embedding | None:
        if request.mode == "text":
            return None
        late = request.mode != "dense" and self._profile.multi_vector is not None
        if isinstance(request.query, Embedding):
            return self._checked(request.query, late=late)
        if self._provider is None:
            raise RequestError(f"mode {request.mode!r} needs a model")
        query, want = request.query, Want.SINGLE | Want.MULTI if late else Want.SINGLE
        with trace.stage("embed"):
            return self._cache.get(query, self._profile, want, lambda: self._embedded(query, want))

    def _embedded(self, query: Input, want: Want) -> Embedding:
        assert self._provider is not None  # noqa: S101
        (embedding,) = self._provider.embed(
            [query], self._profile.query_task, want, max_pixels=self._profile.max_pixels
        )
        return self._checked(embedding, late=Want.MULTI in want)

    def _checked(self, embedding: Embedding | ItemError, *, late: bool) -> Embedding:
        multi = self._profile.multi_vector if late else None
        answer = checked(embedding, replace(self._profile, multi_vector=multi))
        if isinstance(answer, ItemError):
            raise answer
        # A provider may answer more than it was asked for.
        return answer if late else replace(answer, multi=None)

    def _candidates(
        self, request: SearchRequest, embedding: Embedding, asking: Asking
    ) -> Candidates:
        assert embedding.single is not None  # noqa: S101
        return Candidates(asking, request, self._profile, self._capabilities, embedding.single)

    def _by_words(self, request: SearchRequest, asking: Asking) -> Ranked:
        hits = self._words(request, asking, request.looked_at, 0)
        return Ranked(hits, more=len(hits) == request.looked_at)

    def _words(self, request: SearchRequest, asking: Asking, size: int, offset: int) -> list[Hit]:
        assert request.words is not None  # noqa: S101
        body = bodies.words(request.words, self._profile, size, request.filters, offset=offset)
        with asking.trace.stage("words"):
            return placed(map(read_hit, asking.one("words", body)), "words", first=offset + 1)

    def _first_stage(self, candidates: Candidates) -> Ranked:
        body = candidates.in_one
        if body is None:
            return candidates.ranked()
        stage = candidates.stage
        with candidates.asking.trace.stage(stage):
            found = candidates.asking.one(stage, body)
        return candidates.of_one(placed(map(read_hit, found), stage))

    def _late(self, candidates: Candidates, query: Vector) -> Ranked:
        multi, request, asking = self._profile.multi_vector, candidates.request, candidates.asking
        assert multi is not None  # noqa: S101
        late = LateInteraction(query, multi, request.bits)
        body = candidates.in_one
        if body is None:
            found = candidates.ranked()
            return replace(found, hits=late.reranked(asking, found.hits))
        if multi.store == "rank_vectors" and self._capabilities.rescorer:
            body = bodies.rescored(body, query, multi, bits=request.bits)
            with asking.trace.stage("late"):
                return candidates.of_one(rescored(list(map(read_hit, asking.one("late", body)))))
        return candidates.of_one(self._fetched(late, body, candidates))

    def _fetched(
        self, late: LateInteraction, body: bodies.Body, candidates: Candidates
    ) -> list[Hit]:
        """Look for candidates; if they are not too many, fetch their multi-vectors with them."""
        together = late.multi.store == "binary" and body["size"] <= late.at_once
        if together:
            body = {**body, "docvalue_fields": [MULTI_VECTOR_FIELD]}
        asking, stage = candidates.asking, candidates.stage
        with asking.trace.stage(stage):
            found = asking.one(stage, body)
        hits = placed(map(read_hit, found), stage)
        return late.reranked(asking, hits, packed(found) if together else None)
