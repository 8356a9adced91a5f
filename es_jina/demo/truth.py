"""What is true of the sample: queries, which units answer them, and where pages show what.

The files in ``truth/`` are written by :mod:`es_jina.demo.make_sample`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

TRUTH = Path(__file__).parent / "truth"
SHOWS, MENTIONS = 2, 1
"""Grades: a unit shows what is asked in a form that the demo model reads, large words, a chart or
a text about it; or it only mentions it in its small print, or shows it in another form."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Query:
    """A query of the sample.

    Attributes:
        id: such as ``q07``.
        text: what is typed.
        language: of the text.
        kind: what makes it hard, such as ``synonym``; ``text`` asks for small print, which the
            demo model cannot read.
    """

    id: str
    text: str
    language: Literal["en", "de", "zh"]
    kind: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a title.

    Attributes:
        word: the English word of its concept.
        printed: what stands there.
        box: left, top, right and bottom of its ink, as shares of the page.
    """

    word: str
    printed: str
    box: Box


@dataclass(frozen=True, slots=True)
class Chart:
    """The chart of a page.

    Attributes:
        colour: English word.
        kind: English word.
        box: left, top, right and bottom, as shares of the page.
    """

    colour: str
    kind: str
    box: Box


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page or picture shows.

    Attributes:
        size: width and height, in points of a page or pixels of a picture.
        words: of its title.
        chart: that it has.
    """

    size: tuple[float, float]
    words: tuple[Word, ...]
    chart: Chart


def unit_id(path: str, page: int = 1) -> str:
    """Return the id of a unit: the path in the sample folder and the page, from 1.

    Pictures and texts are one unit each, page 1. Spaces become ``%20``: TREC's tools part lines at
    them.
    """
    return f"{path}#{page}".replace(" ", "%20")


@cache
def queries() -> tuple[Query, ...]:
    """Return all queries."""
    lines = (TRUTH / "queries.tsv").read_text("utf-8").splitlines()[1:]
    parted = (line.split("\t") for line in lines)
    return tuple(
        Query(number, text, cast("Literal['en', 'de', 'zh']", language), kind)
        for number, text, language, kind in parted
    )


@cache
def judgements() -> Mapping[str, Mapping[str, int]]:
    """Return the grades of the units that answer each query, by the ids of query and unit."""
    grades: dict[str, dict[str, int]] = {}
    for line in (TRUTH / "qrels.txt").read_text("utf-8").splitlines():
        query, _, unit, grade = line.split(" ")
        grades.setdefault(query, {})[unit] = int(grade)
    return grades


@cache
def shown() -> Mapping[str, Shown]:
    """Return what pages with large words show, by the id of the unit."""
    pages = json.loads((TRUTH / "boxes.json").read_text("utf-8"))
    return {unit: _shown(page) for unit, page in pages.items()}


def _shown(page: dict[str, Any]) -> Shown:
    words = tuple(Word(**{**word, "box": tuple(word["box"])}) for word in page["words"])
    chart = Chart(**{**page["chart"], "box": tuple(page["chart"]["box"])})
    width, height = page["size"]
    return Shown((width, height), words, chart)
