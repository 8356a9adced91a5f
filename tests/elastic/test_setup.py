import itertools
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from es_jina.dense import (
    ELEMENT_TYPES,
    INDEX_TYPES,
    MATRYOSHKA_DIMS,
    SIMILARITIES,
    DenseProfile,
    dense_profiles,
)
from es_jina.elastic.assets import read_profile, require_profile
from es_jina.elastic.capabilities import Capabilities, accepts_field
from es_jina.elastic.setup import check_name, set_up
from es_jina.elastic.vectors import dense_value
from es_jina.errors import ProfileMismatchError, RequestError
from es_jina.profile import IndexProfile, MultiVectorProfile

PROFILE = IndexProfile(
    "model", "rev", dense_profiles(128), MultiVectorProfile("binary", "bit"), 1000
)


@pytest.fixture
def remove(client: Elasticsearch) -> Iterator[list[str]]:
    """Names of further indices that go away."""
    names: list[str] = []
    yield names
    forgiving = client.options(ignore_status=404)
    for name in names:
        forgiving.indices.delete(index=f"{name}-000001")
        forgiving.indices.delete_index_template(name=f"es-jina-{name}")


def properties(client: Elasticsearch, index: str) -> dict[str, Any]:
    (found,) = client.indices.get_mapping(index=index).values()
    fields: dict[str, Any] = found["mappings"]["properties"]
    return fields


@pytest.mark.parametrize(
    "profile",
    [
        PROFILE,
        IndexProfile("/a folder/model", None, dense_profiles(128, 512, 2048), None, 602_112),
        replace(PROFILE, multi_vector=MultiVectorProfile("binary", "bfloat16")),
    ],
)
def test_the_index_describes_itself(
    client: Elasticsearch, capabilities: Capabilities, index: str, profile: IndexProfile
) -> None:
    assert read_profile(client, index) is None
    assert set_up(client, index, profile, capabilities).created
    assert read_profile(client, index) == profile
    # Also by the name of the index behind the alias.
    assert require_profile(client, f"{index}-000001") == profile


def test_the_index_is_the_write_index_of_its_alias(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    set_up(client, index, PROFILE, capabilities)
    assert client.indices.get_alias(name=index).body == {
        f"{index}-000001": {"aliases": {index: {"is_write_index": True}}}
    }
    # The next one, after a rollover, is made for the same profile.
    client.indices.rollover(alias=index)
    try:
        assert len(client.indices.get_alias(name=index)) == 2
        assert require_profile(client, index) == PROFILE
    finally:
        client.indices.delete(index=f"{index}-000002")


def test_a_second_setup_changes_nothing(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    set_up(client, index, PROFILE, capabilities)
    client.index(index=index, id="1", document={"title": "kept"}, refresh=True)
    assert not set_up(client, index, PROFILE, capabilities).created
    assert client.count(index=index)["count"] == 1


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (
            replace(PROFILE, dense=dense_profiles(256)),
            "dense is 128:int8_hnsw.* asked for 256:int8",
        ),
        (replace(PROFILE, revision="new"), "revision is rev, asked for new"),
        (replace(PROFILE, max_pixels=5), "max_pixels is 1000, asked for 5"),
        (replace(PROFILE, multi_vector=None), "multi_vector is .*bit.*, asked for None"),
    ],
)
def test_another_profile_is_refused_with_both_sides_named(
    client: Elasticsearch, capabilities: Capabilities, index: str, other: IndexProfile, told: str
) -> None:
    set_up(client, index, PROFILE, capabilities)
    with pytest.raises(ProfileMismatchError, match=f"'{index}' was made for another.*{told}"):
        set_up(client, index, other, capabilities)
    assert read_profile(client, index) == PROFILE


def allowed(index_type: Any, element_type: Any, similarity: Any) -> tuple[DenseProfile, ...]:
    """The fields of all sizes that a profile may have, none where Elasticsearch has no such."""
    try:
        return tuple(
            DenseProfile(dims, index_type, element_type, similarity) for dims in MATRYOSHKA_DIMS
        )
    except RequestError:
        return ()


@pytest.mark.parametrize(
    "dense",
    filter(None, itertools.starmap(allowed, itertools.product(
        [name for name in INDEX_TYPES if name != "bbq_disk"], ELEMENT_TYPES, SIMILARITIES
    ))),
    ids=lambda dense: str(dense[0]),
)  # fmt: skip
def test_every_field_that_a_profile_may_have_holds_documents_and_is_searched(
    client: Elasticsearch,
    capabilities: Capabilities,
    index: str,
    dense: tuple[DenseProfile, ...],
) -> None:
    set_up(client, index, replace(PROFILE, dense=dense), capabilities)
    vectors = np.random.default_rng(5).standard_normal((2, 2048)).astype(np.float32)
    for number, vector in enumerate(vectors):
        document = {
            field.field: dense_value(
                vector, field, base64_allowed=bool(capabilities.base64_documents)
            )
            for field in dense
        }
        client.index(index=index, id=str(number), document=document)
    client.indices.refresh(index=index)
    fields = properties(client, index)
    for field in dense:
        mapping = fields[field.field]
        assert mapping["index_options"]["type"] == field.index_type
        assert (mapping["similarity"], mapping["dims"]) == (field.similarity, field.dims)
        query = dense_value(vectors[1], field, base64_allowed=bool(capabilities.base64_queries))
        knn = {"field": field.field, "query_vector": query, "k": 2, "num_candidates": 9}
        hits = client.search(index=index, knn=knn)["hits"]["hits"]
        assert [hit["_id"] for hit in hits] == ["1", "0"], field


