"""Keeps the marks of a chart, so that they can be named before they are drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from es_jina.demo.pen import Box, Ink, Pen, Point


@dataclass(frozen=True, slots=True)
class Mark:
    """Something drawn.

    Attributes:
        form: the name of the pen's method.
        points: what it goes through, or two corners.
        fill: its colour.
        share: of a part of an ellipse: how much of the whole.
        draw: draws it.
    """

    form: str
    points: tuple[Point, ...]
    fill: Ink | None
    share: float
    draw: Callable[[Pen], None]

    @property
    def middle(self) -> Point:
        """The mean of the points."""
        xs, ys = zip(*self.points, strict=True)
        return sum(xs) / len(xs), sum(ys) / len(ys)


class Recorder:
    """A :class:`es_jina.demo.pen.Pen` that keeps what is drawn.

    Attributes:
        marks: in the order in which they are drawn.
    """

    def __init__(self) -> None:
        self.marks: list[Mark] = []

    def line(
        self, xy: Sequence[Point], fill: Ink | None = None, width: int = 0, joint: str | None = None
    ) -> None:
        """Keep a line."""
        self._keep("line", xy, fill, lambda pen: pen.line(xy, fill, width, joint))

    def rectangle(self, xy: Box, fill: Ink | None = None) -> None:
        """Keep a rectangle."""
        self._keep("rectangle", _corners(xy), fill, lambda pen: pen.rectangle(xy, fill))

    def polygon(self, xy: Sequence[Point], fill: Ink | None = None) -> None:
        """Keep a polygon."""
        self._keep("polygon", xy, fill, lambda pen: pen.polygon(xy, fill))

    def ellipse(self, xy: Box, fill: Ink | None = None) -> None:
        """Keep an ellipse."""
        self._keep("ellipse", _corners(xy), fill, lambda pen: pen.ellipse(xy, fill))

    def pieslice(  # noqa: PLR0917
        self,
        xy: Box,
        start: float,
        end: float,
        fill: Ink | None = None,
        outline: Ink | None = None,
        width: int = 1,
    ) -> None:
        """Keep a part of an ellipse."""

        def draw(pen: Pen) -> None:
            pen.pieslice(xy, start, end, fill, outline, width)

        self._keep("pieslice", _corners(xy), fill, draw, (end - start) / 360)

    def rounded_rectangle(
        self,
        xy: Box,
        radius: float = 0,
        fill: Ink | None = None,
        outline: Ink | None = None,
        width: int = 1,
    ) -> None:
        """Keep a rectangle with round corners."""

        def draw(pen: Pen) -> None:
            pen.rounded_rectangle(xy, radius, fill, outline, width)

        self._keep("rounded_rectangle", _corners(xy), fill, draw)

    def _keep(
        self,
        form: str,
        points: Sequence[Point],
        fill: Ink | None,
        draw: Callable[[Pen], None],
        share: float = 1,
    ) -> None:
        self.marks.append(Mark(form, tuple(points), fill, share, draw))


def _corners(box: Box) -> tuple[Point, Point]:
    left, top, right, bottom = box
    return (left, top), (right, bottom)
