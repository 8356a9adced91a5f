"""PDF pages: a picture at the pixel budget and the text layer."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pypdfium2
from PIL.Image import Image as PilImage

from es_jina.errors import ItemError

# The longest side of a page's picture; a page of extreme shape must not become a ribbon of 100,000.
MAX_SIDE = 20_000


@dataclass(frozen=True, slots=True)
class Page:
    """One rendered page."""

    picture: PilImage
    text: str


class Pdf:
    """An open PDF. PDFium is not thread-safe: use one process's documents from one thread."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            ItemError: it is damaged, password-protected or has no pages.
        """
        try:
            self._document: Any = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as error:
            if "password" in str(error).lower():
                raise ItemError("the PDF is password-protected") from error
            raise ItemError(f"the PDF is damaged: {error}") from error
        except OSError as error:
            raise ItemError(f"cannot be read: {error.strerror}") from error
        self.pages = len(self._document)
        if not self.pages:
            self.close()
            raise ItemError("the PDF has no pages")

    @property
    def title(self) -> str | None:
        """The title in the document's metadata, if it has one."""
        found: str = self._document.get_metadata_value("Title").strip()
        return found or None

    def page(self, index: int, max_pixels: int) -> Page:
        """Render one page straight at the pixel budget, and read its text layer.

        Args:
            index: from 0.
            max_pixels: the area of the picture.

        Raises:
            ItemError: the page is damaged.
        """
        page: Any = None
        try:
            page = self._document[index]
            width, height = page.get_size()
            scale = min(math.sqrt(max_pixels / (width * height)), MAX_SIDE / max(width, height))
            picture: PilImage = page.render(scale=scale, may_draw_forms=False).to_pil()
            textpage = page.get_textpage()
            text: str = textpage.get_text_bounded()
            textpage.close()
            return Page(picture.convert("RGB"), text.replace("\r\n", "\n").strip())
        except (pypdfium2.PdfiumError, ZeroDivisionError, ValueError) as error:
            raise ItemError(f"page {index + 1} is damaged: {error}") from error
        finally:
            if page is not None:
                page.close()

    def close(self) -> None:
        """Close the file."""
        self._document.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