@pytest.mark.parametrize(("element_type", "index_type", "similarity"), [
    *(("byte", name, "cosine") for name in INDEX_TYPES),
    *(("bit", name, "l2_norm") for name in INDEX_TYPES),
    *(("bit", "flat", name) for name in SIMILARITIES),
])  # fmt: skip
def test_a_field_that_a_profile_may_not_have_is_one_that_elasticsearch_refuses(
    client: Elasticsearch, element_type: Any, index_type: Any, similarity: Any
) -> None:
    mapping = {
        "type": "dense_vector",
        "dims": 128,
        "similarity": similarity,
        "element_type": element_type,
        "index_options": {"type": index_type},
    }
    assert accepts_field(client, mapping) == bool(allowed(index_type, element_type, similarity))


def test_an_index_type_that_would_refuse_every_document_is_refused(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    """Elasticsearch creates such an index on a basic licence, and only then says no."""
    with pytest.raises(RequestError, match=r"basic licence.*bbq_disk.*Enterprise") as raised:
        set_up(
            client,
            index,
            replace(PROFILE, dense=(DenseProfile.of(1024, "bbq_disk"),)),
            capabilities,
        )
    assert "\n" not in str(raised.value)
    assert read_profile(client, index) is None


@pytest.mark.parametrize("similarity", SIMILARITIES)
@pytest.mark.parametrize("element_type", ["float", "bfloat16"])
def test_such_an_index_type_on_another_licence(
    client: Elasticsearch,
    capabilities: Capabilities,
    index: str,
    element_type: Any,
    similarity: Any,
) -> None:
    dense = allowed("bbq_disk", element_type, similarity)
    paid = replace(capabilities, licence="enterprise")
    assert set_up(client, index, replace(PROFILE, dense=dense), paid).created
    fields = properties(client, index)
    for field in dense:
        assert fields[field.field]["index_options"]["type"] == "bbq_disk"
        assert fields[field.field]["similarity"] == similarity


def test_rank_vectors_where_there_are_none(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    wanted = replace(PROFILE, multi_vector=MultiVectorProfile("rank_vectors", "byte"))
    with pytest.raises(RequestError, match=r"does not take rank_vectors.*--multi-vector binary"):
        set_up(client, index, wanted, capabilities)
    assert not client.indices.exists_index_template(name=f"es-jina-{index}")


@pytest.mark.parametrize(
    "name",
    [
        *("", "Docs", "my docs", "-docs", "_all", "+docs", ".docs", "docs*", "a,b", "a/b"),
        *("a\\b", "a:b", "a#b", 'a"b', "<docs>", "a|b", "a?b", "d" * 241, "é" * 121),
    ],
)
def test_bad_names(name: str) -> None:
    with pytest.raises(RequestError, match="cannot be an index name"):
        check_name(name)


@pytest.mark.parametrize("name", ["a", "2024", "dépôt", "文書", "d" * 240])
def test_elasticsearch_takes_the_names_that_we_take(
    client: Elasticsearch, capabilities: Capabilities, remove: list[str], name: str
) -> None:
    remove.append(name)
    assert set_up(client, name, PROFILE, capabilities).created
    assert read_profile(client, name) == PROFILE


def test_no_name_is_not_every_index(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    set_up(client, index, PROFILE, capabilities)
    with pytest.raises(RequestError, match="the index name is empty"):
        require_profile(client, "")


def test_an_index_that_is_not_there(client: Elasticsearch, index: str) -> None:
    with pytest.raises(RequestError, match=f"no index '{index}'; create it with `es-jina setup"):
        require_profile(client, index)


def test_an_index_of_somebody_else_is_left_alone(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    client.indices.create(index=index, mappings={"properties": {"theirs": {"type": "keyword"}}})
    try:
        for ask in (read_profile, require_profile):
            with pytest.raises(RequestError, match=f"'{index}' has no es_jina profile"):
                ask(client, index)
        with pytest.raises(RequestError, match="choose another index name"):
            set_up(client, index, PROFILE, capabilities)
        assert properties(client, index) == {"theirs": {"type": "keyword"}}
    finally:
        client.indices.delete(index=index)


def test_an_index_of_somebody_else_in_the_place_of_ours(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    client.indices.create(index=f"{index}-000001")
    with pytest.raises(RequestError, match=f"'{index}-000001' already, but not behind the alias"):
        set_up(client, index, PROFILE, capabilities)
    assert not client.indices.exists_index_template(name=f"es-jina-{index}")


def test_an_alias_over_an_index_of_somebody_else(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    set_up(client, index, PROFILE, capabilities)
    client.indices.create(index=f"foreign-{index}", aliases={index: {}})
    try:
        with pytest.raises(RequestError, match=f"'foreign-{index}' has no es_jina profile"):
            require_profile(client, index)
    finally:
        client.indices.delete(index=f"foreign-{index}")


@pytest.mark.parametrize("suffix", ["-old", "-0", "-01", "-000001x"])
@pytest.mark.parametrize("longer_first", [False, True])
def test_names_that_begin_alike_are_two_indices(
    client: Elasticsearch,
    capabilities: Capabilities,
    remove: list[str],
    suffix: str,
    longer_first: bool,
) -> None:
    short = f"docs{uuid.uuid4().hex[:6]}"
    wanted = {short: PROFILE, short + suffix: replace(PROFILE, dense=dense_profiles(512))}
    remove += wanted
    for name in sorted(wanted, reverse=longer_first):
        assert set_up(client, name, wanted[name], capabilities).created
    for name, profile in wanted.items():
        assert read_profile(client, name) == profile
        assert f"embedding_{profile.dims[0]}" in properties(client, name)
