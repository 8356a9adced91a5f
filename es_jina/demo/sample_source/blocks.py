"""What a sample report is made of: plain data, no drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a page."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list of points."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Figures:
    """A row of large numbers, each with the words under it."""

    items: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; ``widths`` are shares of the text width."""

    caption: str
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars or lines over the same labels.

    Attributes:
        caption: the line above the chart.
        x_label: what the labels are.
        y_label: what the numbers are, with the unit.
        labels: one for each place on the horizontal axis.
        series: the legend's words and their numbers.
        ticks: the numbers on the vertical axis; the last is its top.
        lines: lines instead of bars.
    """

    caption: str
    x_label: str
    y_label: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[float]]
    ticks: Sequence[int]
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Pie:
    """Parts of a whole, in percent."""

    caption: str
    parts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cycle:
    """Four stations in a ring: top, right, bottom, left, and the words between them."""

    caption: str
    stations: tuple[str, str, str, str]
    between: tuple[str, str, str, str]


Block = Heading | Text | Points | Figures | Grid | Chart | Pie | Cycle


@dataclass(frozen=True, slots=True)
class Report:
    """A PDF.

    Attributes:
        path: where it lies in the sample folder.
        language: its language tag.
        title: on the first page, and small on the others.
        subtitle: under the title.
        page_word: the word before the page number.
        colours: the main colour first, then those of the charts.
        pages: the blocks of each page.
    """

    path: str
    language: str
    title: str
    subtitle: str
    page_word: str
    colours: Sequence[str]
    pages: Sequence[Sequence[Block]]
