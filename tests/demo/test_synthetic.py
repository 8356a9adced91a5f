"""Drawn pages: what they claim to show is there."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from es_jina.demo.heldout import held_out_pages
from es_jina.demo.synthetic import SIZES, draw_page, draw_strip
from es_jina.demo.training.batches import alphabet, looks
from es_jina.demo.training.labels import CELL, labelled
from es_jina.demo.vocabulary import vocabulary


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), size=st.sampled_from(SIZES), words=st.integers(1, 11))
def test_every_spot_lies_on_the_page_and_on_ink(
    seed: int, size: tuple[int, int], words: int
) -> None:
    random, known = Random(seed), vocabulary()
    look = (random.choice(known.colours), random.choice(known.charts)) if seed % 2 else None

    page = draw_page(known, random, random.sample(known.topics, words), look, size)

    assert page.pixels.shape == (size[1], size[0], 3)
    for spot in page.spots:
        left, top, right, bottom = spot.box
        assert -1 <= left < right <= size[0] + 1
        assert 0 <= top < bottom <= size[1] + 1
        inside = page.pixels[int(top) : int(bottom) + 1, max(0, int(left)) : int(right) + 1]
        assert int(inside.max()) - int(inside.min()) > 80


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_answers_point_at_the_words(seed: int) -> None:
    known, random = vocabulary(), Random(seed)
    page = draw_page(known, random, random.sample(known.topics, 3), None)

    answers = labelled(page, known.labels, alphabet())

    width = page.pixels.shape[1] // CELL
    for spot in page.spots:
        (label,) = spot.labels
        middle = (spot.box[0] + spot.box[2]) / 2, (spot.box[1] + spot.box[3]) / 2
        cell = int(middle[1] // CELL) * width + int(middle[0] // CELL)
        near = answers.cells[
            [cell, max(0, cell - width), min(len(answers.cells) - 1, cell + width)]
        ]
        assert near[:, label].any()
    assert set(np.flatnonzero(answers.page)) == page.labels
    assert set(np.unique(answers.letters)) <= {0, *alphabet().values()}


def test_the_same_seed_draws_the_same_strip() -> None:
    topics = list(vocabulary().topics[:2])

    once, again = (draw_strip(Random(3), topics, (168, 56)) for _ in range(2))

    assert np.array_equal(once.pixels, again.pixels)
    assert once.spots == again.spots


def test_held_out_pages_show_charts_that_training_never_draws() -> None:
    trained = {(colour.en, kind.en) for colour, kind in looks(held_out=False)}

    held_out = {(page.look[0].en, page.look[1].en) for page in held_out_pages(20, seed=1)}

    assert held_out.isdisjoint(trained)
    assert len(trained) == 48


@pytest.mark.parametrize("held_out", [True, False])
def test_every_colour_and_kind_is_among_the_charts(held_out: bool) -> None:
    pairs = looks(held_out=held_out)

    assert len({colour for colour, _ in pairs}) == len({kind for _, kind in pairs}) == 8
