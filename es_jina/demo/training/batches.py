"""Batches of drawn pages, made in processes of their own while the network is trained."""

import os
import threading
import time
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from multiprocessing import get_context
from random import Random

import numpy as np
from numpy.typing import NDArray

from es_jina.demo.synthetic import SIZES, Page, draw_page, draw_strip
from es_jina.demo.training.labels import CELL, PATCH, labelled
from es_jina.demo.vocabulary import Concept, vocabulary

STRIP = (168, 56)
# Charts of these pairs of colour and kind are never seen in training: see evaluate.
HELD_OUT = frozenset((number, (number * 3 + shift) % 8) for number in range(8) for shift in (0, 4))


@dataclass(frozen=True, slots=True, eq=False)
class Pages:
    """A batch of pages of one size.

    Attributes:
        patches: uint8 (pages, patches, 588), in the order of merged blocks.
        grid: rows and columns of cells.
        cells: bool (pages, cells, labels), see :class:`es_jina.demo.training.labels.Labelled`.
        shown: bool (pages, labels).
        letters: int64 (pages, patches).
    """

    patches: NDArray[np.uint8]
    grid: tuple[int, int]
    cells: NDArray[np.bool_]
    shown: NDArray[np.bool_]
    letters: NDArray[np.int64]


def alphabet() -> dict[str, int]:
    """Return a number from 1 for each letter that pages print."""
    words = (word for each in vocabulary().concepts for word in (each.en, each.de[0], each.zh[0]))
    letters = sorted({letter.lower() for word in words for letter in word})
    return {letter: number for number, letter in enumerate(letters, 1)}


def strips(seed: int, size: int) -> Pages:
    """Draw a batch of strips with one or two words each."""
    random = Random(seed)
    topics = vocabulary().topics
    drawn = [draw_strip(random, random.sample(topics, 2), STRIP) for _ in range(size)]
    return _batch(drawn)


def pages(seed: int, size: int, *, dense: float) -> Pages:
    """Draw a batch of pages.

    Args:
        seed: of everything.
        size: how many.
        dense: the share of pages that are full of words, which reading is learnt from.
    """
    random = Random(seed)
    shape = random.choice(SIZES)
    return _batch([_page(random, shape, dense) for _ in range(size)])


def looks(*, held_out: bool) -> list[tuple[Concept, Concept]]:
    """Return the pairs of colour and kind of chart that are for training, or those that are not."""
    known = vocabulary()
    return [
        (colour, kind)
        for row, colour in enumerate(known.colours)
        for column, kind in enumerate(known.charts)
        if ((row, column) in HELD_OUT) == held_out
    ]


def drawn_ahead(
    seed: int, size: int, *, dense: float | None, workers: int = 1, ahead: int = 3
) -> Generator[Pages, None, None]:
    """Yield batches without end: of strips where `dense` is ``None``, else of pages."""
    make = partial(strips, size=size) if dense is None else partial(pages, size=size, dense=dense)
    seeds = count(seed)
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin)
    try:
        waiting = [pool.submit(make, each) for each in islice(seeds, ahead)]
        while True:
            done = waiting.pop(0).result()
            waiting.append(pool.submit(make, next(seeds)))
            yield done
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    """End with the training, even where that is killed: it could not tell its processes."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _page(random: Random, shape: tuple[int, int], dense: float) -> Page:
    known = vocabulary()
    if random.random() < dense:
        topics = random.sample(known.topics, random.randint(5, 11))
        look = random.choice(looks(held_out=False)) if random.random() < 0.3 else None
    else:
        topics = random.sample(known.topics, random.choice((1, 1, 2, 2, 2, 3)))
        look = random.choice(looks(held_out=False))
    return draw_page(known, random, topics, look, shape)


def _batch(drawn: list[Page]) -> Pages:
    letters, labels = alphabet(), vocabulary().labels
    answers = [labelled(page, labels, letters) for page in drawn]
    height, width = (side // CELL for side in drawn[0].pixels.shape[:2])
    return Pages(
        np.stack([_patches(page.pixels, height, width) for page in drawn]),
        (height, width),
        np.stack([each.cells for each in answers]),
        np.stack([each.page for each in answers]),
        np.stack([each.letters for each in answers]),
    )


def _patches(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Cut a picture into patches, as :func:`es_jina.model.images.to_patches` does."""
    blocks = pixels.reshape(height, 2, PATCH, width, 2, PATCH, 3)
    return blocks.transpose(0, 3, 1, 4, 6, 2, 5).reshape(height * width * 4, -1)
