"""Breaks texts into lines and draws them: Latin and Chinese characters in a typeface each."""

import re
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from reportlab.lib.colors import Color
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from es_jina.demo.lettering import FONTS

PLAIN, BOLD, CHINESE = "Roboto-Regular", "Roboto-Bold", "DroidSansFallback"
# The only Chinese typeface that a PDF can take is thin: an outline of this share of their size
# makes large characters bold. Small ones would run together.
_OUTLINE, _LARGE = 0.03, 20
# A word, or one Chinese character, with the signs that may not be parted from it; or white space.
_PIECE = re.compile(r"[（《「]*(?:[^\s\u2e80-\uffff]+|[\u2e80-\uffff])[，。、；：！？）》」]*|\s+")


@dataclass(frozen=True, slots=True)
class Type:
    """How a text is set.

    Attributes:
        font: for what is not Chinese.
        size: points.
        leading: points from line to line.
    """

    font: str
    size: float
    leading: float


@cache
def register(font: str) -> str:
    """Make a typeface of the demo known to reportlab, under the name of its file."""
    registerFont(TTFont(font, str(FONTS / f"{font}.ttf")))
    return font


def width(text: str, font: str, size: float) -> float:
    """Return how many points a line is wide."""
    return float(sum(stringWidth(piece, name, size) for name, piece in _runs(text, font)))


def lines(text: str, font: str, size: float, room: float) -> list[str]:
    """Break a text into lines of at most ``room`` points, between words or Chinese characters."""
    broken, line = [], ""
    for piece in _PIECE.findall(text):
        if line and width((line + piece).rstrip(), font, size) > room:
            broken.append(line.rstrip())
            line = ""
        if line or not piece.isspace():
            line += piece
    return [*broken, line.rstrip()]


def draw(canvas: Canvas, text: str, at: tuple[float, float], style: Type, ink: Color) -> None:
    """Draw a line whose left end stands on a point of the canvas."""
    (x, y), size = at, style.size
    canvas.setFillColor(ink)
    canvas.setStrokeColor(ink)
    for name, piece in _runs(text, style.font):
        outline = outline_of(size) if name == CHINESE else 0
        written = canvas.beginText(x, y)
        written.setFont(name, size)
        written.setTextRenderMode(2 if outline else 0)
        written.textOut(piece)
        written.setTextRenderMode(0)
        canvas.setLineWidth(outline)
        canvas.setLineJoin(1)
        canvas.drawText(written)
        x += stringWidth(piece, name, size)


def outline_of(size: float) -> float:
    """Return how many points the outline of Chinese characters is wide."""
    return _OUTLINE * size if size >= _LARGE else 0


def _runs(text: str, font: str) -> list[tuple[str, str]]:
    return [
        (register(CHINESE if chinese else font), "".join(letters))
        for chinese, letters in groupby(text, is_wide)
    ]


def is_wide(letter: str) -> bool:
    """Say whether a letter is a Chinese character or one of its signs."""
    return "\u2e80" <= letter <= "\uffef"
