"""Pages of PDFs that stand in a request."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from es_jina.errors import ItemError
from es_jina.ingest.render import CutOffError, Renderer
from es_jina.inputs import Image
from es_jina.server.cost import picture_cost
from es_jina.server.limits import Limits
from es_jina.server.refused import BUSY, TOO_LONG, RefusedError, field_refused

# The pictures of a PDF are large, and are held by no queue yet: so many PDFs are rendered at a
# time, and so many more wait for that.
_AT_ONCE = 2
_WAITING = 8
_LATER_SECONDS = 5
# What a page may take to be drawn, and a whole file from the first to the last.
_PAGE_SECONDS = 10.0
_FILE_SECONDS = 60.0


class Pages:
    """Renders PDFs in processes of their own, which start with the first one."""

    def __init__(self, max_pixels: int, limits: Limits) -> None:
        """Prepare.

        Args:
            max_pixels: the pixel budget of a page.
            limits: of a PDF, and of the request that it is.
        """
        self._max_pixels = max_pixels
        self._limits = limits
        self._renderer: Renderer | None = None
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._here = 0

    async def render(self, pdf: bytes, field: str) -> list[Image]:
        """Return all pages of a PDF as pictures, in order.

        Args:
            pdf: the file.
            field: the way to it in the body, for errors.

        Raises:
            RefusedError: it cannot be rendered, has too many pages, or too many wait already.
        """
        with self._place():
            async with self._turns:
                return await self._of_file(pdf, field)

    def close(self) -> None:
        """End the processes."""
        if self._renderer is not None:
            self._renderer.close()

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold a place among those that are rendered or wait for it."""
        if self._here == _AT_ONCE + _WAITING:
            raise RefusedError(
                429,
                "too many PDFs wait already: send this request again later",
                BUSY,
                retry_after=_LATER_SECONDS,
            )
        self._here += 1
        try:
            yield
        finally:
            self._here -= 1

    async def _of_file(self, pdf: bytes, field: str) -> list[Image]:
        if self._renderer is None:
            self._renderer = Renderer(self._max_pixels, seconds=_PAGE_SECONDS)
        with tempfile.TemporaryDirectory(prefix="es-jina-") as folder:
            path = Path(folder) / "request.pdf"
            await asyncio.to_thread(path.write_bytes, pdf)
            try:
                async with asyncio.timeout(_FILE_SECONDS):
                    return await self._rendered(self._renderer, path)
            except TimeoutError as error:
                told = f"a PDF that is not rendered within {_FILE_SECONDS:g} seconds: part it"
                raise field_refused(field, told) from error
            except CutOffError as error:
                raise field_refused(field, error.reason) from error
            except ItemError as error:
                raise field_refused(field, str(error)) from error

    async def _rendered(self, renderer: Renderer, path: Path) -> list[Image]:
        count = (await asyncio.wrap_future(renderer.inspect(path))).pages
        self._check(count)
        waiting = [asyncio.wrap_future(renderer.page(path, index)) for index in range(count)]
        try:
            return [Image((await each).picture) for each in waiting]
        finally:
            for each in waiting:  # the first error ends it, and so does a client that hangs up
                each.cancel()

    def _check(self, count: int) -> None:
        """Refuse what would be refused when it is rendered."""
        if count > self._limits.pdf_pages:
            raise ItemError(
                f"a PDF of {count} pages: the limit is {self._limits.pdf_pages}; part it"
            )
        tokens = count * picture_cost(self._max_pixels)
        if tokens > self._limits.tokens:
            raise RefusedError(
                400,
                f"a PDF of {count} pages has about {tokens:,} tokens, over the limit of "
                f"{self._limits.tokens:,}: part it",
                TOO_LONG,
            )
