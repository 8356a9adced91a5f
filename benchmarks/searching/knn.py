"""Nearest neighbours: what is found, and how fast, by size, index type and oversampling."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shared.report import machine, paragraph, progress, row, table
from shared.turns import Work, in_turns

from es_jina.dense import MATRYOSHKA_DIMS, DenseProfile, IndexType
from es_jina.elastic.vectors import dense_value
from es_jina.embedding import Embedding, Vector, cut
from es_jina.profile import IndexProfile
from es_jina.search.query import nearest
from searching.corpus import Kind, Singles
from searching.indices import MODEL, Indices, Loaded
from searching.queries import Queries

TYPES: tuple[IndexType, ...] = (
    "hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw", "flat", "int8_flat", "int4_flat", "bbq_flat",
)  # fmt: skip
FULL = MATRYOSHKA_DIMS[-1]
COARSE = MATRYOSHKA_DIMS[0]
K = 10
# How many candidates are compared once more, unquantised, as a multiple of k; 0 is none.
OVERSAMPLES = (0, 1, 2, 3, 5)
WARM = 10
# From a query's number to the ids that it finds.
Ask = Callable[[int], list[str]]


class Truth:
    """Documents and queries, and which documents are the nearest indeed."""

    def __init__(self, kind: Kind, documents: int, queries: int) -> None:
        singles = Singles(kind, FULL)
        self.documents = singles.draw(documents)
        self.queries = singles.draw(queries)
        self.nearest = {dims: self._exact(dims) for dims in MATRYOSHKA_DIMS}

    def _exact(self, dims: int) -> NDArray[np.intp]:
        scores = cut(self.queries, dims) @ cut(self.documents, dims).T
        found: NDArray[np.intp] = np.argpartition(-scores, K, axis=1)[:, :K]
        return found

    def recall(self, found: Sequence[Sequence[str]], dims: int) -> float:
        """Return the share of the nearest by so many dims that were found."""
        pairs = zip(found, self.nearest[dims].tolist(), strict=True)
        return float(np.mean([len(set(map(int, ids)) & set(best)) / K for ids, best in pairs]))

    def recall_of_cut(self, dims: int) -> float:
        """Return the share of the nearest that exact search finds by so many dims."""
        exact = [[str(number) for number in each] for each in self.nearest[dims].tolist()]
        return self.recall(exact, FULL)


def measure(indices: Indices, documents: int, queries: int, kinds: Sequence[Kind]) -> None:
    """Print the tables."""
    print(f"# Nearest neighbours\n\n{machine('numpy', 'elasticsearch')}.\n")
    print(
        paragraph(
            f"{documents:,} documents in one segment of an embedded node {indices.version}, "
            f"{queries} queries that are no documents, the {K} nearest of num_candidates 100. In "
            f"the cells: recall@{K} against exact search by as many dims; recall@{K} against exact "
            f"search by all {FULL}; p50 in milliseconds, the client included. The columns are the "
            "oversampling of rescore_vector; who asks for nothing gets 3 from bbq, none from int8 "
            "and int4. hnsw and flat are not quantised, so there is nothing to rescore. bbq_disk "
            "is left out: it needs an Enterprise licence."
        )
    )
    for kind in kinds:
        progress(f"knn: drawing {kind} vectors")
        _print_kind(indices, kind, Truth(kind, documents, queries))


def _print_kind(indices: Indices, kind: Kind, truth: Truth) -> None:
    print(f"## {kind.capitalize()} vectors\n")
    print(table("index type", "dims", "none", *map(str, OVERSAMPLES[1:])))
    for dims in MATRYOSHKA_DIMS:
        print(row("exact search", dims, f"1.00 / {truth.recall_of_cut(dims):.2f}", *[""] * 4))
    coarse = []
    for index_type in TYPES:
        progress(f"knn: loading {index_type}")
        with indices.loaded(_profile(index_type), _documents(truth.documents)) as index:
            for dense in index.profile.dense:
                progress(f"knn: {dense.summary}")
                print(row(index_type, dense.dims, *_cells(index, dense, truth)), flush=True)
            coarse.append(row(index_type, *_coarse(index, truth)))
    print(
        "\n"
        + paragraph(
            f"Searcher's own request, as it is and with `coarse={COARSE}`, which looks for four "
            "times as many by the small field and orders them by the large one; recall against "
            f"exact search by all {FULL} / p50 in milliseconds:"
        )
    )
    print(table("index type", f"{FULL} alone", f"{COARSE}, then {FULL}"))
    print("\n".join(coarse), end="\n\n")


def _cells(index: Loaded, dense: DenseProfile, truth: Truth) -> list[str]:
    quantised = dense.index_type not in ("hnsw", "flat")
    oversamples = OVERSAMPLES if quantised else (0,)

    def search(number: int, oversample: int) -> list[str]:
        body = nearest(truth.queries[number], dense, K, base64_allowed=True)
        if quantised:
            body["knn"]["rescore_vector"] = {"oversample": oversample}
        return index.search(body)

    asks = {str(each): partial(search, oversample=each) for each in oversamples}
    cells = [
        f"{truth.recall(found, dense.dims):.2f} / {truth.recall(found, FULL):.2f} / {ms:.1f}"
        for found, ms in _asked(asks, len(truth.queries))
    ]
    return cells + [""] * (len(OVERSAMPLES) - len(cells))


def _coarse(index: Loaded, truth: Truth) -> list[str]:
    vectors = enumerate(truth.queries)
    queries = Queries({str(number): Embedding(each, None, 1) for number, each in vectors})
    searcher = index.searcher(queries.answer)

    def search(number: int, coarse: int | None) -> list[str]:
        hits = searcher.search(queries[number], "dense", K, coarse=coarse).hits
        return [hit.id for hit in hits]

    asks = {str(each): partial(search, coarse=each) for each in (None, COARSE)}
    return [
        f"{truth.recall(found, FULL):.2f} / {ms:.1f}"
        for found, ms in _asked(asks, len(truth.queries))
    ]


def _asked(asks: Mapping[str, Ask], queries: int) -> Iterator[tuple[list[list[str]], float]]:
    """Ask every query in each of several ways.

    Yields:
        For each way: what each query found, and the median of milliseconds.
    """
    found: dict[str, dict[int, list[str]]] = {name: {} for name in asks}

    def noted(name: str) -> Work:
        def work(number: int) -> None:
            found[name][number] = asks[name](number)

        return work

    works = {name: noted(name) for name in asks}
    in_turns(works, min(WARM, queries))
    times = in_turns(works, queries)
    for name in asks:
        yield [found[name][number] for number in range(queries)], median(times[name])


def _profile(index_type: IndexType) -> IndexProfile:
    dense = tuple(DenseProfile.of(dims, index_type) for dims in MATRYOSHKA_DIMS)
    return IndexProfile(MODEL.name, MODEL.revision, dense, None, MODEL.max_pixels)


def _documents(vectors: Vector) -> Iterator[dict[str, Any]]:
    fields = [DenseProfile.of(dims) for dims in MATRYOSHKA_DIMS]
    for vector in vectors:
        yield {each.field: dense_value(vector, each, base64_allowed=True) for each in fields}
