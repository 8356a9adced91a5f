"""Makes files of decks: PDFs, and pictures of one page."""

from dataclasses import dataclass, replace
from io import BytesIO

import pypdfium2
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from es_jina.demo.sample_source.sheets.layouts import Layout
from es_jina.demo.sample_source.sheets.model import Deck
from es_jina.demo.sample_source.sheets.paper import Paper, Spot

# Pixels of a picture for each point of its page.
_SCALE = 1.6


@dataclass(frozen=True, slots=True)
class Printed:
    """A file, and what its pages show.

    Attributes:
        content: of the file, the same bytes at each run.
        size: width and height of a page, in points of a PDF or pixels of a picture.
        pages: the spots of each page, their boxes as shares of it.
    """

    content: bytes
    size: tuple[float, float]
    pages: tuple[tuple[Spot, ...], ...]


def print_deck(deck: Deck) -> Printed:
    """Draw a deck in the format that the ending of its path names.

    Raises:
        ValueError: a page is too full, or a chart has more or fewer marks than names.
    """
    printed = _pdf(deck)
    if deck.path.endswith(".pdf"):
        return printed
    with pypdfium2.PdfDocument(printed.content) as document:
        image = document[0].render(scale=_SCALE).to_pil().convert("RGB")
    return Printed(_encoded(image, deck.path), image.size, printed.pages)


def _pdf(deck: Deck) -> Printed:
    out = BytesIO()
    canvas = Canvas(out, pagesize=deck.page, invariant=1, pageCompression=1, lang=deck.language)
    canvas.setTitle(deck.title)
    canvas.setAuthor("es_jina sample folder")
    pages = []
    for number, sheet in enumerate(deck.sheets, start=1):
        paper = Paper(canvas, deck)
        place = f"{number} / {len(deck.sheets)}" if len(deck.sheets) > 1 else ""
        Layout(paper, sheet, place).draw()
        canvas.showPage()
        pages.append(tuple(_share(spot, deck.page) for spot in paper.spots))
    canvas.save()
    return Printed(out.getvalue(), deck.page, tuple(pages))


def _share(spot: Spot, page: tuple[float, float]) -> Spot:
    left, top, right, bottom = spot.box
    width, height = page
    return replace(spot, box=(left / width, top / height, right / width, bottom / height))


def _encoded(image: Image.Image, path: str) -> bytes:
    out = BytesIO()
    if path.endswith(".jpg"):
        image.save(out, "JPEG", quality=86)
    else:
        image.quantize(128, Image.Quantize.MEDIANCUT).save(out, "PNG", optimize=True)
    return out.getvalue()
