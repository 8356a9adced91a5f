"""Judges which units of the sample answer a query: from what they show and from what they say."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2

from es_jina.demo.sample_source.about import ABOUT
from es_jina.demo.sample_source.queries import QUERIES, Asked
from es_jina.demo.sample_source.sheets.model import Deck
from es_jina.demo.sample_source.sheets.paper import Spot
from es_jina.demo.sample_source.sheets.words import concept_of
from es_jina.demo.truth import MENTIONS, SHOWS, unit_id


@dataclass(frozen=True, slots=True)
class Unit:
    """A page, a picture or a text.

    Attributes:
        id: see :func:`es_jina.demo.truth.unit_id`.
        language: its tag.
        shown: English words of the concepts that it shows in a form that the demo model reads.
        about: the same of those that it shows in another form.
        text: what it says.
    """

    id: str
    language: str
    shown: frozenset[str]
    about: frozenset[str]
    text: str


def sheet_units(deck: Deck, pages: Sequence[Sequence[Spot]], file: Path) -> Iterator[Unit]:
    """Return the units of a deck that was printed into a file."""
    texts = _page_texts(file)
    for number, (spots, text) in enumerate(zip(pages, texts, strict=True), start=1):
        shown = frozenset(word for spot in spots for word in spot.words)
        yield Unit(unit_id(deck.path, number), deck.language, shown, frozenset(), text)


def other_units(folder: Path) -> Iterator[Unit]:
    """Return the units of all files that are not made of sheets."""
    for path, about in ABOUT.items():
        topics = frozenset(about.topics)
        shown, other = (topics, frozenset[str]()) if about.readable else (frozenset(), topics)
        for number, text in enumerate(_page_texts(folder / path), start=1):
            yield Unit(unit_id(path, number), about.language, shown, other, text)


def judgements(units: Sequence[Unit]) -> dict[str, dict[str, int]]:
    """Return how well units answer each query, by its id; units that do not are left out."""
    return {
        f"q{number:02}": {
            unit.id: grade for unit in units if (grade := _grade(asked, unit)) is not None
        }
        for number, asked in enumerate(QUERIES, start=1)
    }


def _grade(asked: Asked, unit: Unit) -> int | None:
    if unit.id in asked.answers or (asked.concepts and unit.shown.issuperset(asked.concepts)):
        return SHOWS
    if asked.concepts and all(_has(unit, word) for word in asked.concepts):
        return MENTIONS
    return None


def _has(unit: Unit, word: str) -> bool:
    return word in unit.shown or word in unit.about or _says(unit, word)


def _says(unit: Unit, word: str) -> bool:
    """Say whether a text has a topic's word, of its language; synonyms mean much else too."""
    concept = concept_of(word)
    if concept.kind != "topic":
        return False
    if unit.language == "zh":
        return any(each in unit.text for each in concept.zh)
    words: Mapping[str, tuple[str, ...]] = {"en": (concept.en, concept.plural), "de": concept.de}
    pattern = "|".join(map(re.escape, words.get(unit.language, ())))
    return bool(pattern) and re.search(rf"\b(?:{pattern})\b", unit.text, re.IGNORECASE) is not None


def _page_texts(file: Path) -> list[str]:
    """Return what each page of a file says; a picture says nothing."""
    if file.suffix == ".pdf":
        with pypdfium2.PdfDocument(file) as document:
            return [page.get_textpage().get_text_range() for page in document]
    return [file.read_text("utf-8") if file.suffix in {".md", ".txt"} else ""]
