"""Random weights of the size to measure with, and the texts."""

import random
from pathlib import Path

from es_jina.demo.checkpoint import Shape, make_checkpoint

# Between 100 and 300 short texts a second on two cores that have nothing else to do.
SHAPE = Shape(hidden=512, layers=6, heads=8, kv_heads=2, ffn=1408)
# For the soak, where not the model is what works.
SMALL = Shape()
_WORDS = [
    *("the", "river", "carried", "old", "letters", "past", "quiet", "harbours", "where", "gulls"),
    *("heat", "pump", "ice", "fan", "filter", "coffee", "harvest", "price", "road", "bicycle"),
]


def checkpoint(folder: Path, shape: Shape = SHAPE) -> Path:
    """Write a checkpoint into a folder; return where it is."""
    return make_checkpoint(folder / "model", [" ".join(_WORDS)] * 4, shape)


def short_texts(count: int, seed: int = 0) -> list[str]:
    """Return texts of 8 to 20 words, no two alike."""
    rng = random.Random(seed)
    return [
        f"{' '.join(rng.choices(_WORDS, k=rng.randint(8, 20)))} {seed}.{number}"
        for number in range(count)
    ]
