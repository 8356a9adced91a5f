from collections.abc import Callable
from dataclasses import replace

from elasticsearch import Elasticsearch

from es_jina.dense import DenseProfile, dense_profiles
from es_jina.profile import MultiVectorProfile
from tests.elastic.doctor.conftest import PROFILE, Patient


def test_a_mapping_as_it_was_set_up(patient: Callable[..., Patient]) -> None:
    dense = (DenseProfile.of(128, element_type="byte"), DenseProfile.of(1024, "bbq_flat"))
    assert patient(replace(PROFILE, dense=dense)).problems() == []


def test_a_profile_that_the_mapping_does_not_fit(
    patient: Callable[..., Patient], client: Elasticsearch
) -> None:
    made = patient()
    other = (
        DenseProfile(128, "hnsw", "byte", "cosine"),
        DenseProfile.of(256),
        DenseProfile.of(512),
    )
    multi = MultiVectorProfile("rank_vectors", "byte")
    profile = replace(PROFILE, dense=other, multi_vector=multi)
    client.indices.put_mapping(index=made.name, meta={"es_jina": profile.to_meta()})
    told = made.problems()
    assert (
        "embedding_128 is not what the profile says: element type float (profile: byte), "
        "similarity dot_product (profile: cosine), index type int8_hnsw (profile: hnsw)"
    ) in told
    assert "the mapping has no embedding_512, which the profile has" in told
    (line,) = [line for line in told if line.startswith("multi_vector is not")]
    assert "type binary (profile: rank_vectors)" in line
    assert not [line for line in told if line.startswith("embedding_256")]


def test_a_binary_field_without_doc_values(
    patient: Callable[..., Patient], client: Elasticsearch
) -> None:
    made = patient(replace(PROFILE, dense=dense_profiles(128), multi_vector=None))
    client.indices.put_mapping(
        index=made.name,
        properties={"multi_vector": {"type": "binary"}},
        meta={"es_jina": replace(PROFILE, dense=dense_profiles(128)).to_meta()},
    )
    told = made.problems()
    assert "multi_vector is not what the profile says: doc values None (profile: True)" in told
