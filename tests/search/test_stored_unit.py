"""Units read back from real indices, with vectors made by hand in every encoding."""

import uuid
from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from es_jina.dense import ELEMENT_TYPES, ElementType
from es_jina.elastic.vectors import decode, encode, pack, rank_vectors_value
from es_jina.embedding import PatchGrid, Vector, unit
from es_jina.profile import MultiVectorProfile
from es_jina.search.asking import Asking
from es_jina.search.explain import Page, cells, fitting_grid
from es_jina.search.stored_unit import StoredUnit, depicted_unit, stored_unit
from es_jina.search.trace import Trace
from es_jina.search.words import Word

GRID = {"first": 2, "height": 2, "width": 3}
ROWS: Vector = unit(np.random.default_rng(0).standard_normal((2 + 6 + 1, 128)).astype(np.float32))
TOLD = {
    "kind": "page",
    "page": 3,
    "source": {"uri": "file:///a.pdf", "sha256": "0" * 64, "mime": "application/pdf", "size": 1},
    "title": "of no use here",
    "text": "words",
    "grid": GRID,
}
ONE = {"number_of_shards": 1, "number_of_replicas": 0}


def made(client: Elasticsearch, field: dict[str, Any], documents: dict[str, Any]) -> str:
    """Make an index that leaves packed vectors out of its source, as ours do."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    excludes = ["multi_vector"] if field["type"] == "binary" else []
    mappings = {
        "dynamic": False,
        "_source": {"excludes": excludes},
        "properties": {"multi_vector": field},
    }
    client.indices.create(index=name, settings=ONE, mappings=mappings)
    for ident, document in documents.items():
        client.index(index=name, id=ident, document=document)
    client.indices.refresh(index=name)
    return name


@pytest.fixture(scope="module")
def binary(client: Elasticsearch) -> Iterator[str]:
    """The page in each encoding, and documents of others."""
    types: tuple[ElementType, ...] = get_args(ElementType)
    documents: dict[str, Any] = {each: {**TOLD, "multi_vector": pack(ROWS, each)} for each in types}
    documents |= {"bare": {}, "odd": {"source": ["a", "b"], "multi_vector": "AAAA"}}
    name = made(client, {"type": "binary", "doc_values": True}, documents)
    yield name
    client.indices.delete(index=name)


def asking(client: Elasticsearch, index: str) -> Asking:
    return Asking(client, index, None, Trace())


def check_hot(found: StoredUnit | None, element_type: ElementType) -> None:
    """Check that a word whose vector is that of a cell is hot there alone."""
    assert found is not None
    assert found.vectors is not None
    np.testing.assert_array_equal(found.vectors, decode(encode(ROWS, element_type), element_type))
    grid = fitting_grid(found.fields["grid"], len(found.vectors))
    assert grid == PatchGrid(2, 2, 3)
    for cell in range(6):
        query = ROWS[[2 + cell]]
        (scores,) = cells(query, [Word("x", 0, 1, (0,))], Page(found.vectors, grid, "stored"))
        assert scores.argmax() == cell
        assert scores.ravel()[cell] > (0.75 if element_type == "bit" else 0.99)
        assert np.sort(scores.ravel())[-2] < 0.5


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
def test_packed_vectors(client: Elasticsearch, binary: str, element_type: ElementType) -> None:
    multi = MultiVectorProfile("binary", element_type)
    found = stored_unit(asking(client, binary), element_type, multi)
    check_hot(found, element_type)
    assert found is not None
    assert found.fields["text"] == "words"
    assert "title" not in found.fields
    assert "size" not in found.fields["source"]


@pytest.mark.parametrize(
    ("element_type", "as_base64"),
    [("float", True), ("bfloat16", False), ("byte", False), ("bit", True)],
)
def test_rank_vectors(ranked: Elasticsearch, element_type: ElementType, as_base64: bool) -> None:
    value = rank_vectors_value(ROWS, element_type, base64_allowed=as_base64)
    field = {"type": "rank_vectors", "dims": 128, "element_type": element_type}
    told = value.tolist() if isinstance(value, np.ndarray) else value
    name = made(ranked, field, {"a": {**TOLD, "multi_vector": told}, "bare": TOLD})
    multi = MultiVectorProfile("rank_vectors", element_type)
    check_hot(stored_unit(asking(ranked, name), "a", multi), element_type)
    bare = stored_unit(asking(ranked, name), "bare", multi)
    assert bare is not None
    assert bare.vectors is None
    ranked.indices.delete(index=name)


def test_vectors_that_stand_for_no_place_are_left_alone(client: Elasticsearch, binary: str) -> None:
    for multi in (None, MultiVectorProfile("binary", "bit", pool_factor=2)):
        found = stored_unit(asking(client, binary), "bit", multi)
        assert found is not None
        assert found.vectors is None
        assert found.fields["grid"] == GRID


def test_what_others_have_written(client: Elasticsearch, binary: str) -> None:
    multi = MultiVectorProfile("binary", "float")
    for ident in ("bare", "odd", "bit"):  # the last is none of floats
        found = stored_unit(asking(client, binary), ident, multi)
        assert found is not None
        assert found.vectors is None
    for ident in ("unknown", "", "x" * 600, "\0"):
        assert stored_unit(asking(client, binary), ident, multi) is None
        assert depicted_unit(asking(client, binary), ident) is None


def test_what_a_picture_is_made_of(client: Elasticsearch, binary: str) -> None:
    found = depicted_unit(asking(client, binary), "float")
    assert found is not None
    source = {"uri": "file:///a.pdf", "sha256": "0" * 64, "mime": "application/pdf"}
    assert found.fields == {"kind": "page", "page": 3, "source": source}
    assert found.vectors is None
