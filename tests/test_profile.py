"""What an index says of itself, and what it refuses."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.dense import ELEMENT_TYPES, MATRYOSHKA_DIMS, DenseProfile, dense_profiles
from es_jina.errors import ProfileMismatchError, RequestError
from es_jina.inputs import Task
from es_jina.languages import Language
from es_jina.profile import (
    STORES,
    IndexProfile,
    MultiVectorProfile,
)

PROFILE = IndexProfile(
    model="jinaai/jina-embeddings-v4",
    revision=None,
    dense=dense_profiles(128, 1024),
    multi_vector=MultiVectorProfile("binary", "bit"),
    max_pixels=602_112,
)
FIELD = PROFILE.to_meta()["dense"][0]
GERMAN, THAI = Language("de", "german"), Language("th", "thai")
FOLDER = replace(PROFILE, model="/models/v4", revision="abc123")

DENSE = st.builds(
    DenseProfile.of,
    st.sampled_from(MATRYOSHKA_DIMS),
    st.sampled_from(["hnsw", "flat", None]),
    st.sampled_from(ELEMENT_TYPES),
)
MULTI: st.SearchStrategy[MultiVectorProfile] = st.builds(
    MultiVectorProfile,
    st.sampled_from(STORES),
    st.sampled_from(ELEMENT_TYPES),
    st.integers(1, 4096),
    st.integers(1, 9),
)


def ascending(fields: list[DenseProfile]) -> tuple[DenseProfile, ...]:
    return tuple(sorted(fields, key=lambda field: field.dims))


PROFILES: st.SearchStrategy[IndexProfile] = st.builds(
    IndexProfile,
    model=st.text(),
    revision=st.none() | st.text(),
    dense=st.lists(DENSE, min_size=1, unique_by=lambda field: field.dims).map(ascending),
    multi_vector=st.none() | MULTI,
    max_pixels=st.integers(1, 10**9),
    languages=st.dictionaries(st.from_regex(r"[a-z]{2}", fullmatch=True), st.text(min_size=1)).map(
        lambda analyzers: tuple(sorted(Language(*pair) for pair in analyzers.items()))
    ),
    query_task=st.sampled_from(Task),
    passage_task=st.sampled_from(Task),
)


@given(PROFILES)
def test_a_profile_survives_the_mapping(profile: IndexProfile) -> None:
    read = IndexProfile.from_meta(json.loads(json.dumps(profile.to_meta())))
    assert read == profile
    assert read.fingerprint == profile.fingerprint
    read.check_same(profile, "shop")


def test_what_stands_in_the_mapping() -> None:
    """Indices that exist hold this; a change needs a new profile_version."""
    assert json.loads(json.dumps(PROFILE.to_meta())) == {
        "profile_version": 2,
        "model": "jinaai/jina-embeddings-v4",
        "revision": None,
        "dense": [
            {
                "dims": 128,
                "index_type": "int8_hnsw",
                "element_type": "float",
                "similarity": "dot_product",
            },
            {
                "dims": 1024,
                "index_type": "bbq_hnsw",
                "element_type": "float",
                "similarity": "dot_product",
            },
        ],
        "multi_vector": {"store": "binary", "element_type": "bit", "dims": 128},
        "max_pixels": 602112,
        "languages": {},
        "query_task": "retrieval.query",
        "passage_task": "retrieval.passage",
    }


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"profile_version": 3}, "version 3; this es_jina reads 1 and 2"),
        ({"profile_version": None}, "version None"),
        ({"dense": 1024}, "cannot be read"),
        ({"dense": []}, "dims missing"),
        ({"dense": [128]}, "cannot be read"),
        ({"dense": [FIELD | {"dims": 100}]}, "choose from 128, 256"),
        ({"dense": [FIELD | {"dims": 1024}, FIELD]}, "ascend"),
        ({"dense": [FIELD, FIELD]}, "each of them once"),
        ({"dense": [FIELD | {"index_type": "btree"}]}, "index_type 'btree'"),
        ({"dense": [FIELD | {"similarity": "taste"}]}, "similarity 'taste'"),
        ({"dense": [FIELD | {"element_type": "bit"}]}, "index types hnsw and flat alone"),
        ({"dense": [FIELD | {"colour": "red"}]}, "colour"),
        ({"multi_vector": {"store": "binary"}}, "element_type"),
        ({"multi_vector": {"store": "tape", "element_type": "bit"}}, "store 'tape'"),
        ({"multi_vector": {"store": "binary", "element_type": "int3"}}, "element_type 'int3'"),
        ({"multi_vector": 7}, "cannot be read"),
        ({"languages": None}, "cannot be read"),
        ({"languages": ["de"]}, "cannot be read"),
        ({"languages": {"german": "german"}}, "language 'german'.*two small letters"),
        ({"languages": {"de": ""}}, "its analyzer is missing"),
        ({"max_pixels": 0}, "max_pixels 0"),
        ({"max_pixels": "many"}, "cannot be read"),
        ({"query_task": "poetry"}, "poetry"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_profile_that_cannot_be_read(change: dict[str, Any], named: str) -> None:
    with pytest.raises(RequestError, match=named):
        IndexProfile.from_meta(PROFILE.to_meta() | change)


@pytest.mark.parametrize("field", sorted(PROFILE.to_meta()))
def test_a_profile_that_lacks_a_field(field: str) -> None:
    meta = PROFILE.to_meta()
    del meta[field]
    with pytest.raises(RequestError, match=field.removeprefix("profile_")):
        IndexProfile.from_meta(meta)


@pytest.mark.parametrize("meta", ["v4", [], None, 1])
def test_a_profile_that_is_no_object(meta: Any) -> None:
    with pytest.raises(RequestError, match="no JSON object"):
        IndexProfile.from_meta(meta)


def test_reading_does_not_change_the_meta() -> None:
    meta = PROFILE.to_meta()
    IndexProfile.from_meta(meta)
    assert meta == PROFILE.to_meta()


def test_the_fingerprint_is_the_same_in_every_release() -> None:
    """Documents carry it: another one would embed every index anew."""
    assert PROFILE.fingerprint == "f5d0ffc2033e"
    assert FOLDER.fingerprint == "dbb3b34b0ae8"


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"model": "elsewhere"}, False),
        ({"revision": "other"}, True),
        ({"dense": dense_profiles(128)}, True),
        ({"multi_vector": None}, True),
        ({"multi_vector": MultiVectorProfile("binary", "float")}, True),
        ({"multi_vector": MultiVectorProfile("binary", "bit", pool_factor=2)}, True),
        ({"max_pixels": 1}, True),
        ({"passage_task": Task.TEXT_MATCHING}, True),
        # Neither is a matter of what a document's vectors are.
        ({"query_task": Task.TEXT_MATCHING}, False),
        ({"dense": (DenseProfile.of(128, "flat"), DenseProfile.of(1024, "hnsw"))}, False),
        ({"dense": (DenseProfile.of(128, None, "byte"), DenseProfile.of(1024))}, True),
        ({"languages": (GERMAN,)}, False),
    ],
)
def test_what_the_fingerprint_depends_on(change: dict[str, Any], differs: bool) -> None:
    assert (replace(FOLDER, **change).fingerprint != FOLDER.fingerprint) == differs


def test_without_a_revision_the_name_is_the_identity() -> None:
    assert PROFILE.identity == "jinaai/jina-embeddings-v4"
    assert FOLDER.identity == "abc123"
    assert replace(PROFILE, model="other").fingerprint != PROFILE.fingerprint


@pytest.mark.parametrize(
    ("change", "both"),
    [
        ({"dense": dense_profiles(256)}, ("dense", "128:int8_hnsw", "256:int8_hnsw")),
        ({"revision": "def456"}, ("revision", "abc123", "def456")),
        ({"multi_vector": None}, ("multi_vector", "binary bit", "None")),
        ({"max_pixels": 5}, ("max_pixels", "602112", "5")),
        ({"languages": (GERMAN, THAI)}, ("languages", "none", "de (german), th (thai)")),
        ({"query_task": Task.CODE_QUERY}, ("query_task", "retrieval.query", "code.query")),
    ],
)
def test_another_profile_is_refused_with_both_sides(
    change: dict[str, Any], both: tuple[str, ...]
) -> None:
    with pytest.raises(ProfileMismatchError) as caught:
        FOLDER.check_same(replace(FOLDER, **change), "shop")
    for part in ("'shop'", *both):
        assert part in str(caught.value)
    assert str(caught.value).count("asked for") == 1


def test_all_differences_are_named_at_once() -> None:
    with pytest.raises(ProfileMismatchError, match=r"dense.*asked for.*max_pixels.*asked for"):
        FOLDER.check_same(replace(FOLDER, dense=dense_profiles(128), max_pixels=9), "shop")


def test_the_same_weights_in_another_folder_are_the_same_profile() -> None:
    FOLDER.check_same(replace(FOLDER, model="/elsewhere"), "shop")
    FOLDER.check_model("/elsewhere", "abc123", "shop")
    with pytest.raises(ProfileMismatchError, match="model"):
        PROFILE.check_same(replace(PROFILE, model="other"), "shop")


def test_a_model_is_held_against_the_index() -> None:
    name = PROFILE.model
    # The hosted API tells no revision: the name decides.
    PROFILE.check_model(name, None, "shop")
    PROFILE.check_model(name, "anything", "shop")
    FOLDER.check_model(FOLDER.model, None, "shop")
    for profile, other, revision in (
        (PROFILE, "/models/x", "abc123"),
        (FOLDER, FOLDER.model, "def456"),
        (FOLDER, name, None),
    ):
        with pytest.raises(ProfileMismatchError) as caught:
            profile.check_model(other, revision, "shop")
        for part in ("'shop'", profile.model, other, revision or ""):
            assert part in str(caught.value)


def test_the_largest_dense_field_is_searched() -> None:
    assert PROFILE.finest.field == "embedding_1024"


@pytest.mark.parametrize("dims", [(), (1024, 128), (128, 128)])
def test_dims_that_cannot_be(dims: tuple[int, ...]) -> None:
    with pytest.raises(RequestError, match="dims"):
        replace(PROFILE, dense=dense_profiles(*dims))


@pytest.mark.parametrize("index_type", [None, "int4_hnsw"])
def test_a_profile_of_the_first_version_is_read(index_type: Any) -> None:
    meta = PROFILE.to_meta() | {"profile_version": 1, "dims": [128, 1024], "index_type": index_type}
    del meta["dense"], meta["languages"]
    read = IndexProfile.from_meta(meta)
    assert read.languages == ()
    assert read.dense == tuple(DenseProfile.of(dims, index_type) for dims in (128, 1024))
    assert read.fingerprint == PROFILE.fingerprint
    with pytest.raises(RequestError, match="cannot be read: dims"):
        IndexProfile.from_meta({**meta, "dims": 128})


def test_languages_in_the_mapping_and_in_a_search() -> None:
    profile = replace(PROFILE, languages=(GERMAN, THAI))
    assert profile.to_meta()["languages"] == {"de": "german", "th": "thai"}
    # A mapping comes back with its keys in any order.
    meta = profile.to_meta() | {"languages": {"th": "thai", "de": "german"}}
    assert IndexProfile.from_meta(meta) == profile
    assert PROFILE.word_fields == ["title^2", "text"]
    assert profile.word_fields == [
        *("title^2", "text", "title.de^2", "text.de", "title.th^2", "text.th")
    ]
    assert "words of de (german), th (thai)" in profile.summary


@pytest.mark.parametrize("languages", [(THAI, GERMAN), (GERMAN, GERMAN)])
def test_languages_that_cannot_be(languages: tuple[Language, ...]) -> None:
    with pytest.raises(RequestError, match=r"languages .*ascend, each of them once"):
        replace(PROFILE, languages=languages)
