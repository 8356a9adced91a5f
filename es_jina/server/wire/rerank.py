"""``POST /v1/rerank``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from es_jina.embedding import Embedding
from es_jina.inputs import Image, Input, Text
from es_jina.profile import IndexProfile
from es_jina.server.query_vectors import QueryVectors
from es_jina.server.references import ReferencedIndices
from es_jina.server.refused import FORBIDDEN, FieldProblem, RefusedError, invalid
from es_jina.server.rerank import check_multi_vectors, clip, multi_vector, rerank
from es_jina.server.service import Service
from es_jina.server.together import together
from es_jina.server.wire.files import RequestFiles, WireFiles
from es_jina.server.wire.reading import check_number, read_body
from es_jina.server.wire.rerank_body import TAGS, Content, Part, RerankBody

# Returns what a model that was asked for is called in the answer; refuses one that is not served.
NameModel = Callable[[str | None], str]

# As many as a search of Elasticsearch's has hits.
_MOST_REFERENCES = 10_000


@dataclass(frozen=True, slots=True)
class _Judged:
    """What is answered of the documents.

    Attributes:
        scores: of each, 0 to 1.
        tokens: that were read.
        images: which of the documents are images, by their numbers.
        unknown: how many references are of no document; ``None`` for documents themselves.
    """

    scores: Sequence[float]
    tokens: int
    images: frozenset[int] = frozenset()
    unknown: int | None = None


class RerankRoute:
    """Answers requests to rerank."""

    def __init__(
        self,
        service: Service,
        files: WireFiles,
        name_model: NameModel,
        references: ReferencedIndices | None = None,
        on_unknown: Callable[[int], object] = lambda _: None,
    ) -> None:
        """Take what it answers with.

        Args:
            service: embeds.
            files: reads the images of a body.
            name_model: checks the model that is asked for.
            references: the indices whose documents may be named.
            on_unknown: told how many references of a request are unknown.
        """
        self._service = service
        self._files = files
        self._name_model = name_model
        self._references = references
        self._on_unknown = on_unknown
        self._queries = QueryVectors(service)

    async def answer(self, body: bytes) -> bytes:
        """Return the JSON answer to a JSON body.

        Raises:
            RefusedError: the body is not as it must be, or its documents cannot be reranked now.
        """
        asked = await read_body(RerankBody, body, TAGS)
        name = self._name_model(asked.model)
        check_multi_vectors(self._service)
        if asked.index is None:
            judged = await self._documents(asked)
        else:
            judged = await self._by_reference(asked, asked.index)
        return _answered(asked, name, judged)

    async def _documents(self, asked: RerankBody) -> _Judged:
        check_number("documents", len(asked.documents), self._service.limits.items)
        files = self._files.of_request()
        query, *documents = await together(
            [
                _input(files, asked.query, "query"),
                *(
                    _input(files, each, f"documents -> {number}")
                    for number, each in enumerate(asked.documents)
                ),
            ]
        )
        _check_words(query)
        done = await rerank(self._service, query, documents, truncate=bool(asked.truncate))
        images = (number for number, each in enumerate(documents) if isinstance(each, Image))
        return _Judged(done.scores, done.tokens, frozenset(images))

    async def _by_reference(self, asked: RerankBody, index: str) -> _Judged:
        if self._references is None:
            raise RefusedError(
                403,
                "documents may not be named here: start the server with --index and the name of "
                "the index that they are in",
                FORBIDDEN,
            )
        profile = self._references.profile(index)
        check_number("documents", len(asked.documents), _MOST_REFERENCES)
        references = _named(asked.documents)
        query = await _input(self._files.of_request(), asked.query, "query")
        _check_words(query)
        embedding = await self._query(query, asked, profile)
        found = await self._references.scores(index, multi_vector(embedding), references)
        now = self._references.profile(index)
        if (now.query_task, now.max_pixels) != (profile.query_task, profile.max_pixels):
            # The index was made anew: its queries are others.
            embedding = await self._query(query, asked, now)
            found = await self._references.scores(index, multi_vector(embedding), references)
        unknown = found.count(None)
        self._on_unknown(unknown)
        scores = clip([each or 0.0 for each in found])
        return _Judged(scores, embedding.tokens, unknown=unknown)

    async def _query(self, query: Input, asked: RerankBody, profile: IndexProfile) -> Embedding:
        return await self._queries.get(
            query,
            profile.query_task,
            truncate=bool(asked.truncate),
            max_pixels=profile.max_pixels,
        )


async def _input(files: RequestFiles, told: Content, field: str) -> Input:
    match told:
        case Part(image=str(image)):
            return await files.image(image, f"{field} -> image")
        case Part(text=text):
            return await files.text_or_image(text or "", f"{field} -> text")
        case _:
            return await files.text_or_image(told, field)


def _answered(asked: RerankBody, name: str, judged: _Judged) -> bytes:
    results = [
        {"index": number, "relevance_score": round(score, 8), **_echoed(asked, number, judged)}
        for number, score in enumerate(judged.scores)
    ]
    # Python's sort leaves ties as they are: by index.
    results.sort(key=lambda result: -result["relevance_score"])
    return orjson.dumps(
        {
            "model": name,
            "object": "list",
            "usage": {"total_tokens": judged.tokens},
            "results": results[: asked.top_n],
            **({} if judged.unknown is None else {"es_jina": {"unknown": judged.unknown}}),
        }
    )


def _echoed(asked: RerankBody, number: int, judged: _Judged) -> dict[str, Any]:
    told = asked.documents[number]
    image = number in judged.images
    by_default = asked.index is None and not image
    if not (by_default if asked.return_documents is None else asked.return_documents):
        return {}
    if isinstance(told, Part):
        told = told.image or told.text or ""
    return {"document": {"image" if image else "text": told}}


def _named(documents: Sequence[Content]) -> list[str]:
    """Return references.

    Raises:
        RefusedError: one of them is no string.
    """
    wrong = [number for number, each in enumerate(documents) if not isinstance(each, str)]
    if wrong:
        told = "with `index`, documents are references: strings"
        raise invalid([FieldProblem(f"documents -> {wrong[0]}", told, "string_type")])
    return [each for each in documents if isinstance(each, str)]


def _check_words(query: Input) -> None:
    if isinstance(query, Text) and not query.text.strip():
        raise invalid([FieldProblem("query", "the query is empty", "string_too_short", query.text)])
