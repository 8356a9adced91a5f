"""``POST /v1/search``."""

from dataclasses import asdict, replace
from functools import partial
from typing import Any

import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from es_jina.embedding import Embedding
from es_jina.inputs import Image, Text
from es_jina.search.asking import Asking
from es_jina.search.filters import Filter
from es_jina.search.hits import Hit, Results
from es_jina.search.request import Query
from es_jina.search.stored import stored_embedding
from es_jina.search.trace import Trace
from es_jina.server.answering import answered
from es_jina.server.bytes_route import BytesRoute
from es_jina.server.documentation import post_of
from es_jina.server.web.parts import Web
from es_jina.server.web.pictures import unknown
from es_jina.server.web.search_body import MOST_HITS, SearchBody
from es_jina.server.web.served import ServedIndex
from es_jina.server.wire.reading import read_body

PATH = "/v1/search"
_PICTURES = frozenset({"image", "page"})


def add(app: FastAPI, web: Web) -> None:
    """Add the route."""

    async def search(request: Request) -> Response:
        return await answered(request, partial(_answer, web))

    app.router.add_api_route(
        PATH, search, route_class_override=BytesRoute, **post_of("search", PATH)
    )


async def _answer(web: Web, body: bytes) -> bytes:
    """Return the JSON answer to a JSON body.

    Raises:
        RefusedError: the body is not as it must be, or nothing can be searched now.
    """
    asked = await read_body(SearchBody, body)
    index = await web.indices.get(asked.index)
    query = await _query(web, asked)
    results = await web.indices.ask(
        index.name, partial(_searched, asked=asked, query=query), "searching"
    )
    toy = web.service.model.toy
    # By words alone the model is not asked.
    heard = asked.query if toy and asked.mode != "text" else None
    return orjson.dumps(
        {
            "index": index.name,
            "mode": asked.mode,
            "took": {"embed_ms": results.embed_ms, "search_ms": results.search_ms},
            "stages": [asdict(stage) for stage in results.stages],
            "unknown": toy.unknown(heard) if toy and heard else [],
            "total_shown": len(results.hits),
            "hits": _hits(results),
        }
    )


async def _query(web: Web, asked: SearchBody) -> Text | Image | None:
    """Return what is searched for; ``None`` where it is in the index."""
    if asked.query is not None:
        return Text(asked.query)
    if asked.image is not None:
        return await web.files.of_request().image(asked.image, "image")
    return None


def _searched(index: ServedIndex, asked: SearchBody, query: Text | Image | None) -> Results:
    """Search; in a thread."""
    filters = asked.filters.queries()
    if query is not None:
        return _found(index, asked, query, filters, offset=asked.offset, size=asked.size)
    assert asked.ref is not None  # noqa: S101
    like, itself = _like(index, asked.ref), {"ids": {"values": [asked.ref]}}
    filters.append({"bool": {"must_not": itself}})
    if not asked.itself:
        return _found(index, asked, like, filters, offset=asked.offset, size=asked.size)
    # It goes before all others, also before those that are the same or have longer vectors.
    if asked.offset:
        others = _found(index, asked, like, filters, offset=asked.offset - 1, size=asked.size)
        return replace(others, offset=asked.offset)
    first = _found(index, asked, like, [itself], offset=0, size=1)
    if asked.size == 1:
        return first
    others = _found(index, asked, like, filters, offset=0, size=asked.size - 1)
    return replace(others, hits=[*first.hits, *others.hits])


def _found(
    index: ServedIndex,
    asked: SearchBody,
    query: Query,
    filters: list[Filter],
    *,
    offset: int,
    size: int,
) -> Results:
    return index.searcher().search(
        query,
        asked.mode,
        size,
        filters,
        offset=offset,
        window=MOST_HITS,  # the same for all parts of a search
        explain=asked.explain,
    )


def _like(index: ServedIndex, ref: str) -> Embedding:
    """Return the vectors that something in the index has.

    Raises:
        RefusedError: there is no such thing.
    """
    asking = Asking(index.client, index.name, None, Trace())
    embedding = stored_embedding(asking, index.profile, ref)
    if embedding is None:
        raise unknown(index, ref)
    return embedding


def _hits(results: Results) -> list[dict[str, Any]]:
    return [_hit(rank, hit) for rank, hit in enumerate(results.hits, results.offset + 1)]


def _hit(rank: int, hit: Hit) -> dict[str, Any]:
    told = asdict(hit)
    ref = told.pop("id")
    picture = hit.kind in _PICTURES
    return {"rank": rank, "ref": ref, **told, "name": hit.name, "picture": picture}
