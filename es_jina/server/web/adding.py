"""``POST /v1/sources``: files, and what is at an address, into an index, to be found at once."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from es_jina.ingest.web import without_user
from es_jina.providers.base import Tokenizer
from es_jina.server.answering import answered
from es_jina.server.bytes_route import BytesRoute
from es_jina.server.documentation import post_of
from es_jina.server.fetch import Fetcher
from es_jina.server.refused import FORBIDDEN, INVALID, RefusedError
from es_jina.server.web.added_source import AddedAddress, AddedFile, AddedSource
from es_jina.server.web.additions import Additions
from es_jina.server.web.file_names import safe_name
from es_jina.server.web.served import ServedIndices
from es_jina.server.web.source_body import AddressBody
from es_jina.server.web.uploads import Uploads
from es_jina.server.wire.reading import read_body

PATH = "/v1/sources"
_LINES = "application/x-ndjson"
_QUERY = {
    "index": "The index; it may be left out where there is one.",
    "name": "The name of the file that the body is; without it the body is JSON.",
    "text_field": "Of a file of records: the field to embed.",
}


class Adding:
    """Reads what clients want to add, and has it added."""

    def __init__(
        self,
        indices: ServedIndices,
        folder: Path,
        open_tokenizer: Callable[[], Tokenizer],
        fetcher: Fetcher | None,
    ) -> None:
        """Prepare.

        Args:
            indices: that sources are added to.
            folder: where files are kept.
            open_tokenizer: of the model.
            fetcher: of addresses; ``None`` where they are not allowed.
        """
        self._additions = Additions(indices, open_tokenizer)
        self._uploads = Uploads(folder)
        self._fetcher = fetcher

    async def answer(self, body: bytes, query: QueryParams) -> Response:
        """Return the lines that tell how it goes.

        Args:
            body: a file where the query names one, else the JSON of :class:`AddressBody`.
            query: ``index``; ``name`` of a file; ``text_field``, what to embed of its records.

        Raises:
            RefusedError: it cannot be begun.
        """
        source: AddedSource
        if "name" in query:
            source = self._file(query["name"], body, query.get("text_field"))
        else:
            source = await self._address((await read_body(AddressBody, body)).url)
        lines = await self._additions.add(query.get("index") or None, source)
        return StreamingResponse(lines, media_type=_LINES)

    def close(self) -> None:
        """End what is being added; from another thread than the event loop's."""
        self._additions.close()

    def _file(self, named: str, content: bytes, text_field: str | None) -> AddedFile:
        name = safe_name(named)
        if not name:
            told = f"{named[:100]!r} names no file: give one such as name=photo.jpg"
            raise RefusedError(400, told, INVALID)
        return AddedFile(name, content, text_field or None, self._uploads)

    async def _address(self, url: str) -> AddedAddress:
        if self._fetcher is None:
            told = "this server fetches no addresses (--allow-image-urls): send the file itself"
            raise RefusedError(403, told, FORBIDDEN)
        return AddedAddress(without_user(url), await self._fetcher.get(url))


def add(app: FastAPI, adding: Adding | None) -> None:
    """Add the route.

    Args:
        app: gets it.
        adding: answers; ``None`` where nobody may add anything.
    """

    async def sources(request: Request) -> Response:
        if adding is None:
            return await answered(request, _refuse)
        return await answered(request, partial(adding.answer, query=request.query_params))

    app.router.add_api_route(PATH, sources, route_class_override=BytesRoute, **_described())


async def _refuse(_: bytes) -> Response:
    told = "nothing is added through this server: `es-jina serve --add` allows that"
    raise RefusedError(403, told, FORBIDDEN)


def _described() -> dict[str, Any]:
    """Return how the route is described: it reads files too, and answers in lines."""
    told = post_of("sources", PATH)
    lines = told["responses"][200]["content"].popitem()[1]
    told["responses"][200]["content"] = {_LINES: lines}
    file = {"schema": {"type": "string", "format": "binary"}}
    more = told["openapi_extra"]
    more["requestBody"]["content"]["application/octet-stream"] = file
    more["parameters"] = [
        {"name": name, "in": "query", "description": about, "schema": {"type": "string"}}
        for name, about in _QUERY.items()
    ]
    return {**told, "response_class": Response}
