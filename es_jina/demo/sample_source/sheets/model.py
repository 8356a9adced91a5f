"""What a page with large words and a large chart is made of: plain data, no drawing."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "de", "zh"]
# open: title, chart, text. band: the title on a dark band. below: the chart above the title.
# beside: the title to the right of the chart, for wide pages.
Layout = Literal["open", "band", "below", "beside"]

A4, WIDE, SLIDE = (595.0, 842.0), (842.0, 595.0), (720.0, 540.0)
POSTER, SQUARE = (600.0, 800.0), (600.0, 600.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, see :mod:`es_jina.demo.charts`, and what its marks are called.

    Attributes:
        colour: English word of a colour of the vocabulary.
        kind: English word of a kind of chart.
        seed: of its numbers.
        caption: the line under it.
        names: of its bars, parts, regions or boxes, in their order; of a table the cells, row by
            row; of the other kinds words evenly spread along the lower axis.
        ticks: of the axis of numbers, from 0 to its end, evenly spread.
        unit: of the axis of numbers.
        across: what runs along the lower axis.
    """

    colour: str
    kind: str
    seed: int
    caption: str
    names: tuple[str, ...]
    ticks: tuple[str, ...] = ()
    unit: str = ""
    across: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page.

    Attributes:
        topics: English words of the topics that its title prints, in the language of the deck.
        layout: how its parts are placed.
        subtitle: small, under the title.
        figure: its chart.
        text: paragraphs; one that starts with ``#`` is a heading.
        size: of the title, in pixels of the page that the demo model sees.
        dark: light words on a dark page, the chart on a light panel.
    """

    topics: tuple[str, ...]
    layout: Layout
    subtitle: str
    figure: Figure
    text: tuple[str, ...]
    size: float = 26
    dark: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """Colours and typeface.

    Attributes:
        latin: file name of the typeface of titles in Latin letters.
        ink: of titles.
        paper: behind everything.
        band: dark, behind titles of the layout ``band`` and on dark pages behind everything.
    """

    latin: str
    ink: str
    paper: str
    band: str


@dataclass(frozen=True, slots=True)
class Deck:
    """A file of pages: a PDF, or a picture of one page.

    Attributes:
        path: where it lies in the sample folder; the ending names the format.
        language: of everything in it.
        title: of the file, small on each page.
        page: width and height in points.
        style: colours and typeface.
        sheets: its pages.
    """

    path: str
    language: Language
    title: str
    page: tuple[float, float]
    style: Style
    sheets: tuple[Sheet, ...]
