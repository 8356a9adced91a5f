"""A drawing surface for the sample pictures, with smooth edges."""

from collections.abc import Sequence
from math import cos, radians, sin
from pathlib import Path

import reportlab
from PIL import Image, ImageDraw, ImageFont

Colour = str | tuple[int, int, int] | tuple[int, int, int, int]
Point = tuple[float, float]

# Pillow draws hard edges, so everything is drawn this much larger and then made smaller.
SCALE = 4
FONTS = Path(reportlab.__file__).parent / "fonts"


class Sketch:
    """A picture being drawn; coordinates are pixels of the finished picture."""

    def __init__(self, width: int, height: int, background: str) -> None:
        self.width, self.height = width, height
        self._image = Image.new("RGB", (width * SCALE, height * SCALE), background)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def finished(self) -> Image.Image:
        """Returns the picture at its final size."""
        return self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """Fills the shape between the points."""
        self._draw.polygon(_grown(points), fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """Draws a line through the points, round where it bends and ends."""
        self._draw.line(_grown(points), fill=fill, width=round(width * SCALE), joint="curve")
        if width > 2:
            for x, y in (points[0], points[-1]):
                self.ellipse(x, y, width / 2, width / 2, fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """Fills the ellipse around the point (x, y)."""
        self._draw.ellipse(_grown([(x - rx, y - ry), (x + rx, y + ry)]), fill=fill)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: Colour,
        *,
        radius: float = 0,
        outline: Colour | None = None,
    ) -> None:
        """Fills a rectangle whose top left corner is (x, y)."""
        self._draw.rounded_rectangle(
            _grown([(x, y), (x + width, y + height)]),
            radius=radius * SCALE,
            fill=fill,
            outline=outline,
            width=2 * SCALE,
        )

    def fade(self, top: int, bottom: int, stops: Sequence[tuple[int, int, int]]) -> None:
        """Fills a stripe across the picture that goes through the colours from top to bottom."""
        for row in range(top * SCALE, bottom * SCALE):
            place = (row / SCALE - top) / (bottom - top) * (len(stops) - 1)
            first = min(int(place), len(stops) - 2)
            share = place - first
            colour = tuple(
                round(a + (b - a) * share)
                for a, b in zip(stops[first], stops[first + 1], strict=True)
            )
            self._draw.line([(0, row), (self.width * SCALE, row)], fill=colour, width=1)

    def glow(self, x: float, y: float, rx: float, ry: float, colour: tuple[int, int, int]) -> None:
        """Brightens towards (x, y) with thin layers of one colour."""
        for layer in range(24, 0, -1):
            self.ellipse(x, y, rx * layer / 24, ry * layer / 24, (*colour, 6))

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: int,
        fill: Colour,
        *,
        anchor: str = "mm",
        bold: bool = False,
    ) -> None:
        """Writes one line; ``anchor`` is Pillow's, ``mm`` centres it."""
        file = FONTS / ("VeraBd.ttf" if bold else "Vera.ttf")
        # Basic layout: the other engine is an optional part of Pillow.
        font = ImageFont.truetype(file, size * SCALE, layout_engine=ImageFont.Layout.BASIC)
        self._draw.text((x * SCALE, y * SCALE), words, fill=fill, font=font, anchor=anchor)


def around(x: float, y: float, rx: float, ry: float, angles: tuple[int, int]) -> list[Point]:
    """Returns the points of an arc from angle to angle: degrees, clockwise from the right."""
    start, end = angles
    step = 3 if end > start else -3
    turns = [radians(angle) for angle in range(start, end + step, step)]
    return [(x + rx * cos(turn), y + ry * sin(turn)) for turn in turns]


def smooth(points: Sequence[Point], *, closed: bool = False) -> list[Point]:
    """Returns a soft curve through the points (Catmull-Rom)."""
    ring = list(points)
    around_ends = [ring[-1], *ring, ring[0], ring[1]] if closed else [ring[0], *ring, ring[-1]]
    curve = []
    for before, start, end, after in zip(
        around_ends, around_ends[1:], around_ends[2:], around_ends[3:], strict=False
    ):
        for part in range(12):
            t = part / 12
            curve.append(
                (
                    _between(before[0], start[0], end[0], after[0], t),
                    _between(before[1], start[1], end[1], after[1], t),
                )
            )
    return curve if closed else [*curve, ring[-1]]


def _between(before: float, start: float, end: float, after: float, t: float) -> float:
    return 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )


def _grown(points: Sequence[Point]) -> list[Point]:
    return [(x * SCALE, y * SCALE) for x, y in points]
