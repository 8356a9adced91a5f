"""Draws on the page of a PDF with the methods of a Pillow drawing."""

from collections.abc import Sequence
from typing import Any

from PIL import ImageColor
from reportlab.lib.colors import Color
from reportlab.pdfgen.canvas import Canvas

from es_jina.demo.pen import Box, Ink, Point


class CanvasPen:
    """Draws vectors; see :class:`es_jina.demo.pen.Pen`.

    Args:
        canvas: on which lengths run to the right and up.
        height: of the page, in points.
    """

    def __init__(self, canvas: Canvas, height: float) -> None:
        self.canvas, self.height = canvas, height

    def line(
        self, xy: Sequence[Point], fill: Ink | None = None, width: int = 0, joint: str | None = None
    ) -> None:
        """Draw a line through points."""
        self.canvas.setStrokeColor(colour(fill))
        self.canvas.setLineWidth(width)
        self.canvas.setLineJoin(1 if joint == "curve" else 0)
        self.canvas.drawPath(self._path(xy), stroke=1, fill=0)

    def rectangle(self, xy: Box, fill: Ink | None = None) -> None:
        """Fill a rectangle."""
        self._ink(fill, None, 0)
        self.canvas.rect(*self._corner_and_size(xy), stroke=0, fill=1)

    def polygon(self, xy: Sequence[Point], fill: Ink | None = None) -> None:
        """Fill a polygon."""
        self._ink(fill, None, 0)
        path = self._path(xy)
        path.close()
        self.canvas.drawPath(path, stroke=0, fill=1)

    def ellipse(self, xy: Box, fill: Ink | None = None) -> None:
        """Fill an ellipse."""
        self._ink(fill, None, 0)
        left, top, right, bottom = xy
        y1, y2 = self.height - bottom, self.height - top
        self.canvas.ellipse(left, y1, right, y2, stroke=0, fill=1)

    def pieslice(  # noqa: PLR0917
        self,
        xy: Box,
        start: float,
        end: float,
        fill: Ink | None = None,
        outline: Ink | None = None,
        width: int = 1,
    ) -> None:
        """Fill a part of an ellipse."""
        self._ink(fill, outline, width)
        left, top, right, bottom = xy
        y1, y2 = self.height - bottom, self.height - top
        # Angles turn the other way where heights grow upwards.
        self.canvas.wedge(left, y1, right, y2, -start, start - end, stroke=1, fill=1)

    def rounded_rectangle(
        self,
        xy: Box,
        radius: float = 0,
        fill: Ink | None = None,
        outline: Ink | None = None,
        width: int = 1,
    ) -> None:
        """Fill a rectangle with round corners."""
        self._ink(fill, outline, width)
        self.canvas.roundRect(*self._corner_and_size(xy), radius, stroke=1, fill=1)

    def _ink(self, fill: Ink | None, outline: Ink | None, width: int) -> None:
        self.canvas.setFillColor(colour(fill))
        if outline is not None:
            self.canvas.setStrokeColor(colour(outline))
            self.canvas.setLineWidth(width)
            self.canvas.setLineJoin(1)

    def _path(self, points: Sequence[Point]) -> Any:
        path = self.canvas.beginPath()
        (x, y), *others = points
        path.moveTo(x, self.height - y)
        for x, y in others:
            path.lineTo(x, self.height - y)
        return path

    def _corner_and_size(self, box: Box) -> Box:
        left, top, right, bottom = box
        return left, self.height - bottom, right - left, bottom - top


def colour(ink: Ink | None) -> Color:
    """Return a colour of Pillow as one of reportlab."""
    rgb = ImageColor.getrgb(ink) if isinstance(ink, str) else ink
    if rgb is None:
        raise ValueError("a mark needs a colour")
    red, green, blue = (part / 255 for part in rgb[:3])
    return Color(red, green, blue)
