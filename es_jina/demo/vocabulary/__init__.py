"""The words of the demo model: topics, colours and kinds of charts, in three languages.

Each has a label, by which pages and queries are matched: 0 stands for everything else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Kind = Literal["topic", "colour", "chart"]


@dataclass(frozen=True, slots=True)
class Concept:
    """Something that pages show and queries ask for.

    Attributes:
        label: its number, from 1.
        kind: topic, colour or chart.
        en: its English word; what pages print.
        synonyms: other English words, which only queries use.
        de: its German words; pages print the first.
        zh: its Chinese words; pages print the first.
        shades: of a colour, such as ``#d62728``; those that palettes and style sheets have for it.
    """

    label: int
    kind: Kind
    en: str
    synonyms: tuple[str, ...]
    de: tuple[str, ...]
    zh: tuple[str, ...]
    shades: tuple[str, ...] = ()

    @property
    def plural(self) -> str:
        """The regular English plural."""
        if self.en.endswith(("s", "x", "ch", "sh")):
            return f"{self.en}es"
        if self.en.endswith("y") and self.en[-2] not in "aeiou":
            return f"{self.en[:-1]}ies"
        return f"{self.en}s"

    @property
    def words(self) -> tuple[str, ...]:
        """Every word that means it."""
        plural = (self.plural,) if self.kind == "topic" else ()
        return (self.en, *plural, *self.synonyms, *self.de, *self.zh)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All concepts.

    Attributes:
        topics: what pages are about.
        colours: of charts.
        charts: their kinds.
    """

    topics: tuple[Concept, ...]
    colours: tuple[Concept, ...]
    charts: tuple[Concept, ...]

    @property
    def concepts(self) -> tuple[Concept, ...]:
        """All of them, in the order of their labels."""
        return (*self.topics, *self.colours, *self.charts)

    @property
    def labels(self) -> int:
        """How many labels there are, with that of everything else."""
        return 1 + len(self.concepts)


@cache
def vocabulary() -> Vocabulary:
    """Return the words of the demo model."""
    topics = tuple(_read("topics", "topic", 1))
    colours = tuple(_read("colours", "colour", 1 + len(topics)))
    charts = tuple(_read("charts", "chart", 1 + len(topics) + len(colours)))
    return Vocabulary(topics, colours, charts)


def _read(name: str, kind: Kind, first: int) -> Iterator[Concept]:
    lines = (files(__name__) / f"{name}.tsv").read_text("utf-8").splitlines()[1:]
    for label, line in enumerate(lines, first):
        en, *others = line.split("\t")
        synonyms, de, zh, *shades = (tuple(cell.lower().split(",")) for cell in others)
        yield Concept(label, kind, en, synonyms, de, zh, *shades)
