"""Hybrid search without multi-vectors: what is added to the searches that are fused."""

import random
from collections.abc import Iterator
from itertools import accumulate
from statistics import median
from typing import Any

from shared.report import machine, p95, paragraph, progress, row, table, verdict
from shared.turns import Work, in_turns

from es_jina.dense import DenseProfile
from es_jina.elastic.vectors import dense_value
from es_jina.embedding import Embedding, Vector
from es_jina.profile import IndexProfile
from es_jina.search.fusion import reciprocal_rank_fusion
from searching.corpus import Singles
from searching.indices import MODEL, Indices, Loaded
from searching.queries import Queries

WINDOWS = (10, 50, 100, 200)
MOST_MS = 3.0
DENSE = DenseProfile.of(1024)
QUERIES, WARM = 50, 20
WORDS_OF_A_TEXT, WORDS_OF_A_QUERY = 60, 4
# Words of a vocabulary, by Zipf's law as in any language.
_VOCABULARY = [f"word{number}" for number in range(20_000)]
_SHARES = [*accumulate(1 / rank for rank in range(1, len(_VOCABULARY) + 1))]


def measure(indices: Indices, documents: int, rounds: int) -> None:
    """Print the table."""
    print(f"# Hybrid search, fused on our side\n\n{machine('numpy', 'elasticsearch')}.\n")
    print(
        paragraph(
            f"{documents:,} texts of {WORDS_OF_A_TEXT} words with clustered vectors of "
            f"{DENSE.summary} in one segment of an embedded node {indices.version}; {rounds} "
            "rounds, alternating, p50 / p95 in milliseconds. Ours is Searcher's `hybrid`; beside "
            "it the same _msearch with nothing read from its answer, and, as many do it, two "
            "searches one after the other whose ids are fused."
        )
    )
    columns = ("ours", "_msearch alone", "two searches", "added to _msearch, p50", "target")
    print(table("window", *columns))
    profile = IndexProfile(MODEL.name, MODEL.revision, (DENSE,), None, MODEL.max_pixels)
    singles = Singles("clustered", DENSE.dims)
    progress(f"fusion: loading {documents:,} texts")
    with indices.loaded(profile, _documents(singles.draw(documents))) as index:
        queries = _queries(singles.draw(QUERIES))
        for window in WINDOWS:
            progress(f"fusion: window {window}")
            print(row(window, *_compare(index, queries, window, rounds)))


def _compare(index: Loaded, queries: Queries, window: int, rounds: int) -> list[str]:
    searcher = index.searcher(queries.answer)

    def ours(number: int) -> list[dict[str, Any]]:
        """Search, and return the bodies that were sent."""
        found = searcher.search(queries[number], window=window)
        return [sent.body for sent in found.requests]

    bodies = [ours(number) for number in range(QUERIES)]
    works: dict[str, Work] = {
        "ours": ours,
        "alone": lambda number: index.search_together(bodies[number % QUERIES]),
        "two": lambda number: reciprocal_rank_fusion(map(index.search, bodies[number % QUERIES])),
    }
    in_turns(works, WARM)
    times = in_turns(works, rounds)
    # Within a round, what else the machine does slows both.
    added = median(a - b for a, b in zip(times["ours"], times["alone"], strict=True))
    return [
        *(f"{median(each):.1f} / {p95(each):.1f}" for each in times.values()),
        f"{added:+.1f} ms",
        f"at most {MOST_MS:.0f} ms: {verdict(added, MOST_MS)}",
    ]


def _documents(vectors: Vector) -> Iterator[dict[str, Any]]:
    rng = random.Random(0)
    for number, vector in enumerate(vectors):
        yield {
            "source": {"uri": f"file:///text-{number}"},
            "title": f"text-{number}",
            "kind": "text",
            "text": _words(rng, WORDS_OF_A_TEXT),
            DENSE.field: dense_value(vector, DENSE, base64_allowed=True),
        }


def _queries(vectors: Vector) -> Queries:
    rng = random.Random(1)
    return Queries(
        {_words(rng, WORDS_OF_A_QUERY): Embedding(each, None, WORDS_OF_A_QUERY) for each in vectors}
    )


def _words(rng: random.Random, count: int) -> str:
    return " ".join(rng.choices(_VOCABULARY, cum_weights=_SHARES, k=count))
