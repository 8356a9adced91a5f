"""What a dense field may be, and how people say it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.dense import INDEX_TYPES, MATRYOSHKA_DIMS, DenseProfile, dense_profiles
from es_jina.errors import RequestError


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("128", (128, "int8_hnsw", "float", "dot_product")),
        ("512", (512, "bbq_hnsw", "float", "dot_product")),
        ("256:flat", (256, "flat", "float", "dot_product")),
        ("2048:bbq_disk:bfloat16", (2048, "bbq_disk", "bfloat16", "dot_product")),
        ("2048:bfloat16:bbq_disk", (2048, "bbq_disk", "bfloat16", "dot_product")),
        ("1024:byte", (1024, "hnsw", "byte", "cosine")),
        ("1024:bit:flat", (1024, "flat", "bit", "l2_norm")),
        ("1024:cosine", (1024, "bbq_hnsw", "float", "cosine")),
    ],
)
def test_a_field_as_people_type_it(told: str, meant: tuple[Any, ...]) -> None:
    assert DenseProfile.parse(told) == DenseProfile(*meant)


def test_an_index_type_for_the_fields_that_name_none() -> None:
    assert DenseProfile.parse("256", "flat").index_type == "flat"
    assert DenseProfile.parse("256:hnsw", "flat").index_type == "hnsw"


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ("", "write a size"),
        ("big", "write a size"),
        ("-128", "write a size"),
        ("١٢٨", "write a size"),
        ("100", "dims 100: choose from 128, 256"),
        ("128:", "'' is none of hnsw"),
        ("128:tree", "'tree' is none of hnsw"),
        ("128:flat:hnsw", "flat and hnsw are both a index_type"),
        ("128:byte:bbq_hnsw", "go with the index types hnsw and flat alone"),
        ("128:bit:cosine", "similarity l2_norm alone"),
    ],
)
def test_a_field_that_cannot_be(told: str, named: str) -> None:
    with pytest.raises(RequestError, match=named):
        DenseProfile.parse(told)


FIELDS = st.builds(
    DenseProfile.of,
    st.sampled_from(MATRYOSHKA_DIMS),
    st.sampled_from(INDEX_TYPES),
    st.sampled_from(["float", "bfloat16"]),
)


@given(FIELDS)
def test_what_is_shown_can_be_typed(field: DenseProfile) -> None:
    assert DenseProfile.parse(str(field)) == field


def test_plain_fields() -> None:
    assert [field.field for field in dense_profiles(128, 2048)] == [
        "embedding_128",
        "embedding_2048",
    ]
