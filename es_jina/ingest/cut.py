"""Cutting sources into units, and loading what is shown to the model."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from es_jina.errors import ItemError
from es_jina.ingest.pdf import PdfInfo
from es_jina.ingest.render import Renderer
from es_jina.ingest.sources import Source
from es_jina.ingest.text import Chunk, chunks, sections
from es_jina.ingest.units import Cutting, Loaded, Section, Unit
from es_jina.inputs import Image, Text
from es_jina.providers.base import Tokenizer

# Pages whose text layer is read in one go, and read together by late chunking.
_PAGES = 50
_PAGE_END = "\n\n"
# The prompt's tokens round a passage or a picture, more or less.
_PROMPT = 10
# One merged patch of a picture is a token (28 x 28 pixels).
_PATCH = 28 * 28

_NOTHING = Chunk("", 0, 0, 0)

Layout = PdfInfo | int | None  # of a PDF; how many frames a TIFF has; nothing for the rest


@dataclass(frozen=True, slots=True)
class Part:
    """A chunk on its way to becoming a unit.

    Attributes:
        chunk: of a text or of a page's text layer.
        offset: where what was cut begins in the whole text.
        section: what late chunking reads with it.
        at: where what was cut begins in the section.
        page: of a PDF, from 1.
        broken: why the page has no chunks.
    """

    chunk: Chunk
    offset: int = 0
    section: Section | None = None
    at: int = 0
    page: int | None = None
    broken: ItemError | None = None


class Cutter:
    """Cuts sources into units, the pictures of which are rendered in other processes."""

    def __init__(
        self,
        cutting: Cutting,
        max_pixels: int,
        renderer: Renderer,
        open_tokenizer: Callable[[], Tokenizer],
    ) -> None:
        """Prepare.

        Args:
            cutting: how to cut.
            max_pixels: the pixel budget of a picture.
            renderer: for PDFs and TIFFs.
            open_tokenizer: called at the first text.
        """
        self._cutting = cutting
        self._renderer = renderer
        self._open_tokenizer = open_tokenizer
        self._picture_tokens = max_pixels // _PATCH + _PROMPT

    def inspect(self, source: Source) -> "Future[PdfInfo] | Future[int] | None":
        """Start to look at how many pages a PDF or a TIFF has."""
        if source.pdf is not None:
            return self._renderer.inspect(source.pdf)
        if source.mime == "image/tiff" and isinstance(source.image, Path):
            return self._renderer.frames(source.image)
        return None

    def units(self, source: Source, layout: Layout) -> Iterator[Unit]:
        """Cut a source into units, in order; the last of them knows how many there are.

        Args:
            source: what to cut.
            layout: what :meth:`inspect` found.

        Raises:
            ItemError: the source cannot be read.
            ProviderError: the tokenizer cannot be had.
        """
        if isinstance(layout, PdfInfo):
            return self._numbered(source, self._of_pdf(source, layout))
        return self._numbered(source, self._of_others(source, layout or 1))

    def start(self, unit: Unit) -> Callable[[], Loaded]:
        """Start to load what the model is shown of a unit.

        Returns:
            What waits for it, or raises :class:`ItemError`.
        """
        source = unit.source
        if unit.kind == "text":
            return lambda: Loaded(unit, Text(unit.text), unit.text)
        if unit.page is not None and source.pdf is not None:
            page = self._renderer.page(source.pdf, unit.page - 1)
            return lambda: Loaded(unit, Image(page.result().picture), page.result().text)
        assert source.image is not None  # noqa: S101 - what has no text and no PDF has a picture
        if unit.page is not None and isinstance(source.image, Path):
            frame = self._renderer.frame(source.image, unit.page - 1)
            return lambda: Loaded(unit, Image(frame.result()), "")
        picture = Image(source.image)
        return lambda: Loaded(unit, picture, source.text or "")

    def _numbered(self, source: Source, units: Iterable[Unit]) -> Iterator[Unit]:
        """Give numbers to units, and their count to the last."""
        last: Unit | None = None
        number = 0
        for number, unit in enumerate(units):
            if last is not None:
                yield last
            last = replace(unit, number=number)
        if last is None:
            raise ItemError("there is no text in it to embed; --pdf pages takes a PDF's pictures")
        yield replace(last, count=number + 1)

    def _of_others(self, source: Source, frames: int) -> Iterator[Unit]:
        if source.text is not None:
            parts = self._parts(source.text)
            for number, part in enumerate(parts, start=1):
                yield self._chunk_unit(source, source.title, part, number)
        if source.image is not None and frames == 1:
            yield replace(self._unit(source, source.title), kind="image")
        elif source.image is not None:
            yield from self._page_units(source, source.title, frames)
        elif source.broken_image is not None:
            unit = self._unit(source, source.title)
            yield replace(unit, kind="image", broken=source.broken_image)

    def _of_pdf(self, source: Source, info: PdfInfo) -> Iterator[Unit]:
        title = info.title or source.title
        if self._cutting.pdf != "text":
            yield from self._page_units(source, title, info.pages)
        if self._cutting.pdf != "pages":
            for number, part in enumerate(self._layer_parts(source, info), start=1):
                yield replace(self._chunk_unit(source, title, part, number), pages=info.pages)
        if info.pages < info.claimed:
            missing = f"pages {info.pages + 1:,} to {info.claimed:,} are not in the file"
            broken = ItemError(f"{missing}, which says that they are")
            yield replace(self._unit(source, title), page=info.pages + 1, broken=broken)

    def _page_units(self, source: Source, title: str, pages: int) -> Iterator[Unit]:
        unit = self._unit(source, title)
        for page in range(1, pages + 1):
            yield replace(unit, page=page, pages=pages)

    def _unit(self, source: Source, title: str) -> Unit:
        return Unit(
            source,
            0,
            "page",
            title,
            self._cutting.recipe(source),
            tokens=self._picture_tokens,
        )

    def _chunk_unit(self, source: Source, title: str, part: Part, number: int) -> Unit:
        chunk = part.chunk
        return Unit(
            source,
            0,
            "text",
            title,
            self._cutting.recipe(source),
            page=part.page,
            chunk=number,
            text=chunk.text,
            span=(part.offset + chunk.start, part.offset + chunk.end),
            tokens=chunk.tokens + _PROMPT,
            section=part.section,
            within=(part.at + chunk.start, part.at + chunk.end),
            broken=part.broken,
        )

    def _parts(self, text: str) -> Iterator[Part]:
        if not self._cutting.late:
            yield from map(Part, self._chunks(text))
            return
        for start, end in sections(text):
            section = Section(text[start:end])
            for chunk in self._chunks(section.text):
                yield Part(chunk, start, section)

    def _layer_parts(self, source: Source, info: PdfInfo) -> Iterator[Part]:
        """Yield the chunks of a PDF's text layer; none reaches over the end of a page.

        A page that cannot be read stands as one part that is broken.
        """
        assert source.pdf is not None  # noqa: S101 - the caller has looked
        for first in range(0, info.pages, _PAGES):
            behind = min(first + _PAGES, info.pages)
            read = self._layer(source.pdf, first, behind)
            texts = [text if isinstance(text, str) else "" for text in read]
            section = Section(_PAGE_END.join(texts)) if self._cutting.late else None
            at = 0
            for page, (text, told) in enumerate(zip(texts, read, strict=True), start=first + 1):
                if isinstance(told, ItemError):
                    yield Part(_NOTHING, page=page, broken=told)
                for chunk in self._chunks(text):
                    yield Part(chunk, 0, section, at, page)
                at += len(text) + len(_PAGE_END)

    def _layer(self, path: Path, first: int, behind: int) -> list[str | ItemError]:
        """Read the text of pages; where that fails on one, of the halves, down to one page."""
        try:
            return list(self._renderer.texts(path, first, behind).result())
        except ItemError as error:
            if behind - first == 1:
                return [error]
        middle = (first + behind) // 2
        return [*self._layer(path, first, middle), *self._layer(path, middle, behind)]

    def _chunks(self, text: str) -> Iterator[Chunk]:
        # With its section for context, a chunk needs no overlap with the one before.
        overlap = 0 if self._cutting.late else None
        return chunks(text, self._cutting.chunk_tokens, self._tokenizer, overlap=overlap)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return self._open_tokenizer()
