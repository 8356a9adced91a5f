"""The pages with large words: they are as drawn, say what they show, and show it where told."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
from PIL import ImageColor

from es_jina.demo.make_sample import SAMPLE
from es_jina.demo.sample_source.decks import DECKS
from es_jina.demo.sample_source.decks.street_market import STREET_MARKET
from es_jina.demo.sample_source.sheets.model import SLIDE, Deck, Sheet
from es_jina.demo.sample_source.sheets.printing import print_deck
from es_jina.demo.sample_source.sheets.words import concept_of, printed
from es_jina.demo.truth import shown, unit_id
from es_jina.demo.vocabulary import vocabulary
from tests.demo.conftest import Made
from tests.demo.pages import page_texts, pixels

PDFS = [deck for deck in DECKS if deck.path.endswith(".pdf")]
SHEETS = [(deck, sheet) for deck in DECKS for sheet in deck.sheets]


def of_path(deck: Deck) -> str:
    return deck.path


@pytest.mark.parametrize("deck", DECKS, ids=of_path)
def test_the_committed_files_look_as_drawn(made: Made, deck: Deck) -> None:
    for committed, drawn in zip(
        pixels(SAMPLE / deck.path), pixels(made.sample / deck.path), strict=True
    ):
        assert committed.shape == drawn.shape
        assert np.abs(committed.astype(np.int16) - drawn).mean() < 2


@pytest.mark.parametrize("deck", PDFS, ids=of_path)
def test_each_page_says_its_title_its_caption_and_its_text(deck: Deck) -> None:
    for number, (sheet, text) in enumerate(
        zip(deck.sheets, page_texts(SAMPLE / deck.path), strict=True), start=1
    ):
        assert "\ufffd" not in text
        joined = "".join(text.split())
        for topic in sheet.topics:
            assert printed(topic, deck.language) in joined
        # Lines and columns part a paragraph anywhere; its first words stand together.
        for paragraph in (sheet.figure.caption, *sheet.text):
            assert "".join(paragraph.lstrip("#").split())[:10] in joined
        assert f"{number}/{len(deck.sheets)}" in joined


def test_the_decks_are_in_three_languages() -> None:
    assert Counter(deck.language for deck in PDFS) == {"en": 6, "de": 2, "zh": 2}
    assert all(4 <= len(deck.sheets) <= 8 for deck in PDFS)


def test_each_colour_and_each_kind_of_chart_occurs_several_times() -> None:
    words = vocabulary()
    colours = Counter(sheet.figure.colour for _, sheet in SHEETS)
    kinds = Counter(sheet.figure.kind for _, sheet in SHEETS)
    assert all(colours[colour.en] >= 4 for colour in words.colours)
    assert all(kinds[kind.en] >= 4 for kind in words.charts)
    looks = Counter((sheet.figure.colour, sheet.figure.kind) for _, sheet in SHEETS)
    assert set(looks.values()) == {1}


def test_topics_occur_in_several_languages() -> None:
    languages: dict[str, set[str]] = {}
    for deck, sheet in SHEETS:
        for topic in sheet.topics:
            assert concept_of(topic).kind == "topic"
            languages.setdefault(topic, set()).add(deck.language)
    assert sum(len(each) >= 2 for each in languages.values()) >= 6


@pytest.mark.parametrize("deck", DECKS, ids=of_path)
def test_boxes_of_words_fit_their_ink(deck: Deck) -> None:
    for number, page in enumerate(pixels(SAMPLE / deck.path, 1.0), start=1):
        height, width = page.shape[:2]
        longest = max(deck.page) / max(height, width)
        for word in shown()[unit_id(deck.path, number)].words:
            left, top, right, bottom = np.multiply(word.box, (width, height, width, height))
            x, y = int(left) - 6, int(top) - 6
            part = page[y : int(bottom) + 7, x : int(right) + 7].astype(int)
            ink = np.abs(part - part[0, 0]).max(axis=2) > 90
            down, across = ink.any(axis=1).nonzero()[0], ink.any(axis=0).nonzero()[0]
            found = (across[0] + x, down[0] + y, across[-1] + 1 + x, down[-1] + 1 + y)
            # Points; a pixel is one, or less in a picture.
            assert np.abs(np.subtract(found, (left, top, right, bottom))).max() * longest < 2.5


@pytest.mark.parametrize("deck", DECKS, ids=of_path)
def test_charts_stand_in_their_boxes_in_their_colours(deck: Deck) -> None:
    for number, page in enumerate(pixels(SAMPLE / deck.path), start=1):
        chart = shown()[unit_id(deck.path, number)].chart
        rgb = ImageColor.getrgb(concept_of(chart.colour).shades[0])
        coloured = np.abs(page.astype(np.int16) - rgb).max(axis=2) < 45
        height, width = coloured.shape
        left, top, right, bottom = np.multiply(chart.box, (width, height, width, height))
        inside = coloured[int(top) - 2 : int(bottom) + 3, int(left) - 2 : int(right) + 3]
        assert inside.mean() > 0.01
        assert inside.sum() > 0.8 * coloured.sum()


def test_every_page_has_its_boxes() -> None:
    pages = {
        unit_id(deck.path, number): sheet
        for deck in DECKS
        for number, sheet in enumerate(deck.sheets, start=1)
    }
    assert shown().keys() == pages.keys()
    for unit, sheet in pages.items():
        truth = shown()[unit]
        assert tuple(word.word for word in truth.words) == sheet.topics
        assert (truth.chart.colour, truth.chart.kind) == (sheet.figure.colour, sheet.figure.kind)


def with_sheet(**changes: object) -> Deck:
    sheet: Sheet = dataclasses.replace(STREET_MARKET.sheets[1], **changes)  # type: ignore[arg-type]
    return dataclasses.replace(STREET_MARKET, sheets=(sheet,))


def test_a_page_that_is_too_full_is_refused() -> None:
    with pytest.raises(ValueError, match="page 1 leaves no room for its chart"):
        print_deck(with_sheet(text=("word " * 900,)))


def test_a_slide_that_is_too_full_is_refused() -> None:
    deck = dataclasses.replace(with_sheet(text=("word " * 300,)), page=SLIDE)
    with pytest.raises(ValueError, match=r"page 1 is too full by \d+ points"):
        print_deck(deck)


def test_a_bar_without_a_name_is_refused() -> None:
    figure = dataclasses.replace(STREET_MARKET.sheets[3].figure, names=("7:00", "8:00"))
    with pytest.raises(ValueError, match="the bar chart of seed 28 has 8 marks, but 2 names"):
        print_deck(with_sheet(figure=figure))


def test_a_word_that_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="the demo model has no word 'unicorn'"):
        print_deck(with_sheet(topics=("unicorn",)))
