"""Images and PDFs as they stand in a body: base64, data URIs, addresses."""

import re
from collections.abc import Awaitable, Callable

from es_jina.inputs import Image, Input, Text
from es_jina.server.limits import Limits
from es_jina.server.pages import Pages
from es_jina.server.refused import RefusedError, field_refused
from es_jina.server.wire.base64_text import decoded

# Fetches what is at an address.
Fetch = Callable[[str], Awaitable[bytes]]

_DATA = re.compile(r"data:[^,]{0,256},", re.IGNORECASE)
# A text that is meant for a file: a data URI of a picture, or of anything in base64.
_FILE = re.compile(r"\s*data:(?:(image)/[^,\s]{0,256}|[^,\s]{0,256};base64),", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{0,31}:", re.IGNORECASE)


class WireFiles:
    """Reads the images and PDFs of requests."""

    def __init__(self, limits: Limits, pages: Pages, fetch: Fetch | None) -> None:
        """Prepare.

        Args:
            limits: of a file, and of all files of a request.
            pages: renders PDFs.
            fetch: reads addresses; ``None`` where they are not allowed.
        """
        self._limits = limits
        self._pages = pages
        self._fetch = fetch

    def of_request(self) -> "RequestFiles":
        """Return what reads the files of one request."""
        return RequestFiles(self._limits, self._pages, self._fetch)


class RequestFiles:
    """Reads the images and PDFs of one request, which together may be as large as a body."""

    def __init__(self, limits: Limits, pages: Pages, fetch: Fetch | None) -> None:
        self._limits = limits
        self._pages = pages
        self._fetch = fetch
        self._left = limits.body_bytes

    async def image(self, value: str, field: str) -> Image:
        """Return an image; whether it is one is seen later.

        Args:
            value: raw base64, a data URI or an http(s) address.
            field: the way to it in the body, for errors.

        Raises:
            RefusedError: it cannot be read or is too large.
        """
        return Image(await self._bytes(value, field))

    async def text_or_image(self, value: str, field: str) -> Input:
        """Return a text; but some clients send images among texts, as data URIs.

        Args:
            value: the text.
            field: the way to it in the body, for errors.

        Raises:
            RefusedError: it is a data URI of something else, or of an image that cannot be read.
        """
        file = _FILE.match(value)
        if file is None:
            return Text(value)
        if file[1] is None:
            raise field_refused(field, "a data URI of something that is no image", value)
        return await self.image(value.lstrip(), field)

    async def pages(self, value: str, field: str) -> list[Image]:
        """Return the pages of a PDF as pictures.

        Args:
            value: raw base64, a data URI or an http(s) address.
            field: the way to it in the body, for errors.

        Raises:
            RefusedError: it cannot be read, is too large, or has too many pages.
        """
        return await self._pages.render(await self._bytes(value, field), field)

    async def _bytes(self, value: str, field: str) -> bytes:
        read = await self._read(value, field)
        self._left -= len(read)
        if self._left < 0:
            most = _megabytes(self._limits.body_bytes)
            told = f"with it the files of the request are over {most} together: send fewer"
            raise field_refused(field, told, value)
        return read

    async def _read(self, value: str, field: str) -> bytes:
        data = _DATA.match(value)
        if data is None and _ADDRESS.match(value):
            return await self._fetched(value, field)
        if data is not None and not data[0].lower().endswith(";base64,"):
            raise field_refused(field, "a data URI that is not base64", value)
        return await self._decoded(value[data.end() :] if data else value, field)

    async def _fetched(self, address: str, field: str) -> bytes:
        if self._fetch is None:
            raise field_refused(
                field,
                "addresses are not fetched by this server: send the file itself as base64",
                address,
            )
        return await self._fetch(address)

    async def _decoded(self, text: str, field: str) -> bytes:
        limit = self._limits.image_bytes
        if len(text) > limit * 2:
            raise _too_large(field, limit, text)
        try:
            file = await decoded(text)
        except ValueError:
            message = "neither base64, nor a data URI, nor an http(s) address"
            raise field_refused(field, message, text) from None
        if len(file) > limit:
            raise _too_large(field, limit, text)
        if not file:
            raise field_refused(field, "an empty file", text)
        return file


def _too_large(field: str, limit: int, text: str) -> RefusedError:
    told = f"a file over the limit of {_megabytes(limit)}: scale it down"
    return field_refused(field, told, text)


def _megabytes(size: int) -> str:
    return f"{size / 1024**2:g} MB"
