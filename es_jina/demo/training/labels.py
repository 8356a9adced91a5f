"""What each part of a page shows, for the losses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from es_jina.demo.synthetic import Page, Spot

CELL, PATCH = 28, 14
# Shares of a cell that a word covers: from the first on the cell shows it, below the second not.
_SHOWS, _HARDLY = 0.15, 0.03
_COLOURFUL = 45


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A page's answers.

    Attributes:
        cells: bool (cells, labels): what each cell may be taken for; no label where it is open.
        page: bool (labels,): what the page shows.
        letters: int64 (patches,) in the order of merged blocks: the letter at the middle of each, 0
            for none.
    """

    cells: NDArray[np.bool_]
    page: NDArray[np.bool_]
    letters: NDArray[np.int64]


def labelled(page: Page, labels: int, alphabet: dict[str, int]) -> Labelled:
    """Return the answers for a page."""
    height, width = (side // CELL for side in page.pixels.shape[:2])
    cells = np.zeros((height, width, labels), bool)
    unclear = np.zeros((height, width), bool)
    for spot in page.spots:
        if len(spot.labels) == 1:
            share = _covered(spot, height, width)
            cells[..., spot.labels[0]] |= share >= _SHOWS
            unclear |= (share > _HARDLY) & (share < _SHOWS)
        else:
            inside, inked = _chart_cells(page, spot, height, width)
            cells[..., list(spot.labels)] |= inked[..., None]
            unclear |= inside & ~inked
    cells[..., 0] = ~cells.any(axis=2) & ~unclear
    shown = np.zeros(labels, bool)
    shown[list(page.labels)] = True
    return Labelled(cells.reshape(-1, labels), shown, _letters(page, height, width, alphabet))


def _covered(spot: Spot, height: int, width: int) -> NDArray[np.float64]:
    """Return which share of each cell (height, width) a box covers."""
    left, top, right, bottom = spot.box
    across = _overlap(left, right, width)
    down = _overlap(top, bottom, height)
    shares: NDArray[np.float64] = np.outer(down, across) / CELL**2
    return shares


def _overlap(start: float, end: float, count: int) -> NDArray[np.float64]:
    edges = np.arange(count) * CELL
    share: NDArray[np.float64] = np.clip(
        np.minimum(end, edges + CELL) - np.maximum(start, edges), 0, CELL
    )
    return share


def _chart_cells(
    page: Page, spot: Spot, height: int, width: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which cells a chart covers, and in which of them its colour is seen."""
    inside = _covered(spot, height, width) > 0.25
    red, green, blue = np.moveaxis(page.pixels, 2, 0)
    strongest = np.maximum(np.maximum(red, green), blue)
    colourful = strongest - np.minimum(np.minimum(red, green), blue) > _COLOURFUL
    shares = colourful.reshape(height, CELL, width, CELL).mean(axis=(1, 3))
    return inside, inside & (shares > 0.03)


def _letters(page: Page, height: int, width: int, alphabet: dict[str, int]) -> NDArray[np.int64]:
    found = np.zeros((height * 2, width * 2), np.int64)
    for spot in page.spots:
        _, top, _, bottom = spot.box
        rows = [row for row in range(height * 2) if top <= (row + 0.5) * PATCH <= bottom]
        left = spot.box[0]
        for letter, right in spot.letters:
            first, last = np.ceil(left / PATCH - 0.5), np.floor(right / PATCH - 0.5)
            for column in range(max(0, int(first)), min(width * 2 - 1, int(last)) + 1):
                found[rows, column] = alphabet.get(letter.lower(), 0)
            left = right
    return found.reshape(height, 2, width, 2).transpose(0, 2, 1, 3).reshape(-1)
