"""What single vectors take, by size, index type and element type."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from shared.report import paragraph, progress, row, table

from es_jina.dense import MATRYOSHKA_DIMS, DenseProfile, ElementType, IndexType
from es_jina.elastic.vectors import dense_value
from es_jina.embedding import Vector, cut
from es_jina.profile import IndexProfile
from searching.corpus import Singles
from searching.indices import MODEL, Indices, Loaded

# An index type with a graph keeps the numbers as the flat one of its name does.
KEPT: dict[ElementType, tuple[IndexType, ...]] = {
    "float": ("flat", "int8_flat", "int4_flat", "bbq_flat"),
    "bfloat16": ("flat", "int8_flat", "int4_flat", "bbq_flat"),
    "byte": ("flat",),
    "bit": ("flat",),
}
GRAPHS: tuple[IndexType, ...] = ("hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw")
# The links of a graph depend on how many vectors there are, not on their size.
GRAPH_DIMS, GRAPH_COUNTS = 128, (2_000, 10_000, 50_000)


def measure(indices: Indices, documents: int) -> None:
    """Print the tables."""
    vectors = Singles("clustered", MATRYOSHKA_DIMS[-1]).draw(documents)
    print("## Single vectors\n")
    print(
        paragraph(
            f"{documents:,} vectors. In the cells: bytes of a vector on disk / of these, those "
            "that a search wants in memory. The types with a graph keep the same numbers, and the "
            "graph beside them. bbq_disk is left out: it needs an Enterprise licence."
        )
    )
    print(table("numbers", "index type", *(f"{dims} dims" for dims in MATRYOSHKA_DIMS)))
    for element_type, index_types in KEPT.items():
        for index_type in index_types:
            progress(f"dense: {element_type}, {index_type}")
            fields = [DenseProfile.of(size, index_type, element_type) for size in MATRYOSHKA_DIMS]
            cells = _cells(indices, vectors, fields)
            print(row(element_type, index_type, *cells))
    _print_graphs(indices)


def _print_graphs(indices: Indices) -> None:
    print("\n## The graph\n")
    print(
        paragraph(
            f"Bytes of the graph for a vector, on disk and in memory, by how many vectors are in "
            f"one segment; {GRAPH_DIMS} dims. In a small segment bbq_hnsw has none."
        )
    )
    print(table("index type", *(f"{count:,} vectors" for count in GRAPH_COUNTS)))
    vectors = Singles("clustered", MATRYOSHKA_DIMS[-1]).draw(GRAPH_COUNTS[-1])
    for index_type in GRAPHS:
        cells = []
        for count in GRAPH_COUNTS:
            progress(f"graph: {index_type}, {count:,} vectors")
            field = DenseProfile.of(GRAPH_DIMS, index_type)
            with _loaded(indices, vectors[:count], [field]) as index:
                cells.append(f"{index.bytes_in_memory()[field.field][1] / count:.0f}")
        print(row(index_type, *cells))
    print()


def _cells(indices: Indices, vectors: Vector, fields: Sequence[DenseProfile]) -> Iterator[str]:
    with _loaded(indices, vectors, fields) as index:
        disk, memory = index.bytes_of_fields(), index.bytes_in_memory()
    for field in fields:
        numbers, _ = memory[field.field]
        yield f"{disk[field.field] / len(vectors):,.0f} / {numbers / len(vectors):,.0f}"


def _loaded(
    indices: Indices, vectors: Vector, fields: Sequence[DenseProfile]
) -> AbstractContextManager[Loaded]:
    profile = IndexProfile(MODEL.name, MODEL.revision, tuple(fields), None, MODEL.max_pixels)
    return indices.loaded(profile, _documents(vectors, fields))


def _documents(vectors: Vector, fields: Sequence[DenseProfile]) -> Iterator[dict[str, Any]]:
    for number, vector in enumerate(vectors):
        yield {
            "source": {"uri": f"file:///page-{number}"},
            "kind": "page",
            **{
                field.field: dense_value(cut(vector, field.dims), field, base64_allowed=True)
                for field in fields
            },
        }
