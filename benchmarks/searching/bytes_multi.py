"""What multi-vectors take, by element type and pooling."""

from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
from shared.report import paragraph, progress, row, table

from es_jina.dense import DenseProfile, ElementType
from es_jina.elastic.vectors import dense_value, pack
from es_jina.embedding import Vector
from es_jina.pooling import pool
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile, MultiVectorProfile
from searching.corpus import TOKEN_DIMS, TOKENS, Pages, Singles
from searching.indices import MODEL, Indices

ELEMENT_TYPES: tuple[ElementType, ...] = get_args(ElementType)
POOL_FACTORS = (1, 2, 3)
# The default of an index for jina-embeddings-v4.
DENSE = DenseProfile.of(1024)


def measure(indices: Indices, count: int) -> None:
    """Print the table."""
    print("## Multi-vectors\n")
    print(
        paragraph(
            f"{count} pages of {TOKENS} x {TOKEN_DIMS} as binary; in the last column the whole of "
            f"a page, with a single vector of {DENSE.summary} and no text. rank_vectors are left "
            "out: they need an Enterprise licence."
        )
    )
    print(table("numbers", "pooled by", "vectors a page", "bytes a page", "the whole of a page"))
    pages = Pages("clustered", count).pages
    singles = Singles("clustered", DENSE.dims).draw(count)
    for factor in POOL_FACTORS:
        progress(f"multi: pooling {count} pages by {factor}")
        pooled = [pool(page, factor) for page in pages]
        vectors = f"{np.mean([len(page) for page in pooled]):.0f}"
        for element_type in ELEMENT_TYPES:
            progress(f"multi: {element_type}, pooled by {factor}")
            multi = MultiVectorProfile("binary", element_type, TOKEN_DIMS, factor)
            profile = IndexProfile(MODEL.name, MODEL.revision, (DENSE,), multi, MODEL.max_pixels)
            with indices.loaded(profile, _documents(pooled, singles, element_type)) as index:
                taken = (index.bytes_of_fields()[MULTI_VECTOR_FIELD], index.size())
                print(
                    row(element_type, factor, vectors, *(f"{each / count:,.0f}" for each in taken))
                )


def _documents(
    pages: list[Vector], singles: Vector, element_type: ElementType
) -> Iterator[dict[str, Any]]:
    for number, (page, single) in enumerate(zip(pages, singles, strict=True)):
        yield {
            "source": {"uri": f"file:///page-{number}"},
            "kind": "page",
            DENSE.field: dense_value(single, DENSE, base64_allowed=True),
            MULTI_VECTOR_FIELD: pack(page, element_type),
        }
