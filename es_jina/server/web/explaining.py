"""``POST /v1/explain``: why a hit answers a query."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import orjson
from fastapi import FastAPI
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from es_jina.embedding import TokenSpans, Vector
from es_jina.inputs import Text
from es_jina.profile import IndexProfile
from es_jina.search.asking import Asking
from es_jina.search.explain import cells, tokens
from es_jina.search.stored_unit import StoredUnit, stored_unit
from es_jina.search.trace import Trace
from es_jina.search.words import Word, content_words
from es_jina.server.answering import answered
from es_jina.server.bytes_route import BytesRoute
from es_jina.server.documentation import post_of
from es_jina.server.query_vectors import QueryVectors
from es_jina.server.refused import RefusedError
from es_jina.server.rerank import check_multi_vectors, multi_vector
from es_jina.server.web.depicted import KINDS, depicted
from es_jina.server.web.drawing import Drawing
from es_jina.server.web.explain_body import ExplainBody
from es_jina.server.web.parts import Web
from es_jina.server.web.pictures import LARGE, unknown
from es_jina.server.web.served import ServedIndex
from es_jina.server.web.unit_vectors import UnitVectors, untold
from es_jina.server.wire.reading import read_body

PATH = "/v1/explain"
_DIGITS = 4
# Each is a button of the page, and has a grid of its own.
_MOST_WORDS = 100
# The cosine of a vector with its own signs, the root of 2 / pi: bits keep no more.
_OF_SIGNS = 0.8


def add(app: FastAPI, web: Web, drawing: Drawing) -> None:
    """Add the route.

    Args:
        app: gets it.
        web: what has the indices.
        drawing: draws the pictures.
    """
    explainer = _Explainer(web, drawing)

    async def explain(request: Request) -> Response:
        return await answered(request, explainer.answer)

    app.router.add_api_route(
        PATH, explain, route_class_override=BytesRoute, **post_of("explain", PATH)
    )


class _Explainer:
    """Explains hits, and remembers the queries that it was asked last; for one event loop."""

    def __init__(self, web: Web, drawing: Drawing) -> None:
        self._web = web
        self._drawing = drawing
        self._queries = QueryVectors(web.service)
        self._vectors = UnitVectors(web.service, drawing)

    async def answer(self, body: bytes) -> bytes:
        """Return the JSON answer to a JSON body.

        Raises:
            RefusedError: the body is not as it must be, or this cannot be explained.
        """
        asked = await read_body(ExplainBody, body)
        check_multi_vectors(self._web.service)
        profile, unit = await self._web.indices.ask(
            asked.index, partial(_found, ref=asked.ref), "reading what is explained"
        )
        embedding = await self._queries.get(Text(asked.query), profile.query_task)
        if not isinstance(embedding.layout, TokenSpans):
            raise untold(self._web.service)
        words = content_words(asked.query, embedding.layout)[:_MOST_WORDS]
        explained = self._picture if unit.fields.get("kind") in KINDS else self._text
        told = await explained(unit, profile, multi_vector(embedding), words)
        told["words"] = self._words(asked.query, words)
        told["perfect"] = _perfect(profile, told["of"])
        return orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY)

    async def _picture(
        self, unit: StoredUnit, profile: IndexProfile, query: Vector, words: Sequence[Word]
    ) -> dict[str, Any]:
        page = await self._vectors.page(unit, profile)
        found = await asyncio.to_thread(cells, query, words, page)
        return {
            "kind": unit.fields["kind"],
            "width": page.grid.width,
            "height": page.grid.height,
            "pixels": await self._pixels(unit),
            "grids": _rounded(found),
            "of": page.of,
        }

    async def _text(
        self, unit: StoredUnit, profile: IndexProfile, query: Vector, words: Sequence[Word]
    ) -> dict[str, Any]:
        text, passage = await self._vectors.passage(unit, profile)
        found = await asyncio.to_thread(tokens, query, words, text, passage)
        return {
            "kind": "text",
            "text": text,
            "tokens": [
                {"start": each.start, "end": each.end, "scores": _rounded(each.scores)}
                for each in found
            ],
            "of": passage.of,
        }

    async def _pixels(self, unit: StoredUnit) -> tuple[int, int] | None:
        """Return the size of a unit's picture; ``None`` where there is none any more."""
        try:
            drawn = await self._drawing.preview(depicted(unit.fields), LARGE)
        except RefusedError:
            return None
        return drawn.width, drawn.height

    def _words(self, query: str, words: Sequence[Word]) -> list[dict[str, Any]]:
        toy = self._web.service.model.toy
        strange = toy.unknown(query) if toy else []

        def known(word: Word) -> bool:
            # Alone, a letter of Chinese may be no word though it is a part of one.
            parts = toy.unknown(word.text) if toy else []
            return not any(part in whole for part in parts for whole in strange)

        return [
            {"word": each.text, "start": each.start, "end": each.end, "known": known(each)}
            for each in words
        ]


def _found(index: ServedIndex, ref: str) -> tuple[IndexProfile, StoredUnit]:
    """Look for a document; in a thread."""
    asking = Asking(index.client, index.name, None, Trace())
    unit = stored_unit(asking, ref, index.profile.multi_vector)
    if unit is None:
        raise unknown(index, ref)
    return index.profile, unit


def _perfect(profile: IndexProfile, of: str) -> float:
    multi = profile.multi_vector
    return _OF_SIGNS if of == "stored" and multi and multi.element_type == "bit" else 1.0


def _rounded(numbers: NDArray[np.float32]) -> NDArray[np.float64]:
    return numbers.astype(np.float64).round(_DIGITS)
