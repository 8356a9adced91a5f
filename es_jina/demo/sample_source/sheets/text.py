"""Paragraphs in columns of equal height."""

from collections.abc import Sequence
from dataclasses import dataclass

from es_jina.demo.sample_source.sheets import typesetting
from es_jina.demo.sample_source.sheets.paper import Paper
from es_jina.demo.sample_source.sheets.typesetting import BOLD, PLAIN, Type

_GUTTER = 26.0
# Above paragraphs, and above headings.
_BETWEEN, _ABOVE_HEADING = 3.0, 11.0


@dataclass(frozen=True, slots=True)
class _Line:
    """A line.

    Attributes:
        text: what it says.
        style: how it is set.
        above: the room above it, in points.
        heading: whether it is one.
        together: whether the line behind it has to stand in the same column.
    """

    text: str
    style: Type
    above: float
    heading: bool
    together: bool


class TextBlock:
    """Paragraphs, broken into lines and columns.

    Args:
        paragraphs: one that starts with ``#`` is a heading.
        room: how wide all columns are together.
        columns: how many.
        size: points of the letters.

    Attributes:
        height: of the highest column.
    """

    def __init__(self, paragraphs: Sequence[str], room: float, columns: int, size: float) -> None:
        self._pitch = (room + _GUTTER) / columns
        lines = [
            line
            for paragraph in paragraphs
            for line in _broken(paragraph, self._pitch - _GUTTER, size)
        ]
        self.height = sum(line.above + line.style.leading for line in lines) / columns
        while len(filled := _columns(lines, self.height)) > columns:
            self.height += 2
        self._columns = filled

    def draw(self, paper: Paper, at: tuple[float, float], ink: str, heading: str) -> None:
        """Draw all lines, the upper left corner at a point, with an ink for headings."""
        for number, column in enumerate(self._columns):
            x, y = at[0] + number * self._pitch, at[1]
            for place, line in enumerate(column):
                y += (line.above if place else 0) + line.style.leading
                paper.write(
                    line.text,
                    (x, y - line.style.leading * 0.28),
                    line.style,
                    heading if line.heading else ink,
                )


def _broken(paragraph: str, room: float, size: float) -> list[_Line]:
    heading = paragraph.startswith("#")
    style = Type(BOLD if heading else PLAIN, size, size * 1.5)
    above = _ABOVE_HEADING if heading else _BETWEEN
    broken = typesetting.lines(paragraph.lstrip("# "), style.font, size, room)
    lines = []
    for number, text in enumerate(broken):
        # No column starts with the last line of a paragraph or ends with the first.
        together = heading or (number in (0, len(broken) - 2) and len(broken) > 1)
        lines.append(_Line(text, style, 0 if number else above, heading, together))
    return lines


def _columns(lines: Sequence[_Line], height: float) -> list[list[_Line]]:
    columns: list[list[_Line]] = [[]]
    filled = 0.0
    for number, line in enumerate(lines):
        above = line.above if columns[-1] else 0
        if filled + above + _needed(lines, number) > height + 0.01:
            columns.append([])
            filled = above = 0.0
        columns[-1].append(line)
        filled += above + line.style.leading
    return columns


def _needed(lines: Sequence[_Line], number: int) -> float:
    """Return how high a line is with those that have to stand below it."""
    needed = lines[number].style.leading
    while lines[number].together and number + 1 < len(lines):
        number += 1
        needed += lines[number].above + lines[number].style.leading
    return needed
