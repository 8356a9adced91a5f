"""Measures the demo checkpoint on pages it has never seen: ``python -m es_jina.demo.evaluate``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from es_jina.demo.heldout import KINDS, HeldOut, held_out_pages
from es_jina.demo.run import demo_checkpoint
from es_jina.embedding import Embedding, PatchGrid, TokenSpans, Vector, cut
from es_jina.errors import ItemError
from es_jina.inputs import Image, Task, Text
from es_jina.providers.base import Provider, Want
from es_jina.search.explain import Page, Similarities, cells
from es_jina.search.maxsim import maxsim
from es_jina.search.words import content_words

BOTH = Want.SINGLE | Want.MULTI
CELL = 28
_UNKNOWN = ("unicorn", "spaceship", "Zahnarzt", "独角兽", "quantum")


@dataclass(frozen=True, slots=True)
class Hits:
    """How often a page that fits was found.

    Attributes:
        first: in the first place, 0 to 1.
        ten: among the first ten.
    """

    first: float
    ten: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured.

    Attributes:
        dims: the sizes of the single vector, largest first.
        single: hits of each kind of query, by size.
        late: hits of each kind of query by late interaction.
        hottest: how often the cell that is most like a word lies on that word.
        known: the median of the best cell's similarity to a word that a page shows.
        absent: the same for a word of the model that the page does not show.
        unknown: the same for words that the model has never seen.
    """

    dims: tuple[int, ...]
    single: dict[str, dict[int, Hits]]
    late: dict[str, Hits]
    hottest: float
    known: float
    absent: float
    unknown: float


class Evaluation:
    """Held-out pages, embedded by a provider.

    Args:
        provider: what runs the checkpoint.
        count: how many pages.
        seed: of pages and queries.
    """

    def __init__(self, provider: Provider, count: int = 300, seed: int = 7_000_000) -> None:
        self.provider, self.seed = provider, seed
        self.held_out = held_out_pages(count, seed)
        pictures = [Image(Pictures.fromarray(each.page.pixels)) for each in self.held_out]
        self.pages = _embedded(provider, pictures, Task.RETRIEVAL_PASSAGE)
        self.single = np.stack([_single(page) for page in self.pages])
        self.shown = [each.page.labels for each in self.held_out]

    def measured(self) -> Measured:
        """Ask everything of every page."""
        dims = tuple(sorted(self.provider.model.dims, reverse=True))
        single, late = {}, {}
        for kind in KINDS:
            single[kind], late[kind] = self._hits(kind, dims)
        hottest, known, absent = self._localised()
        return Measured(dims, single, late, hottest, known, absent, self._unknown())

    def _hits(self, kind: str, dims: Sequence[int]) -> tuple[dict[int, Hits], Hits]:
        random = Random(f"{self.seed} {kind}")
        asked = [KINDS[kind](each, random) for each in self.held_out]
        queries = self._queries([each.text for each in asked])
        fits = np.array([[each.labels <= shown for shown in self.shown] for each in asked])
        vectors = np.stack([_single(query) for query in queries])
        by_size = {
            size: _hits(cut(vectors, size) @ cut(self.single, size).T, fits) for size in dims
        }
        return by_size, _hits(self._maxsim(queries), fits)

    def _maxsim(self, queries: Sequence[Embedding]) -> NDArray[np.float32]:
        """Return (queries, pages), with every token of both as a search has them."""
        pages = [_multi(page) for page in self.pages]
        return np.stack([maxsim(_multi(query), pages) for query in queries])

    def _localised(self) -> tuple[float, float, float]:
        """Ask each page for each of its words, and for a word that it does not show."""
        words = sorted({topic.en for each in self.held_out for topic in each.topics})
        asked = dict(zip(words, self._queries(words), strict=True))
        on_word, known, absent = [], [], []
        for number, each in enumerate(self.held_out):
            other = self.held_out[(number + 1) % len(self.held_out)]
            for topic in each.topics:
                grid = _grid(topic.en, asked[topic.en], self.pages[number])
                on_word.append(_on_word(grid, each, topic.label))
                known.append(grid.max())
            absent += [
                _grid(topic.en, asked[topic.en], self.pages[number]).max()
                for topic in other.topics
                if topic.label not in each.page.labels
            ]
        return float(np.mean(on_word)), float(np.median(known)), float(np.median(absent))

    def _unknown(self) -> float:
        queries = self._queries(list(_UNKNOWN))
        asked = list(zip(_UNKNOWN, queries, strict=True))
        tops = [_grid(*each, page).max() for each in asked for page in self.pages[:40]]
        return float(np.median(tops))

    def _queries(self, texts: Sequence[str]) -> list[Embedding]:
        return _embedded(self.provider, list(map(Text, texts)), Task.RETRIEVAL_QUERY)


