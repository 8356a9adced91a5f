"""``GET /`` and ``GET /site/FILE``: the page and what belongs to it."""

import hashlib
import re
from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from es_jina.server.answering import refusal
from es_jina.server.bytes_route import BytesRoute
from es_jina.server.refused import NOT_FOUND, RefusedError

_FILES = files("es_jina.server") / "site"
_PAGE = "index.html"
# No way leads out of the folder, or to a hidden file.
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}\.([a-z0-9]{1,8})")
_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
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


def _answer(request: Request, name: str) -> Response:
    named = _NAME.fullmatch(name)
    kind = _TYPES.get(named[1]) if named else None
    file = _FILES / name
    if kind is None or not file.is_file():
        told = f"the page has no file {name[:100]!r}"
        return refusal(request, RefusedError(404, told, NOT_FOUND))
    content = file.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "no-cache",
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "no-referrer",
    }
    if tag in request.headers.get("If-None-Match", ""):
        return Response(None, 304, headers)
    return Response(content, headers=headers, media_type=kind)
