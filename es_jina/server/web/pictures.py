"""``GET /thumbnails/REF`` and ``GET /pictures/REF``: pages and images, in two sizes."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from es_jina.search.asking import Asking
from es_jina.search.stored_unit import StoredUnit, depicted_unit
from es_jina.search.trace import Trace
from es_jina.server.answering import answered
from es_jina.server.bytes_route import BytesRoute
from es_jina.server.documentation import picture_of
from es_jina.server.refused import NOT_FOUND, RefusedError
from es_jina.server.web.depicted import depicted
from es_jina.server.web.drawing import Drawing
from es_jina.server.web.parts import Web
from es_jina.server.web.served import ServedIndex

# What comes before a document's id.
THUMBNAILS, PICTURES = "/thumbnails/", "/pictures/"
# The longer side, in pixels.
SMALL, LARGE = 320, 1400
# Documents that are looked for at a time: a list of hundred hits leaves room for searches.
_AT_ONCE = 3
# A document may be another one by then.
_FRESH_SECONDS = 60

_Route = Callable[[Request], Coroutine[Any, Any, Response]]


def add(app: FastAPI, web: Web, drawing: Drawing) -> None:
    """Add the routes.

    Args:
        app: gets them.
        web: what has the indices.
        drawing: draws the pictures.
    """
    turns = asyncio.Semaphore(_AT_ONCE)
    for path, side, told in (
        (THUMBNAILS, SMALL, "A small picture of what a hit is"),
        (PICTURES, LARGE, "A large picture of what a hit is"),
    ):
        answer: _Route = partial(_answer, web=web, drawing=drawing, turns=turns, side=side)
        if path == THUMBNAILS and web.public_thumbnails:
            answer = _for_all(answer)
        app.router.add_api_route(
            path + "{ref:path}",
            _route(answer),
            route_class_override=BytesRoute,
            **picture_of(told),
        )


def unknown(index: ServedIndex, ref: str) -> RefusedError:
    """Return the refusal of a document that is not there."""
    return RefusedError(404, f"the index {index.name!r} has no document {ref[:100]!r}", NOT_FOUND)


def _route(answer: _Route) -> _Route:
    async def picture(request: Request) -> Response:
        return await answered(request, lambda _: answer(request))

    return picture


def _for_all(answer: _Route) -> _Route:
    """Answer those, too, who have no key: a refusal tells neither what is served nor its files."""

    async def picture(request: Request) -> Response:
        try:
            shown = await answer(request)
        except RefusedError as refused:
            if refused.status < 429:
                raise RefusedError(404, "there is no such picture", NOT_FOUND) from refused
            told = "this cannot be drawn now: ask again later"
            retry_after = refused.retry_after
            raise RefusedError(
                refused.status, told, refused.code, retry_after=retry_after
            ) from refused
        shown.headers["Cache-Control"] = f"public, max-age={_FRESH_SECONDS}"
        return shown

    return picture


async def _answer(
    request: Request, web: Web, drawing: Drawing, turns: asyncio.Semaphore, side: int
) -> Response:
    """Return a picture, or that the client has it.

    Raises:
        RefusedError: there is none, or it cannot be drawn now.
    """
    ref, name = request.path_params["ref"], request.query_params.get("index")
    async with turns:
        unit = await web.indices.ask(name, partial(_unit, ref=ref), "looking for a picture")
    of = depicted(unit.fields)
    tag = f'"{of.tag(side)}"'
    headers = {"ETag": tag, "Cache-Control": f"private, max-age={_FRESH_SECONDS}"}
    if tag in request.headers.get("If-None-Match", ""):
        await drawing.check(of)
        return Response(None, 304, headers)
    drawn = await drawing.preview(of, side)
    return Response(drawn.content, headers=headers, media_type="image/jpeg")


def _unit(index: ServedIndex, ref: str) -> StoredUnit:
    """Look for a document; in a thread."""
    unit = depicted_unit(Asking(index.client, index.name, None, Trace()), ref)
    if unit is None:
        raise unknown(index, ref)
    return unit
