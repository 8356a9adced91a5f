"""A provider that sees colours and reads their names, in vectors made by hand."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from PIL import Image as PilImage

from es_jina.embedding import Embedding, PatchGrid, TokenSpans, Vector, unit
from es_jina.errors import ItemError
from es_jina.inputs import Input, Task, Text
from es_jina.pictures import open_picture
from es_jina.providers.base import ModelInfo, Want

INFO = ModelInfo("colours", "revision-1", (128,), 128, 20_000)
# A prompt of two tokens; a template of three vectors before the cells and two behind them.
PROMPT, FIRST, BEHIND = 2, 3, 2
ROWS, COLUMNS = 4, 5

_DIRECTIONS = unit(np.random.default_rng(0).standard_normal((200, 128)).astype(np.float32))
NAMES = ["white", "black", "red", "lime", "blue", "yellow", "magenta", "cyan"]
_SEEN = np.array([
    (255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0),
    (255, 0, 255), (0, 255, 255),
])  # fmt: skip


class Colours:
    """Each cell of a picture, and each word, has the vector of its colour.

    The template's and the prompt's vectors are that of red too: whoever counts them sees red
    everywhere.
    """

    def __init__(self, info: ModelInfo = INFO, *, tells: bool = True) -> None:
        self.model = info
        self.tells = tells  # what each vector stands for
        self.asked: list[Input] = []

    def embed(
        self, inputs: Sequence[Input], task: Task, want: Want, **_: Any
    ) -> list[Embedding | ItemError]:
        self.asked += inputs
        return [self._embedded(each) for each in inputs]

    def _embedded(self, content: Input) -> Embedding | ItemError:
        try:
            multi, layout = _text(content.text) if isinstance(content, Text) else _image(content)
        except ItemError as error:
            return error
        single = unit(multi.mean(axis=0))
        found = Embedding(single, multi, len(multi), layout)
        return found if self.tells else replace(found, layout=None)

    def embed_spans(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None


def direction(word: str) -> int:
    """Return the number of a word's vector."""
    folded = word.strip().casefold()
    if folded in NAMES:
        return NAMES.index(folded)
    return len(NAMES) + sum(map(ord, folded)) % (len(_DIRECTIONS) - len(NAMES))


def _text(text: str) -> tuple[Vector, TokenSpans]:
    spans = [found.span() for found in re.finditer(r"\s?[^\W\d_]+|.", text, re.DOTALL)]
    numbers = [NAMES.index("red")] * PROMPT + [direction(text[a:b]) for a, b in spans]
    return _DIRECTIONS[numbers], TokenSpans(np.array([(0, 0)] * PROMPT + spans, np.int32))


def _image(content: Any) -> tuple[Vector, PatchGrid]:
    small = open_picture(content).resize((COLUMNS, ROWS), PilImage.Resampling.BOX)
    pixels = np.asarray(small).reshape(-1, 3).astype(int)
    nearest = np.abs(pixels[:, None] - _SEEN[None]).sum(axis=2).argmin(axis=1).tolist()
    red = NAMES.index("red")
    numbers = [red] * FIRST + nearest + [red] * BEHIND
    return _DIRECTIONS[numbers], PatchGrid(FIRST, ROWS, COLUMNS)


def painted(size: tuple[int, int], **cells: str) -> PilImage.Image:
    """Return a white picture with cells in colours.

    Args:
        size: in pixels.
        cells: colours by cell, such as ``r1c2``, counted from 0.
    """
    picture = PilImage.new("RGB", size, "white")
    wide, high = size[0] / COLUMNS, size[1] / ROWS
    for cell, colour in cells.items():
        row, column = map(int, cell[1:].split("c"))
        box = (column * wide, row * high, (column + 1) * wide, (row + 1) * high)
        left, top, right, bottom = map(round, box)
        picture.paste(colour, (left, top, right, bottom))
    return picture
