"""Typefaces that travel with the demo: each word is drawn in one that has its letters."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

FONTS = Path(__file__).parent / "fonts"
LATIN = (
    "DejaVuSans-Bold.ttf", "DejaVuSans.ttf", "DejaVuSerif-Bold.ttf", "DemoSans-Bold.ttf",
    "DemoSerif-Bold.ttf", "OpenSans-Bold.ttf", "Roboto-Bold.ttf", "Roboto-Regular.ttf",
)  # fmt: skip
CHINESE = ("NotoSansSC-Bold.otf", "NotoSerifSC-Bold.otf", "DroidSansFallback.ttf")

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Lettering:
    """A typeface for each script at one size.

    Attributes:
        latin: file name of the typeface for Latin letters.
        chinese: file name of the typeface for Chinese characters.
        size: pixels.
    """

    latin: str
    chinese: str
    size: float

    def font(self, word: str) -> ImageFont.FreeTypeFont:
        """Return the typeface that has a word's letters."""
        return _font(self.chinese if is_chinese(word) else self.latin, self.size)

    def width(self, word: str) -> float:
        """Return how many pixels a word is wide."""
        return self.font(word).getlength(word)

    def box(self, word: str, x: float, y: float) -> Box:
        """Return left, top, right and bottom of a word whose left end stands at (x, y) (middle)."""
        left, top, right, bottom = self.font(word).getbbox(word, anchor="lm")
        return x + left, y + top, x + right, y + bottom

    def write(
        self,
        draw: ImageDraw.ImageDraw,
        word: str,
        x: float,
        y: float,
        colour: str | tuple[int, ...],
    ) -> Box:
        """Write a word and return its box."""
        draw.text((x, y), word, fill=colour, font=self.font(word), anchor="lm")
        return self.box(word, x, y)


def is_chinese(word: str) -> bool:
    """Say whether a word is written in Chinese characters."""
    return any("\u4e00" <= letter <= "\u9fff" for letter in word)


@cache
def _font(name: str, size: float) -> ImageFont.FreeTypeFont:
    # Basic layout: the other engine is an optional part of Pillow.
    return ImageFont.truetype(FONTS / name, size, layout_engine=ImageFont.Layout.BASIC)
