"""Pages of PDFs that stand in a request."""

import asyncio
import tempfile
from pathlib import Path

from es_jina.errors import ItemError
from es_jina.ingest.render import Renderer
from es_jina.inputs import Image
from es_jina.server.refused import field_refused


class Pages:
    """Renders PDFs in processes of their own, which start with the first one."""

    def __init__(self, max_pixels: int, most: int) -> None:
        """Prepare.

        Args:
            max_pixels: the pixel budget of a page.
            most: pages of a PDF.
        """
        self._max_pixels = max_pixels
        self._most = most
        self._renderer: Renderer | None = None

    async def render(self, pdf: bytes, field: str) -> list[Image]:
        """Return all pages of a PDF as pictures, in order.

        Args:
            pdf: the file.
            field: the way to it in the body, for errors.

        Raises:
            RefusedError: it cannot be rendered, or has too many pages.
        """
        if self._renderer is None:
            self._renderer = Renderer(self._max_pixels)
        with tempfile.TemporaryDirectory(prefix="es-jina-") as folder:
            path = Path(folder) / "request.pdf"
            await asyncio.to_thread(path.write_bytes, pdf)
            try:
                return await self._rendered(self._renderer, path)
            except ItemError as error:
                raise field_refused(field, str(error)) from error

    def close(self) -> None:
        """End the processes."""
        if self._renderer is not None:
            self._renderer.close()

    async def _rendered(self, renderer: Renderer, path: Path) -> list[Image]:
        count = (await asyncio.wrap_future(renderer.inspect(path))).pages
        if count > self._most:
            raise ItemError(f"a PDF of {count} pages: the limit is {self._most}; part it")
        waiting = [asyncio.wrap_future(renderer.page(path, index)) for index in range(count)]
        try:
            return [Image((await each).picture) for each in waiting]
        finally:
            for each in waiting:  # the first error ends it, and so does a client that hangs up
                each.cancel()
