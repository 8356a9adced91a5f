"""PDF pages: a picture at the pixel budget and the text layer."""

import ctypes
import math
import os
import re
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import pypdfium2
from PIL import Image as PilImages
from PIL.Image import Image as PilImage

from es_jina.errors import ItemError

# The longest side of a page's picture; a page of extreme shape must not become a ribbon of 100,000.
MAX_SIDE = 20_000
# What PDFium draws fastest, and what `to_picture` reads; 4 bytes a pixel would be more to carry.
PIXEL_ORDER = "BGR"
PIXEL_BYTES = 3

# So many damaged pages at the end of a file are just that; more, and it lies about its end.
_DAMAGED_END = 20

# What Office makes of a file's name when it prints into a PDF.
_PRINTED = re.compile(
    r"^Microsoft (?:Office )?(?:Word|Excel|PowerPoint) - (.*?)(?:\.(?:do[ct]|xls|pp[st])[xm]?)?$",
    re.DOTALL,
)
# What programs write where nobody has given a title.
_UNTITLED = re.compile(
    r"(?:untitled(?: document| presentation| spreadsheet)?(?:[ _-]?\d+)?"
    r"|(?:document|presentation|book)\d+)(?:\.\w{2,4})?",
    re.IGNORECASE,
)

# In ctypes' terms, as PDFium draws into it.
PixelBuffer = ctypes.Array[ctypes.c_ubyte]


@dataclass(frozen=True, slots=True)
class Page:
    """One rendered page."""

    picture: PilImage
    text: str


@dataclass(frozen=True, slots=True)
class PdfInfo:
    """What a PDF says of itself.

    Attributes:
        pages: how many there are, at least one.
        title: in its metadata, if there is one.
        claimed: how many the file says there are; it may lie, by millions.
    """

    pages: int
    title: str | None
    claimed: int


class Pdf:
    """An open PDF. PDFium is not thread-safe: use one process's documents from one thread."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            ItemError: it is not there, damaged, password-protected or has no pages.
        """
        self._path = path
        self._open: Any = None
        self.pages = len(self._document)
        if not self.pages:
            self.close()
            raise ItemError("the PDF has no pages")

    @property
    def _document(self) -> Any:
        if self._open is None:
            self._open = _document(self._path)
        return self._open

    @property
    def title(self) -> str | None:
        """The title in the document's metadata, if it has one that somebody gave it."""
        found: str = self._document.get_metadata_value("Title").strip()
        found = _PRINTED.sub(r"\1", found).strip()
        return None if not found or _UNTITLED.fullmatch(found) else found

    @property
    def info(self) -> PdfInfo:
        """The number of pages and the title.

        Raises:
            ItemError: none of the pages that the file says it has is there.
        """
        there = self._pages_there()
        if not there:
            raise ItemError(f"the PDF is damaged: none of its {self.pages:,} pages is there")
        return PdfInfo(there, self.title, self.pages)

    def page(self, index: int, max_pixels: int) -> Page:
        """Render one page straight at the pixel budget, and read its text layer.

        Args:
            index: from 0.
            max_pixels: the area of the picture.

        Raises:
            ItemError: the page is damaged, or there is none of that number.
        """
        buffer = (ctypes.c_ubyte * most_bytes(max_pixels))()
        size, text = self.draw(index, max_pixels, buffer)
        return Page(to_picture(buffer, size), text)

    def draw(self, index: int, max_pixels: int, buffer: PixelBuffer) -> tuple[tuple[int, int], str]:
        """Render one page into memory that is there already.

        Args:
            index: from 0.
            max_pixels: the area of the picture.
            buffer: :func:`most_bytes` or more; gets the rows, without gaps between them.

        Returns:
            The width and height that were drawn, and the text layer.

        Raises:
            ItemError: the page is damaged, or there is none of that number.
        """
        with self._opened(index) as page:
            width, height = page.get_size()
            scale = min(math.sqrt(max_pixels / (width * height)), MAX_SIDE / max(width, height))
            make = partial(pypdfium2.PdfBitmap.new_native, buffer=buffer)
            bitmap = page.render(scale=scale, may_draw_forms=False, bitmap_maker=make)
            size = (bitmap.width, bitmap.height)
            bitmap.close()
            return size, _text_layer(page)

    def small(self, index: int, side: int) -> PilImage:
        """Render one page for people to look at.

        Args:
            index: from 0.
            side: the length of the picture's longer side, in pixels, at least 1.

        Raises:
            ItemError: the page is damaged, or there is none of that number.
        """
        with self._opened(index) as page:
            scale = (side - 0.5) / max(page.get_size())  # both sides are rounded up
            bitmap = page.render(scale=scale, may_draw_forms=False)
            picture: PilImage = bitmap.to_pil().convert("RGB")
            bitmap.close()
            return picture

    def text(self, index: int) -> str:
        """Return the text layer of one page, counted from 0, without rendering it.

        Raises:
            ItemError: the page is damaged, or there is none of that number.
        """
        with self._opened(index) as page:
            return _text_layer(page)

    def _pages_there(self) -> int:
        """Count the pages; those at the end count as there where one of the last few is."""
        last = range(max(self.pages - _DAMAGED_END, 0), self.pages)
        if any(map(self._is_there, reversed(last))):
            return self.pages
        return bisect_left(range(self.pages), True, key=lambda index: not self._is_there(index))

    def _is_there(self, index: int) -> bool:
        """Say whether there is a page, without reading what is on it: that may take for ever."""
        try:
            self._document.get_page_size(index)
        except pypdfium2.PdfiumError:
            self.close()
            return False
        return True

    @contextmanager
    def _opened(self, index: int) -> Iterator[Any]:
        if not 0 <= index < self.pages:
            raise ItemError(f"there is no page {index + 1}: the PDF has {self.pages}")
        try:
            page = self._document[index]
        except pypdfium2.PdfiumError as error:
            self.close()
            raise ItemError(f"page {index + 1} is damaged: {error}") from error
        try:
            yield page
        except (pypdfium2.PdfiumError, ArithmeticError, ValueError) as error:
            raise ItemError(f"page {index + 1} is damaged: {error}") from error
        finally:
            page.close()

    def close(self) -> None:
        """Close the file; what is asked for later opens it again.

        So it is done behind a page that is not there: PDFium may take another page for the next.
        """
        document, self._open = self._open, None
        if document is not None:
            document.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _document(path: Path) -> Any:
    try:
        os.stat(path)  # noqa: PTH116 - the library's own complaint does not say why
        return pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise ItemError("the PDF is password-protected") from error
        raise ItemError(f"the PDF is damaged: {error}") from error
    except OSError as error:
        raise ItemError(f"cannot be read: {error.strerror or error}") from error


def most_bytes(max_pixels: int) -> int:
    """Return the size of a buffer that any page fits in: both sides may be rounded up."""
    return PIXEL_BYTES * (max_pixels + 2 * (MAX_SIDE + 1))


def to_picture(buffer: PixelBuffer, size: tuple[int, int], order: str = PIXEL_ORDER) -> PilImage:
    """Copy a drawn picture out of a buffer, as RGB.

    Args:
        buffer: as :meth:`Pdf.draw` left it.
        size: width and height.
        order: of the three bytes of a pixel.
    """
    return PilImages.frombytes("RGB", size, memoryview(buffer), "raw", order, 0, 1)


def _text_layer(page: Any) -> str:
    textpage = page.get_textpage()
    try:
        text: str = textpage.get_text_bounded()
    finally:
        textpage.close()
    return text.replace("\r\n", "\n").strip()
