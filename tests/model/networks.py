"""Small networks with random weights, what they are given, and how they are run."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image as Pillow

from es_jina.demo.checkpoint import Shape
from es_jina.embedding import unit
from es_jina.inputs import Task
from es_jina.model.jina_v4 import JinaV4
from es_jina.model.rows import Row, RowBuilder
from es_jina.model.tokens import TextTokenizer
from es_jina.providers.base import Want

from .checkpoints import Vector

BOTH = Want.SINGLE | Want.MULTI
WORDS = ["the quick brown fox jumps over the lazy dog", "Strom aus der Sonne, el café, 日本語"] * 4
TEXTS = ["the quick fox", "", "Strom aus der Sonne, 日本語! " * 9]
SMALL = Shape(hidden=128, layers=1, ffn=128, vision_width=32, vision_depth=2, vision_ffn=48)
TOLERANCE = 1e-5


def noise(width: int, height: int) -> Pillow.Image:
    pixels = np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3))
    return Pillow.fromarray(pixels.astype(np.uint8))


# One merged patch in a row, an odd grid, one that no window divides, one to shrink, one to grow.
PICTURES = [noise(56, 56), noise(84, 140), noise(300, 200), noise(560, 610), noise(9, 70)]


def load(folder: Path) -> tuple[JinaV4, RowBuilder]:
    model = JinaV4(folder, torch.device("cpu"))
    return model, RowBuilder(model, TextTokenizer(folder))


def assert_near(found: Vector | None, expected: Vector) -> None:
    assert found is not None
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() <= TOLERANCE


def rows_of(builder: RowBuilder, texts: Sequence[str], adapters: Sequence[str]) -> list[Row]:
    found = []
    for text, adapter in zip(texts, adapters, strict=True):
        [row] = builder.texts([(text, Task.CODE_QUERY)], spans=False, truncate=False)
        assert isinstance(row, Row)
        found.append(replace(row, adapter=adapter))
    return found


def run(model: JinaV4, builder: RowBuilder, rows: Sequence[Row]) -> list[tuple[Vector, Vector]]:
    """Return the single vector and the multi-vector of each row of one batch."""
    means, multi = model.forward(builder.batch(rows)).fetch()()
    assert multi is not None
    lengths = [len(row.input_ids) for row in rows]
    parts = np.split(multi, np.cumsum(lengths))[: len(rows)]
    return list(zip(unit(means), parts, strict=True))
