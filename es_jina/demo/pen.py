"""What charts are drawn with: on a picture, or on the page of a PDF."""

from collections.abc import Sequence
from typing import Protocol

Ink = str | tuple[int, ...]
Point = tuple[float, float]
Box = tuple[float, float, float, float]


class Pen(Protocol):
    """What a chart is drawn with: as much of ``PIL.ImageDraw.ImageDraw`` as it needs.

    Lengths run to the right and down; angles are degrees, clockwise from the right.
    """

    def line(
        self, xy: Sequence[Point], fill: Ink | None = None, width: int = 0, joint: str | None = None
    ) -> None:
        """Draw a line through points."""

    def rectangle(self, xy: Box, fill: Ink | None = None) -> None:
        """Fill a rectangle."""

    def polygon(self, xy: Sequence[Point], fill: Ink | None = None) -> None:
        """Fill a polygon."""

    def ellipse(self, xy: Box, fill: Ink | None = None) -> None:
        """Fill an ellipse."""

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

    def rounded_rectangle(
        self,
        xy: Box,
        radius: float = 0,
        fill: Ink | None = None,
        outline: Ink | None = None,
        width: int = 1,
    ) -> None:
        """Fill a rectangle with round corners."""
