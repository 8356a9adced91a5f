"""Late interaction from request to ranked list: the search, the way of the vectors, the scores."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from shared.report import machine, p95, paragraph, progress, row, table, verdict
from shared.turns import Work, in_turns

from es_jina.dense import DenseProfile, ElementType
from es_jina.elastic.vectors import dense_value, pack
from es_jina.embedding import Embedding, Vector, unit
from es_jina.pooling import pool
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile, MultiVectorProfile
from es_jina.search.hits import Results
from es_jina.search.query import packed_multi_vectors
from searching.corpus import KINDS, QUERY_TOKENS, TOKEN_DIMS, TOKENS, Kind, Pages
from searching.indices import MODEL, Indices, Loaded
from searching.queries import Queries

WINDOWS = (10, 50, 100, 200)
# The window of the targets, and these.
WINDOW, MOST_OF_FETCH, RANK_VECTORS_MS = 100, 2.0, 20.0
ELEMENT_TYPES: tuple[ElementType, ...] = ("bit", "byte", "bfloat16", "float")
POOL_FACTORS = (1, 2, 3)
DENSE = DenseProfile.of(128)
QUERIES, WARM = 20, 5
# The first that is measured meets a node that has compiled little yet.
COLD = 150


def measure(indices: Indices, pages: int, rounds: int) -> None:
    """Print the tables."""
    print(f"# Late interaction\n\n{machine('numpy', 'elasticsearch')}.\n")
    print(
        paragraph(
            f"{pages} pages of {TOKENS} x {TOKEN_DIMS} in one segment of an embedded node "
            f"{indices.version}; queries of {QUERY_TOKENS} vectors that are made before; "
            f"{rounds} rounds, alternating."
        )
    )
    made = {kind: Pages(kind, pages) for kind in KINDS}
    _print_against_fetch(indices, made, rounds)
    _print_cells(indices, made["clustered"], rounds)


def _print_against_fetch(indices: Indices, made: Mapping[Kind, Pages], rounds: int) -> None:
    print(f"## A window of {WINDOW} pages in bits, from request to ranked list\n")
    print(
        paragraph(
            "Milliseconds; beside it the bare fetch of the same pages' multi-vectors by their ids, "
            "with the same client. rank_vectors, which the embedded node lacks, took 20 ms for the "
            "same with a query of floats, measured before on a machine like this."
        )
    )
    columns = ("p50", "p95", "search and fetch", "scores", "bare fetch", "ratio", "target")
    print(table("vectors", *columns))
    for kind, pages in made.items():
        progress(f"late: {kind} pages against the bare fetch")
        with indices.loaded(_profile("bit", 1), _documents(pages.pages, "bit")) as index:
            print(row(kind, *_against_fetch(index, _queries(pages), rounds)))
    print()


def _against_fetch(index: Loaded, queries: Queries, rounds: int) -> list[str]:
    searcher = index.searcher(queries.answer)
    found: list[Results] = []

    def ours(number: int) -> None:
        found.append(searcher.search(queries[number], "late", WINDOW, window=WINDOW))

    for number in range(QUERIES):
        ours(number)
    fetches = [packed_multi_vectors([hit.id for hit in results.hits]) for results in found]
    works: dict[str, Work] = {
        "ours": ours,
        "fetch": lambda number: index.search(fetches[number % QUERIES]),
    }
    in_turns(works, COLD)
    found.clear()
    times = in_turns(works, rounds)
    taken, fetch = median(times["ours"]), median(times["fetch"])
    ratio = taken / fetch
    ahead = verdict(taken, RANK_VECTORS_MS)
    return [
        *_told(taken, p95(times["ours"]), _stage(found, "nearest"), _stage(found, "late"), fetch),
        f"{ratio:.2f}x",
        f"at most {MOST_OF_FETCH}x: {verdict(ratio, MOST_OF_FETCH)}; "
        f"at most {RANK_VECTORS_MS:.0f} ms: {ahead}",
    ]


def _stage(found: Sequence[Results], name: str) -> float:
    return median(stage.ms for results in found for stage in results.stages if stage.name == name)


def _print_cells(indices: Indices, pages: Pages, rounds: int) -> None:
    print("## By window, element type and pooling\n")
    print(
        paragraph(
            "Clustered vectors; p50 / p95 in milliseconds. In the rows of bit x bit the query is "
            "of bits too. The bytes on disk are those that stay: after a load there are 4/3 of the "
            "vectors more, the source of each document as it was sent, which Elasticsearch keeps "
            "for replicas that have to catch up and drops at a later merge."
        )
    )
    print(
        table(
            "pages in", "pooled by", "bytes a page on disk", *(f"window {each}" for each in WINDOWS)
        )
    )
    queries = _queries(pages)
    for factor in POOL_FACTORS:
        progress(f"late: pooling {len(pages.pages)} pages by {factor}")
        pooled = [pool(page, factor) for page in pages.pages]
        for kind in ELEMENT_TYPES:
            progress(f"late: {kind}, pooled by {factor}")
            with indices.loaded(_profile(kind, factor), _documents(pooled, kind)) as index:
                size = f"{index.size() / len(pooled):,.0f}"
                print(row(kind, factor, size, *_cells(index, queries, rounds)))
                if kind == "bit":
                    cells = _cells(index, queries, rounds, bits=True)
                    print(row("bit x bit", factor, size, *cells))


def _cells(index: Loaded, queries: Queries, rounds: int, *, bits: bool = False) -> list[str]:
    searcher = index.searcher(queries.answer)

    def within(window: int) -> Work:
        return lambda number: searcher.search(queries[number], "late", window=window, bits=bits)

    works = {str(window): within(window) for window in WINDOWS}
    in_turns(works, WARM)
    return [" / ".join(_told(median(each), p95(each))) for each in in_turns(works, rounds).values()]


def _told(*times: float) -> list[str]:
    return [f"{each:.1f}" for each in times]


def _profile(element_type: ElementType, factor: int) -> IndexProfile:
    multi = MultiVectorProfile("binary", element_type, TOKEN_DIMS, factor)
    return IndexProfile(MODEL.name, MODEL.revision, (DENSE,), multi, MODEL.max_pixels)


def _documents(pages: Sequence[Vector], element_type: ElementType) -> Iterator[dict[str, Any]]:
    for page in pages:
        yield {
            DENSE.field: dense_value(_single(page), DENSE, base64_allowed=True),
            MULTI_VECTOR_FIELD: pack(page, element_type),
        }


def _queries(pages: Pages) -> Queries:
    return Queries(
        {
            f"query {number}": Embedding(_single(multi), multi, QUERY_TOKENS)
            for number, multi in enumerate(pages.queries(QUERIES))
        }
    )


def _single(multi: Vector) -> Vector:
    """Return the single vector of a page or a query: the mean, as the model has it too."""
    return unit(multi.mean(axis=0))