def _embedded(provider: Provider, inputs: Sequence[Image | Text], task: Task) -> list[Embedding]:
    embeddings = []
    for embedding in provider.embed(inputs, task, BOTH):
        if isinstance(embedding, ItemError):
            raise embedding
        embeddings.append(embedding)
    return embeddings


def _single(embedding: Embedding) -> Vector:
    assert embedding.single is not None  # noqa: S101
    return embedding.single


def _multi(embedding: Embedding) -> Vector:
    assert embedding.multi is not None  # noqa: S101
    return embedding.multi


def _hits(scores: NDArray[np.float32], fits: NDArray[np.bool_]) -> Hits:
    best = np.argsort(-scores, axis=1)[:, :10]
    found = np.take_along_axis(fits, best, axis=1)
    return Hits(float(found[:, 0].mean()), float(found.any(axis=1).mean()))


def _grid(text: str, query: Embedding, page: Embedding) -> Similarities:
    """Return the similarity of a word to each cell (height, width) of a page, as heat maps show."""
    assert isinstance(query.layout, TokenSpans)  # noqa: S101
    assert isinstance(page.layout, PatchGrid)  # noqa: S101
    words = content_words(text, query.layout)
    seen = Page(_multi(page), page.layout, "computed")
    grid: Similarities = cells(_multi(query), words, seen).max(axis=0)
    return grid


def _on_word(grid: NDArray[np.float32], page: HeldOut, label: int) -> bool:
    """Say whether the hottest cell overlaps a word."""
    row, column = np.unravel_index(int(grid.argmax()), grid.shape)
    top, left = int(row) * CELL, int(column) * CELL
    return any(
        label in spot.labels
        and spot.box[0] < left + CELL
        and spot.box[2] > left
        and spot.box[1] < top + CELL
        and spot.box[3] > top
        for spot in page.page.spots
    )


def table(measured: Measured) -> str:
    """Return the figures as a Markdown table."""
    heads = [*(f"single {size}" for size in measured.dims), "late"]
    lines = [f"| query | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for kind in measured.late:
        hits = [*(measured.single[kind][size] for size in measured.dims), measured.late[kind]]
        cells = " | ".join(f"{each.first:.2f}/{each.ten:.2f}" for each in hits)
        lines.append(f"| {kind} | {cells} |")
    return "\n".join(
        [
            *lines,
            "",
            f"hottest cell on the asked word: {measured.hottest:.3f}",
            f"best cell's similarity, median: word on the page {measured.known:.2f}, other word of "
            f"the model {measured.absent:.2f}, unknown word {measured.unknown:.2f}",
        ]
    )


@click.command()
@click.argument(
    "folder",
    default=demo_checkpoint(),
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--pages", default=300, show_default=True, help="How many pages to draw.")
def main(folder: Path, *, pages: int) -> None:
    """Print how often a checkpoint finds pages: hit@1/hit@10.

    FOLDER is the shipped weights' where none is given.
    """
    from es_jina.providers.local import LocalProvider

    with LocalProvider(str(folder)) as provider:
        click.echo(table(Evaluation(provider, pages).measured()))


if __name__ == "__main__":
    main()
