"""``GET /`` and ``GET /site/FILE``: the page and what belongs to it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from es_jina.server.answering import refusal
from es_jina.server.bytes_route import BytesRoute
from es_jina.server.refused import NOT_FOUND, RefusedError

_FOLDER = files("es_jina.server") / "site"
_PAGE = "index.html"
_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
# Nothing from elsewhere, nothing written into the page; pictures that need a key are fetched by
# the page, which shows them as blobs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def add(app: FastAPI) -> None:
    """Add the routes."""

    async def page(request: Request) -> Response:
        return _answer(request, request.path_params.get("file", _PAGE))

    for path in ("/", "/site/{file}"):
        app.router.add_api_route(
            path,
            page,
            methods=["GET", "HEAD"],
            route_class_override=BytesRoute,
            include_in_schema=False,
        )


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the page.

    Attributes:
        content: all of it.
        kind: its media type.
        tag: changes with it.
    """

    content: bytes
    kind: str
    tag: str


@cache
def _files() -> Mapping[str, _File]:
    """Return all files of the page by their names: no request leads to another one."""
    return {
        each.name: _file(each.read_bytes(), kind)
        for each in _FOLDER.iterdir()
        if (kind := _TYPES.get(each.name.rpartition(".")[2]))
    }


def _file(content: bytes, kind: str) -> _File:
    return _File(content, kind, f'"{hashlib.sha256(content).hexdigest()[:16]}"')


def _answer(request: Request, name: str) -> Response:
    file = _files().get(name)
    if file is None:
        told = f"the page has no file {name[:100]!r}"
        return refusal(request, RefusedError(404, told, NOT_FOUND))
    headers = {
        "ETag": file.tag,
        "Cache-Control": "no-cache",
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "no-referrer",
    }
    if file.tag in request.headers.get("If-None-Match", ""):
        return Response(None, 304, headers)
    return Response(file.content, headers=headers, media_type=file.kind)
