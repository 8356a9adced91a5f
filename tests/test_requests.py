import inspect
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from es_jina.dense import (
    ELEMENT_TYPES,
    INDEX_TYPES,
    MATRYOSHKA_DIMS,
    DenseProfile,
    ElementType,
)
from es_jina.elastic.assets import assets
from es_jina.profile import STORES, IndexProfile, MultiVectorProfile
from es_jina.search import query
from es_jina.search.filters import Filter, parse_filter
from tests.schema import check

ROOT = Path(__file__).parents[1]
SHIPPED = sorted(
    path.relative_to(ROOT)
    for room in ("mappings", "pipelines")
    for path in ROOT.glob(f"{room}/**/*")
    # ES|QL is no JSON; tests/kibana looks at it.
    if path.is_file() and path.suffix != ".esql"
)

# The request that a shipped file is the body of, by what it must have; the first that fits.
REQUESTS = {
    "index_patterns": "indices.put_index_template",
    "template": "cluster.put_component_template",
    "processors": "ingest.put_pipeline",
    "script": "put_script",
    "service": "inference.put_{service}",
}


def profile(
    dims: tuple[int, ...] = (128, 1024),
    index_type: Any = None,
    store: Any = "binary",
    element_type: Any = "bit",
    dense_type: Any = "float",
) -> IndexProfile:
    multi = MultiVectorProfile(store, element_type, dims=8) if store else None
    dense = tuple(DenseProfile.of(size, index_type, dense_type) for size in dims)
    return IndexProfile("model", "revision", dense, multi, 1000)


PROFILES = [
    *(profile((dims,), store=None) for dims in MATRYOSHKA_DIMS),
    *(profile(MATRYOSHKA_DIMS, index_type) for index_type in INDEX_TYPES),
    *(profile(MATRYOSHKA_DIMS, dense_type=kind) for kind in ELEMENT_TYPES),
    *(profile(store=store, element_type=kind) for store in STORES for kind in ELEMENT_TYPES),
]

VECTOR = np.linspace(-1, 1, 2048, dtype=np.float32)
VECTORS = VECTOR[:16].reshape(2, 8)
FILTERS = [parse_filter("kind=page"), parse_filter('{"range": {"page": {"gte": 2}}}')]

DENSE = DenseProfile.of(1024)
FIELDS = [DenseProfile.of(1024, None, kind) for kind in get_args(ElementType)]
WORDS = VECTOR[:128].reshape(2, 64)


def near(filters: Sequence[Filter] = ()) -> dict[str, Any]:
    return query.nearest(VECTOR, DENSE, 3, filters, base64_allowed=True)


def ranked(element_type: ElementType, dims: int = 8) -> MultiVectorProfile:
    return MultiVectorProfile("rank_vectors", element_type, dims)


# By the function of es_jina.search.query that makes them.
SEARCHES: list[tuple[str, Callable[[], dict[str, Any]]]] = [
    ("words", lambda: query.words("brown fox", profile(), 3)),
    ("words", lambda: query.words("fox", profile(), 3, FILTERS, offset=10)),
    *(
        ("nearest", lambda kind=kind: query.nearest(VECTOR, kind, 3, base64_allowed=True))
        for kind in FIELDS
    ),
    ("nearest", lambda: query.nearest(VECTOR, DENSE, 3, FILTERS, base64_allowed=False)),
    ("coarse", lambda: query.coarse(VECTOR, DENSE, 3, FILTERS, base64_allowed=True)),
    ("fine", lambda: query.fine(VECTOR, DENSE, 3, ["a"], base64_allowed=True)),
    ("fused", lambda: query.fused("brown fox", near(), profile())),
    ("fused", lambda: query.fused("brown fox", near(FILTERS), profile(), FILTERS)),
    *(
        ("rescored", lambda kind=kind: query.rescored(near(), VECTORS, ranked(kind)))
        for kind in ELEMENT_TYPES
    ),
    (
        "rescored",
        lambda: query.rescored(
            query.fused("fox", near(), profile()), WORDS, ranked("bit", 64), bits=True
        ),
    ),
    ("contents", lambda: query.contents(["a", "b"])),
    ("packed_multi_vectors", lambda: query.packed_multi_vectors(["a", "b"])),
    *(
        ("stored_vectors", lambda store=store: query.stored_vectors("a", profile(store=store)))
        for store in (None, *STORES)
    ),
    *(
        (
            "rank_vectors_scores",
            lambda kind=kind: query.rank_vectors_scores(["a"], VECTORS, ranked(kind)),
        )
        for kind in ELEMENT_TYPES
    ),
]


def request_of(body: dict[str, Any]) -> str:
    """Return the request that a shipped file is the body of."""
    name = next((name for key, name in REQUESTS.items() if key in body), None)
    assert name, f"no request is known for a body of {sorted(body)}: add it to REQUESTS"
    return name.format_map(body)


@pytest.mark.parametrize("path", SHIPPED, ids=str)
def test_a_shipped_file_is_a_request_that_elasticsearch_takes(path: Path) -> None:
    body = json.loads((ROOT / path).read_text("utf-8"))
    assert check(request_of(body), body) == []


@pytest.mark.parametrize("fitted", PROFILES, ids=lambda each: each.summary)
def test_templates_that_are_fitted_to_a_profile_are_valid(fitted: IndexProfile) -> None:
    made = assets("docs", fitted)
    assert check("indices.put_index_template", made.index_template) == []
    for body in made.component_templates.values():
        assert check("cluster.put_component_template", body) == []


@pytest.mark.parametrize(("name", "build"), SEARCHES)
def test_a_search_is_valid(name: str, build: Callable[[], dict[str, Any]]) -> None:
    body = build()
    assert check("search", body) == []
    assert check("msearch", [{"index": "docs"}, body]) == []


def test_every_search_is_looked_at() -> None:
    makers = {
        name
        for name, function in inspect.getmembers(query, inspect.isfunction)
        if function.__module__ == query.__name__
        and not name.startswith("_")
        and function.__annotations__["return"] == dict[str, Any]
    }
    assert {name for name, _ in SEARCHES} == makers


def test_a_file_of_an_unknown_kind_fails() -> None:
    with pytest.raises(
        AssertionError, match=r"no request is known for a body of \['proccessors'\]"
    ):
        request_of({"proccessors": []})
    with pytest.raises(KeyError, match=r"inference\.put_jina"):
        check(request_of({"service": "jina"}), {})
