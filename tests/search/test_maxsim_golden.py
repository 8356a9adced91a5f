"""MaxSim of the multi-vectors that the reference of jina-embeddings-v4 computed."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from es_jina.dense import ELEMENT_TYPES, ElementType
from es_jina.elastic.vectors import decode, encode
from es_jina.search.maxsim import maxsim, maxsim_of_bits
from es_jina.search.maxsim_torch import maxsim_on
from tests.conftest import GOLDEN

from .naive_maxsim import Floats

ADAPTERS = ["retrieval", "code", "text-matching"]
# How far a rounding moves a product of vectors of length 1, by Cauchy-Schwarz: bfloat16 keeps
# eight bits of each number, and a byte is at most half a step off in each of 128.
ROUNDING: dict[ElementType, float] = {
    "float": 1e-6,
    "bfloat16": 2**-9,
    "byte": 0.5 / 127 * 128**0.5,
}


@pytest.fixture(scope="module")
def golden() -> dict[str, Floats]:
    return load_file(GOLDEN / "golden.safetensors")


def multi_vectors(golden: dict[str, Floats], adapter: str, kind: str) -> list[Floats]:
    """Return those of the texts or of the images, without their padding."""
    padded = golden[f"expected.{adapter}.{kind}.multi"]
    lengths = golden[f"input.{kind}.attention_mask"].sum(1)
    return [rows[: int(length)] for rows, length in zip(padded, lengths, strict=True)]


def by_einsum(query: Floats, documents: list[Floats]) -> list[float]:
    exact = query.astype(float)
    return [float(np.einsum("qd,td->qt", exact, each).max(1).mean()) for each in documents]


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def queries(golden: dict[str, Floats], adapter: str) -> list[Floats]:
    return multi_vectors(golden, adapter, "text")


@pytest.fixture
def documents(golden: dict[str, Floats], adapter: str, queries: list[Floats]) -> list[Floats]:
    return [*queries, *multi_vectors(golden, adapter, "image")]


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
def test_scores_of_what_is_stored(
    element_type: ElementType, queries: list[Floats], documents: list[Floats]
) -> None:
    stored = [encode(each, element_type) for each in documents]
    for query in queries:
        expected = by_einsum(query, [decode(each, element_type) for each in stored])
        assert maxsim(query, stored, element_type).tolist() == pytest.approx(expected, abs=1e-6)
        by_torch = maxsim_on("cpu", query, stored, element_type)
        assert by_torch.tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("element_type", list(ROUNDING))
def test_scores_are_the_reference_s_but_for_rounding(
    element_type: ElementType, queries: list[Floats], documents: list[Floats]
) -> None:
    stored = [encode(each, element_type) for each in documents]
    for query in queries:
        scores = maxsim(query, stored, element_type)
        expected = by_einsum(query, documents)
        assert scores.tolist() == pytest.approx(expected, abs=ROUNDING[element_type])


def test_bits_against_bits(queries: list[Floats], documents: list[Floats]) -> None:
    stored = [encode(each, "bit") for each in documents]
    signs = [decode(each, "bit") for each in stored]
    for query in queries:
        bits = encode(query, "bit")
        expected = by_einsum(decode(bits, "bit"), signs)
        assert maxsim_of_bits(bits, stored).tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
def test_each_text_is_nearest_to_itself(
    element_type: ElementType, queries: list[Floats], documents: list[Floats]
) -> None:
    stored = [encode(each, element_type) for each in documents]
    nearest = [int(maxsim(query, stored, element_type).argmax()) for query in queries]
    assert nearest == [0, 1, 2]
