"""Where a chart stands in its area, and what is written on its marks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from es_jina.demo.charts import draw_chart
from es_jina.demo.pen import Box, Point
from es_jina.demo.sample_source.sheets.model import Figure
from es_jina.demo.sample_source.sheets.recorder import Mark, Recorder
from es_jina.demo.sample_source.sheets.typesetting import BOLD, PLAIN, lines, width
from es_jina.demo.vocabulary import vocabulary

SMALL = 9.2
_ROW = 21
_LIGHT, _DARK, _GREY = "#ffffff", "#20242a", "#5f6772"
# Cells of tables stand for their text in the charts of the training; here the text itself stands.
_PLACEHOLDERS = ("white", (150, 156, 164))


@dataclass(frozen=True, slots=True)
class Name:
    """A line of small print on a chart.

    Attributes:
        text: what it says.
        x: where it starts, ends or has its middle, see ``anchor``.
        y: of its base line, from the top.
        anchor: what stands at ``x``.
        ink: its colour.
        font: its typeface.
    """

    text: str
    x: float
    y: float
    anchor: Literal["start", "middle", "end"] = "middle"
    ink: str = _GREY
    font: str = PLAIN


class Named:
    """A chart with its names.

    Args:
        figure: what to draw.
        area: left, top, right, bottom of the room there is.
        unit: the width of a thin line.

    Attributes:
        box: of the chart alone.
        marks: of the chart.

    Raises:
        ValueError: it has more or fewer marks than names.
    """

    def __init__(self, figure: Figure, area: Box, unit: float) -> None:
        self.figure, self.area = figure, area
        self.flat = figure.kind == "bar" and _flat(_marks(figure, area, unit))
        self.box = self._box()
        marks = _marks(figure, self.box, unit)
        self._cells = [mark for mark in marks if _is_cell(figure, mark)]
        self.marks = [mark for mark in marks if not _is_cell(figure, mark)]

    def names(self) -> Iterator[Name]:
        """Return all names."""
        kinds: dict[str, Callable[[], Iterator[Name]]] = {
            "bar": self._of_bars, "pie": self._of_parts, "table": self._of_cells,
            "map": self._of_regions, "flow": self._of_boxes,
        }  # fmt: skip
        yield from self._of_axes()
        yield from kinds.get(self.figure.kind, self._along)()

    def _box(self) -> Box:
        left, top, right, bottom = self.area
        figure = self.figure
        if figure.kind == "pie":
            side = min(bottom - top, (right - left) * 0.58)
            if self._legend_below():
                side = min(right - left, bottom - top - _ROW * (len(figure.names) + 1) // 2 - 12)
            return left, top, left + side, top + side
        if not figure.ticks:
            return self.area
        beside = figure.names if self.flat else figure.ticks
        left += max(width(each, PLAIN, SMALL) for each in beside) + 7
        top += 20 if figure.unit else 4
        return left, top, right - 8, bottom - (30 if figure.across else 16)

    def _of_axes(self) -> Iterator[Name]:
        left, top, right, bottom = self.box
        figure = self.figure
        for place, tick in enumerate(figure.ticks):
            share = place / (len(figure.ticks) - 1)
            if self.flat:
                yield Name(tick, left + (right - left) * share, bottom + 14)
            else:
                yield Name(tick, left - 6, bottom - (bottom - top) * share + 3, "end")
        if figure.unit:
            yield Name(figure.unit, self.area[0], top - 11, "start", _DARK, BOLD)
        if figure.across:
            yield Name(figure.across, right, bottom + 28, "end", _DARK, BOLD)

    def _along(self) -> Iterator[Name]:
        left, _, right, bottom = self.box
        names = self.figure.names
        for place, name in enumerate(names):
            x = left + (right - left) * place / (len(names) - 1)
            anchor: Literal["middle", "end"] = "end" if place == len(names) - 1 else "middle"
            yield Name(name, x + 8 if anchor == "end" else x, bottom + 14, anchor)

    def _of_bars(self) -> Iterator[Name]:
        for bar, name in self._pairs("rectangle"):
            if self.flat:
                yield Name(name, self.box[0] - 7, bar.middle[1] + 3, "end")
            else:
                yield Name(name, bar.middle[0], self.box[3] + 14)

    def _of_parts(self) -> Iterator[Name]:
        for (part, name), (x, y) in zip(self._pairs("pieslice"), self._legend(), strict=True):
            yield Name(f"{part.share * 100:.0f} %", x + 42, y + 8, "end", _DARK, BOLD)
            yield Name(name, x + 49, y + 8, "start")

    def swatches(self) -> Iterator[Mark]:
        """Return small squares in the colours of a pie, which stand before its names."""
        recorder = Recorder()
        if self.figure.kind == "pie":
            for (part, _), (x, y) in zip(self._pairs("pieslice"), self._legend(), strict=True):
                recorder.rectangle((x, y, x + 9, y + 9), part.fill)
        yield from recorder.marks

    def _legend_below(self) -> bool:
        left, top, right, bottom = self.area
        return bottom - top > 0.8 * (right - left)

    def _legend(self) -> Iterator[Point]:
        """Return where each line of the legend of a pie starts."""
        _, top, right, bottom = self.box
        count = len(self.figure.names)
        for place in range(count):
            if self._legend_below():
                x = self.area[0] + (self.area[2] - self.area[0]) / 2 * (place % 2)
                yield x, bottom + 14 + _ROW * (place // 2)
            else:
                y = (top + bottom) / 2 + _ROW * (place - (count - 1) / 2)
                yield right + 24, y - 4

    def _of_regions(self) -> Iterator[Name]:
        regions = [mark for mark in self.marks if mark.form == "polygon" and len(mark.points) > 3]
        for region, name in self._paired(regions):
            x, y = region.middle
            yield Name(name, x, y + 3, ink=_on(region), font=BOLD)

    def _of_boxes(self) -> Iterator[Name]:
        for box, name in self._pairs("rounded_rectangle"):
            (left, _), (right, _) = box.points
            x, y = box.middle
            words = lines(name, BOLD, SMALL, right - left - 8)
            for line, text in enumerate(words):
                below = (line - (len(words) - 1) / 2) * 11
                yield Name(text, x, y + below + 3, ink=_on(box), font=BOLD)

    def _of_cells(self) -> Iterator[Name]:
        head = next(mark for mark in self.marks if mark.form == "rectangle")
        for cell, text in self._paired(self._cells):
            (x, y), _ = cell.points
            if cell.fill == "white":
                yield Name(text, x, y + 3, "start", _on(head), BOLD)
            else:
                yield Name(text, x, y + 3, "start")

    def _pairs(self, form: str) -> list[tuple[Mark, str]]:
        return self._paired([mark for mark in self.marks if mark.form == form])

    def _paired(self, marks: Sequence[Mark]) -> list[tuple[Mark, str]]:
        figure = self.figure
        if len(marks) != len(figure.names):
            raise ValueError(
                f"the {figure.kind} chart of seed {figure.seed} has {len(marks)} marks, but "
                f"{len(figure.names)} names: {', '.join(figure.names)}"
            )
        return list(zip(marks, figure.names, strict=True))


def is_level(figure: Figure) -> bool:
    """Say whether a chart is a row of boxes from left to right, which needs little height."""
    boxes = [mark for mark in _marks(figure, (0, 0, 9, 9), 1) if mark.form == "rounded_rectangle"]
    return bool(boxes) and boxes[0].points[0][1] == boxes[1].points[0][1]


def _marks(figure: Figure, box: Box, unit: float) -> list[Mark]:
    recorder = Recorder()
    (colour,) = (each for each in vocabulary().colours if each.en == figure.colour)
    draw_chart(recorder, figure.kind, colour.shades[0], box, unit=unit, random=Random(figure.seed))
    return recorder.marks


def _flat(marks: Sequence[Mark]) -> bool:
    """Say whether bars lie."""
    bars = [mark for mark in marks if mark.form == "rectangle"]
    return bars[0].points[0][0] == bars[1].points[0][0]


def _is_cell(figure: Figure, mark: Mark) -> bool:
    return figure.kind == "table" and mark.form == "line" and mark.fill in _PLACEHOLDERS


def _on(mark: Mark) -> str:
    """Return the ink that can be read on a mark."""
    red, green, blue = mark.fill[:3] if isinstance(mark.fill, tuple) else (255, 255, 255)
    return _DARK if 0.3 * red + 0.59 * green + 0.11 * blue > 150 else _LIGHT
