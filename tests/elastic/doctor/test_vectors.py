from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.dense import DenseProfile, ElementType, dense_profiles
from es_jina.elastic.doctor.vectors import dense_fault, multi_fault
from es_jina.elastic.vectors import dense_base64, dense_value, pack
from es_jina.embedding import Vector
from es_jina.profile import MultiVectorProfile
from tests.elastic.doctor.conftest import PROFILE, Patient

UNIT = np.eye(256, dtype=np.float32)
ROWS = np.eye(3, 128, dtype=np.float32)


def vectors(row: int = 0) -> dict[str, Any]:
    single = {f"embedding_{dims}": UNIT[row, :dims].tolist() for dims in (128, 256)}
    return {**single, "multi_vector": pack(ROWS, "bit")}


def test_vectors_as_they_should_be(patient: Callable[..., Patient]) -> None:
    dense = (
        DenseProfile.of(128, element_type="bit"),
        DenseProfile.of(256, element_type="bfloat16"),
        DenseProfile.of(512, element_type="byte"),
        DenseProfile.of(1024, "bbq_hnsw"),
    )
    made = patient(replace(PROFILE, dense=dense))
    rng = np.random.default_rng(0)
    for number in range(3):
        vector = rng.normal(size=2048).astype(np.float32)
        fields = {each.field: dense_value(vector, each, base64_allowed=True) for each in dense}
        made.index(**fields, text=str(number), multi_vector=pack(ROWS, "bit"))
    assert made.problems() == []
    # And where the node hides nothing, hexadecimal and base64 come back as they were sent.
    assert len(made.findings("ok")) == 2


def test_vectors_of_zeros(patient: Callable[..., Patient]) -> None:
    # The only float similarity for which Elasticsearch takes them.
    dense = (DenseProfile.of(128, similarity="l2_norm"), DenseProfile.of(256))
    made = patient(replace(PROFILE, dense=dense))
    made.index(**vectors(), text="a")
    faulty = made.index(**{**vectors(1), "embedding_128": [0.0] * 128}, text="b")
    told = f"1 of 2 documents of a sample have an embedding_128 of zeros alone: {faulty}"
    assert made.problems() == [told]


def test_only_so_many_documents_of_a_shard_are_looked_at(
    patient: Callable[..., Patient], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = patient()
    for _ in range(5):
        made.index(**{**vectors(), "multi_vector": "AAAA"})
    assert made.problems()[0].startswith("5 of 5 documents")
    monkeypatch.setattr("es_jina.elastic.doctor.vectors._SCORED", 3)
    assert made.problems()[0].startswith("3 of 3 documents")


def test_one_vector_for_everything(patient: Callable[..., Patient]) -> None:
    made = patient()
    made.index(**vectors(), text="a")
    made.index(**vectors(), text="a")
    # The same text twice has the same vector.
    assert made.problems() == []
    made.index(**vectors(), text="b")
    told = made.problems()
    assert len(told) == 2
    assert told[0].startswith("all 3 documents of a sample have one and the same embedding_128")
    made.index(**vectors(1), text="c")
    assert made.problems() == []


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("AAAA", "that is not whole rows of 128 dims"),
        (pack(ROWS, "bit")[:20], "that is not whole rows of 128 dims"),
        ("", "without a row"),
    ],
)
def test_multi_vectors_that_are_none(
    patient: Callable[..., Patient], value: str, fault: str
) -> None:
    made = patient()
    made.index(**vectors())
    faulty = made.index(**{**vectors(), "multi_vector": value})
    told = f"1 of 2 documents of a sample have a multi_vector {fault}: {faulty}"
    assert made.problems() == [told]


def spoilt(number: float) -> Vector:
    """Rows of which a single number is another."""
    rows = ROWS.copy()
    rows[1, 5] = number
    return rows


NOT_FINITE = "with numbers that are not finite"
ZEROS = "of zeros alone"


@pytest.mark.parametrize(
    ("element_type", "value", "fault"),
    [
        ("float", pack(spoilt(np.nan), "float"), NOT_FINITE),
        ("float", pack(spoilt(np.inf), "float"), NOT_FINITE),
        ("bfloat16", pack(spoilt(np.nan), "bfloat16"), NOT_FINITE),
        ("bfloat16", pack(spoilt(-np.inf), "bfloat16"), NOT_FINITE),
        ("float", pack(0 * ROWS, "float"), ZEROS),
        ("bfloat16", pack(0 * ROWS, "bfloat16"), ZEROS),
        ("byte", pack(0 * ROWS, "byte"), ZEROS),
    ],
)
def test_the_numbers_of_multi_vectors(
    patient: Callable[..., Patient], element_type: ElementType, value: str, fault: str
) -> None:
    made = patient(replace(PROFILE, multi_vector=MultiVectorProfile("binary", element_type)))
    made.index(**{**vectors(), "multi_vector": pack(spoilt(0.5), element_type)})
    faulty = made.index(**{**vectors(), "multi_vector": value})
    told = f"1 of 2 documents of a sample have a multi_vector {fault}: {faulty}"
    assert made.problems() == [told]


def test_bits_of_zero_are_a_vector(patient: Callable[..., Patient]) -> None:
    made = patient()
    made.index(**{**vectors(), "multi_vector": pack(-np.ones_like(ROWS), "bit")})
    assert made.problems() == []


def test_without_multi_vectors(patient: Callable[..., Patient]) -> None:
    made = patient(replace(PROFILE, dense=dense_profiles(128), multi_vector=None))
    made.index(embedding_128=UNIT[0, :128].tolist())
    assert made.problems() == []


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ([1.0] + [0.0] * 127, None),
        ([dense_base64(ROWS[0])], None),
        ([1.0] * 64, "that is not 128 numbers"),
        (["no base64!"], "that is not 128 numbers"),
        ([], "that is not 128 numbers"),
        ([float("nan")] * 128, "with numbers that are not finite"),
        ([0.0] * 128, "of zeros alone"),
        ([0.5] + [0.0] * 127, "whose length is not 1, which dot_product takes for granted"),
    ],
)
def test_dense_vectors_as_any_release_gives_them_back(values: list[Any], fault: str | None) -> None:
    assert dense_fault(values, DenseProfile.of(128)) == fault


@given(st.integers(0, 2**32 - 1), st.sampled_from(["float", "bfloat16", "byte", "bit"]))
def test_what_es_jina_writes_has_no_fault(seed: int, element_type: Any) -> None:
    rng = np.random.default_rng(seed)
    vector = rng.normal(size=256).astype(np.float32)
    dense = DenseProfile.of(128, element_type=element_type)
    for base64_allowed in (False, True):
        told = dense_value(vector, dense, base64_allowed=base64_allowed)
        assert dense_fault([told] if isinstance(told, str) else told.tolist(), dense) is None
    rows = rng.normal(size=(4, 128)).astype(np.float32)
    multi = MultiVectorProfile("binary", element_type)
    assert multi_fault([pack(rows, element_type)], multi) is None


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([[0.5] * 128] * 3, None),
        ([[0.5] * 128, [0.5] * 64], "that is not whole rows of 128 dims"),
        ([], "without a row"),
        ([[0.0] * 128] * 3, "of zeros alone"),
        (["AAAA"], "that is not whole rows of 128 dims"),
    ],
)
def test_rank_vectors_as_they_come_back(rows: list[list[float]], fault: str | None) -> None:
    assert multi_fault(rows, MultiVectorProfile("rank_vectors", "float")) == fault
