from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.errors import RequestError
from es_jina.ingest.sources import Source
from es_jina.ingest.units import Cutting, unit_id

SOURCE = Source("file:///a", "a", "text/plain", "0" * 64, "a", 1)
KINDS = {
    "text": replace(SOURCE, text="x"),
    "image": replace(SOURCE, image=b"x"),
    "both": replace(SOURCE, text="x", image=b"x"),
    "pdf": replace(SOURCE, pdf=Path("x")),
}


@given(st.text(), st.text(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_ids_tell_sources_and_numbers_apart(one: str, other: str, n: int, m: int) -> None:
    assert (unit_id(one, n) == unit_id(other, m)) == ((one, n) == (other, m))
    assert len(unit_id(one, n)) == 22


@pytest.mark.parametrize("pdf", ["pages", "text", "both"])
@pytest.mark.parametrize("late", [False, True])
def test_recipes(pdf: str, late: bool) -> None:
    cutting = Cutting(200, late, pdf)  # type: ignore[arg-type]
    recipes = {kind: cutting.recipe(source) for kind, source in KINDS.items()}
    assert set(recipes.values()) == cutting.recipes
    assert recipes["image"] == "image"
    other = replace(cutting, chunk_tokens=300)
    changed = {kind for kind, source in KINDS.items() if other.recipe(source) != recipes[kind]}
    assert changed == {"text", "both"} | ({"pdf"} if pdf != "pages" else set())


@pytest.mark.parametrize("tokens", [0, 15, 32_001])
def test_chunks_that_no_model_reads(tokens: int) -> None:
    with pytest.raises(RequestError, match="choose 16 to 32,000"):
        Cutting(chunk_tokens=tokens)


def test_an_id_stays_what_it_was() -> None:
    # Documents that are in an index are found by it.
    assert unit_id("file:///tmp/a.txt", 0) == "FPmYFFyDEcL9qdcHgY28bJ"
