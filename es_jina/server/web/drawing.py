"""Draws pictures of pages and images, for people and for the model."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager

from es_jina.errors import ItemError
from es_jina.ingest.preview import Preview
from es_jina.ingest.render import CutOffError, Renderer, usable_cpus
from es_jina.inputs import Image
from es_jina.server.refused import BUSY, RefusedError
from es_jina.server.web.depicted import Depicted, no_picture
from es_jina.server.web.kept import Kept
from es_jina.server.web.source_files import SourceFiles

# So many are drawn at a time, each in a process that gives way to others; so many more may wait.
_AT_ONCE = max(2, min(4, usable_cpus() // 2))
_WAITING = 512
_LATER_SECONDS = 5
# What one may take to be drawn.
_SECONDS = 10.0
# Of drawn pictures; one of a page for a list takes some 15 KB.
_MOST_KEPT = 64 * 2**20


class Drawing:
    """Draws pictures in processes of their own, which start with the first one.

    For one event loop.
    """

    def __init__(self, files: SourceFiles) -> None:
        """Prepare.

        Args:
            files: that pictures are made of.
        """
        self._files = files
        self._renderer: Renderer | None = None
        self._kept: Kept[Preview] = Kept(_MOST_KEPT)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._here = 0

    async def check(self, of: Depicted) -> None:
        """Check that what a picture shows is still there.

        Raises:
            RefusedError: it is not, or must not be looked at.
        """
        await self._files.check(of)

    async def preview(self, of: Depicted, side: int) -> Preview:
        """Return a JPEG for people to look at.

        Args:
            of: what it shows.
            side: the longest that either side may be, in pixels.

        Raises:
            RefusedError: it cannot be drawn, or too many wait already.
        """
        # Kept or not: what is not there any more is not shown.
        await self.check(of)
        drawn = self._kept.get(of.tag(side))
        if drawn is None:
            async with self._turn():
                # Somebody else may have asked for it too.
                drawn = self._kept.get(of.tag(side))
                if drawn is None:
                    drawn = await self._drawn(of, side)
                    self._kept.put(of.tag(side), drawn, len(drawn.content))
        return drawn

    async def for_model(self, of: Depicted, max_pixels: int) -> Image:
        """Return what the model was shown when it was indexed.

        Args:
            of: the page or the picture.
            max_pixels: the pixel budget of pages.

        Raises:
            RefusedError: it cannot be had, or too many wait already.
        """
        if of.whole:
            return Image(await self._files.content(of))
        async with self._turn(), self._files.path(of) as path:
            whole = self._running().whole(path, of.index, max_pixels, pdf=of.pdf)
            return Image((await _waited(whole)).content)

    def close(self) -> None:
        """End the processes."""
        if self._renderer is not None:
            self._renderer.close()

    async def _drawn(self, of: Depicted, side: int) -> Preview:
        async with self._files.path(of) as path:
            return await _waited(self._running().preview(path, of.index, side, pdf=of.pdf))

    def _running(self) -> Renderer:
        if self._renderer is None:
            # Its own pixel budget is for tasks that are not asked for here.
            self._renderer = Renderer(1, workers=_AT_ONCE, seconds=_SECONDS)
        return self._renderer

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Hold one of the few turns.

        Raises:
            RefusedError: too many wait for one already.
        """
        if self._here == _AT_ONCE + _WAITING:
            told = "too many pictures wait already: ask again later"
            raise RefusedError(429, told, BUSY, retry_after=_LATER_SECONDS)
        self._here += 1
        try:
            async with self._turns:
                yield
        finally:
            self._here -= 1


async def _waited(drawing: Future[Preview]) -> Preview:
    """Wait for a picture; cancelled, it is not drawn any more unless it is already.

    Raises:
        RefusedError: it cannot be drawn.
    """
    try:
        return await asyncio.wrap_future(drawing)
    except CutOffError as error:
        raise no_picture(error.reason) from error
    except ItemError as error:
        raise no_picture(str(error)) from error
