"""Why a unit was found: how similar each word of a query is to each part of the unit.

The parts are the cells of a grid over a picture, or the tokens of a text. Vectors of the template
round a picture and of the prompt before a text stand for no part and do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from es_jina.embedding import Embedding, PatchGrid, TokenSpans, Vector, unit
from es_jina.search.words import Word

Of = Literal["stored", "computed"]
# (words, rows, columns) or (words, tokens), cosines.
Similarities = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TextToken:
    """A part of a text, without the space round it.

    Attributes:
        start: its first character.
        end: the one behind its last.
        scores: how similar each word is to it.
    """

    start: int
    end: int
    scores: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The vectors of a page or an image, and where on it they are.

    Attributes:
        vectors: float32 (tokens, dims), those of the template as well.
        grid: the cells that its own stand for.
        of: whether they are the index's or those of a pass for this purpose.
    """

    vectors: Vector
    grid: PatchGrid
    of: Of


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """The vectors of a text, and which characters each stands for.

    Attributes:
        vectors: float32 (tokens, dims).
        layout: of them.
        of: whether they are the index's or those of a pass for this purpose.
    """

    vectors: Vector
    layout: TokenSpans
    of: Of


def cells(query: Vector, words: Sequence[Word], page: Page) -> Similarities:
    """Compare words with the cells of a picture.

    Args:
        query: float32 (query tokens, dims), rows of length 1.
        words: of the query.
        page: what they are looked for in.

    Returns:
        (words, rows, columns): the cosine, of a word's tokens that of the nearest.
    """
    grid = page.grid
    inside = page.vectors[grid.first : grid.first + grid.height * grid.width]
    return _similarities(query, words, inside).reshape(len(words), grid.height, grid.width)


def tokens(query: Vector, words: Sequence[Word], text: str, passage: Passage) -> list[TextToken]:
    """Compare words with the tokens of a text.

    Args:
        query: float32 (query tokens, dims), rows of length 1.
        words: of the query.
        text: that the passage is.
        passage: its vectors.

    Returns:
        In order, without those of white space alone; tokens that share a character are one, with
        the best similarity of each.
    """
    scores = _similarities(query, words, passage.vectors)
    found = []
    for first, behind, members in _merged(passage.layout.characters):
        piece = text[first:behind]
        start = behind - len(piece.lstrip())
        end = first + len(piece.rstrip())
        if start < end:
            found.append(TextToken(start, end, scores[:, members].max(axis=1)))
    return found


def fitting_grid(told: object, count: int) -> PatchGrid | None:
    """Read the grid of a document; ``None`` where it is none, or not that of its vectors.

    Args:
        told: what the document has.
        count: how many vectors its multi-vector has.
    """
    if not isinstance(told, dict):
        return None
    numbers: list[Any] = [told.get(name) for name in ("first", "height", "width")]
    if not all(isinstance(each, int) and 0 <= each <= count for each in numbers):
        return None
    grid = PatchGrid(*numbers)
    size = grid.height * grid.width
    return grid if size and grid.first + size <= count else None


def passage_of(stored: Vector | None, computed: Embedding) -> Passage:
    """Choose between the stored vectors of a text and those of a pass, which has their layout.

    Args:
        stored: as many as the model made, which is fewer by those of the prompt where the text was
            embedded as a part of a longer one; ``None`` where there are none.
        computed: of the text, with multi-vector and layout.

    Raises:
        TypeError: it lacks them.
    """
    layout = computed.layout
    if computed.multi is None or not isinstance(layout, TokenSpans):
        raise TypeError("a text's embedding without multi-vector or layout")
    own = layout.characters[:, 1] > 0
    if stored is not None and len(stored) == len(own):
        return Passage(stored, layout, "stored")
    if stored is not None and len(stored) == own.sum():
        return Passage(stored, TokenSpans(layout.characters[own]), "stored")
    return Passage(computed.multi, layout, "computed")


def _similarities(query: Vector, words: Sequence[Word], vectors: Vector) -> Vector:
    """Return float32 (words, vectors); a vector that is none is like nothing."""
    cosines = query @ unit(np.nan_to_num(vectors, posinf=0.0, neginf=0.0)).T
    best = [cosines[[*word.tokens]].max(axis=0) for word in words]
    return np.stack(best) if best else np.empty((0, len(vectors)), np.float32)


def _merged(spans: NDArray[np.int32]) -> list[tuple[int, int, list[int]]]:
    """Return the spans that do not overlap and the tokens in each; those of the prompt in none."""
    found: list[tuple[int, int, list[int]]] = []
    for number, (start, end) in enumerate(spans.tolist()):
        if start >= end:
            continue
        if found and start < found[-1][1]:
            first, before, members = found.pop()
            found.append((first, max(before, end), [*members, number]))
        else:
            found.append((start, end, [number]))
    return found
