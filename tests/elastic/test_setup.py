import itertools
import uuid
from collections.abc import Iterator
from copy import deepcopy
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
from es_jina.elastic.assets import assets, read_profile, require_profile
from es_jina.elastic.capabilities import Capabilities, accepts_field
from es_jina.elastic.setup import SetUp, check_name, plan, set_up
from es_jina.elastic.templates import Asset, find
from es_jina.elastic.vectors import dense_value
from es_jina.errors import ClusterError, ProfileMismatchError, RequestError
from es_jina.languages import Language
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


TEXT = Asset("component template", "es-jina-text", {})


@pytest.fixture
def edited(client: Elasticsearch, index: str) -> Iterator[dict[str, Any]]:
    """The component template for words, as somebody made it; put back after the test."""
    ours = assets(index, PROFILE).component_templates["es-jina-text"]
    theirs = deepcopy(ours)
    theirs["template"]["mappings"]["properties"]["text"]["analyzer"] = "simple"
    client.cluster.put_component_template(name="es-jina-text", body=theirs)
    yield theirs
    client.cluster.put_component_template(name="es-jina-text", body=ours)


def states(done: SetUp, kind: str = "component template") -> set[str]:
    return {change.state for change in done.changes if change.asset.kind == kind}


def analyzer(client: Elasticsearch, index: str) -> str:
    told: str = properties(client, index)["text"].get("analyzer", "standard")
    return told


@pytest.mark.usefixtures("edited")
@pytest.mark.parametrize(("force", "expected"), [(False, "simple"), (True, "standard")])
def test_what_somebody_edited_is_kept_unless_it_is_forced(
    client: Elasticsearch, capabilities: Capabilities, index: str, force: bool, expected: str
) -> None:
    done = set_up(client, index, PROFILE, capabilities, force=force)
    (change,) = (change for change in done.changes if change.state == "edited")
    assert (change.asset.name, change.kept) == ("es-jina-text", not force)
    assert change.difference == ["- template.mappings.properties.text.analyzer = simple"]
    assert analyzer(client, index) == expected


def test_the_templates_of_an_index_that_is_there_are_looked_after(
    client: Elasticsearch, capabilities: Capabilities, index: str, edited: dict[str, Any]
) -> None:
    """So that the next index behind the alias fits; this one stays as it is."""
    set_up(client, index, PROFILE, capabilities, force=True)
    client.cluster.put_component_template(name="es-jina-text", body=edited)
    client.indices.delete_index_template(name=f"es-jina-{index}")
    again = set_up(client, index, PROFILE, capabilities)
    assert not again.created
    assert states(again, "index template") == {"new"}
    assert "edited" in states(again)
    client.indices.rollover(alias=index)
    try:
        (made,) = client.indices.get_mapping(index=f"{index}-000002").values()
        assert made["mappings"]["properties"]["text"]["analyzer"] == "simple"
        assert require_profile(client, index) == PROFILE
    finally:
        client.indices.delete(index=f"{index}-000002")


@pytest.mark.parametrize("force", [False, True])
def test_a_plan_changes_nothing(
    client: Elasticsearch,
    capabilities: Capabilities,
    index: str,
    edited: dict[str, Any],
    force: bool,
) -> None:
    planned = plan(client, index, PROFILE, capabilities, force=force)
    assert planned.created
    assert states(planned, "index template") == {"new"}
    assert read_profile(client, index) is None
    assert not client.indices.exists_index_template(name=f"es-jina-{index}")
    stored = find(client, TEXT)
    assert stored is not None
    assert stored["template"] == edited["template"]
    # And it says what then happens.
    assert set_up(client, index, PROFILE, capabilities, force=force) == planned


def test_the_template_of_an_index_that_is_gone_serves_the_next_one(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    set_up(client, index, PROFILE, capabilities)
    client.indices.delete(index=f"{index}-000001")
    other = replace(PROFILE, dense=dense_profiles(256))
    done = set_up(client, index, other, capabilities)
    assert states(done, "index template") == {"outdated"}
    assert require_profile(client, index) == other


def test_an_edited_index_template_for_another_profile_is_refused(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    """Or there would be an index that is not what was asked for."""
    set_up(client, index, PROFILE, capabilities)
    client.indices.delete(index=f"{index}-000001")
    template = assets(index, PROFILE).index_template
    template["template"]["settings"] = {"index.refresh_interval": "7s"}
    client.indices.put_index_template(name=f"es-jina-{index}", body=template)
    other = replace(PROFILE, dense=dense_profiles(256))
    with pytest.raises(ProfileMismatchError, match=r"for another profile.*--dry-run --force"):
        set_up(client, index, other, capabilities)
    assert read_profile(client, index) is None
    # For the same profile it is their own affair.
    done = set_up(client, index, PROFILE, capabilities)
    assert states(done, "index template") == {"edited"}
    (made,) = client.indices.get_settings(index=index).values()
    assert made["settings"]["index"]["refresh_interval"] == "7s"


@pytest.mark.parametrize(("priority", "wins"), [(100_000, True), (400, False)])
def test_a_template_of_somebody_else_that_would_win_is_named(
    client: Elasticsearch, capabilities: Capabilities, index: str, priority: int, wins: bool
) -> None:
    """Or there would be an index without our mapping, and nothing would say so."""
    client.indices.put_index_template(
        name=f"{index}-foreign", index_patterns=[f"{index}-*"], priority=priority, template={}
    )
    try:
        if not wins:
            assert set_up(client, index, PROFILE, capabilities).created
            assert require_profile(client, index) == PROFILE
            return
        with pytest.raises(RequestError, match=f"priority above 5.. claims '{index}-000001'"):
            set_up(client, index, PROFILE, capabilities)
        assert not client.indices.exists(index=f"{index}-000001")
        assert not client.indices.exists_index_template(name=f"es-jina-{index}")
    finally:
        client.indices.delete_index_template(name=f"{index}-foreign")


def test_words_of_a_language_are_searched_in_a_subfield(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    """With two analyzers that differ and that this distribution has, in place of stems."""
    languages = (Language("de", "whitespace"), Language("en", "keyword"))
    profile = replace(PROFILE, languages=languages)
    set_up(client, index, profile, capabilities)
    fields = properties(client, index)
    for name in ("title", "text"):
        assert {code: fields[name]["fields"][code]["analyzer"] for code in ("de", "en")} == {
            "de": "whitespace",
            "en": "keyword",
        }
    # The subfields that were there stay, although a template's field replaces an earlier one's.
    assert fields["title"]["fields"]["keyword"] == {"type": "keyword", "ignore_above": 256}
    document = {"title": "Die Wärmepumpe", "text": "Haus-Technik heute"}
    client.index(index=index, id="1", document=document, refresh=True)

    def found(field: str, query: str) -> bool:
        told = client.search(index=index, query={"match": {field: query}})
        return bool(told["hits"]["hits"])

    assert found("text", "haus")
    assert not found("text.de", "haus")
    assert found("text.de", "Haus-Technik")
    assert not found("text.en", "Haus-Technik")
    assert found("title.en", "Die Wärmepumpe")
    query = {"query": "Haus-Technik", "fields": profile.word_fields, "type": "most_fields"}
    told = client.search(index=index, explain=True, query={"multi_match": query})
    explained = str(told["hits"]["hits"][0]["_explanation"])
    assert "text:haus" in explained
    assert "text.de:Haus-Technik" in explained
    assert require_profile(client, index) == profile


def test_the_pipeline_goes_where_its_processors_are(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    assert "ingest pipeline" not in {
        change.asset.kind for change in plan(client, index, PROFILE, capabilities).changes
    }
    full = frozenset({"set", "remove", "trim", "inference", "script", "grok"})
    able = replace(capabilities, ingest_processors=full)
    change = plan(client, index, PROFILE, able).changes[-1]
    assert (str(change.asset), change.state) == (f"ingest pipeline {index}-passage", "new")
    lacking = replace(capabilities, ingest_processors=full - {"inference"})
    assert len(plan(client, index, PROFILE, lacking).changes) == len(
        plan(client, index, PROFILE, capabilities).changes
    )
    # This node has none of them, and says so when it is really put.
    with pytest.raises(ClusterError, match=r"No processor type exists with name \[\w+\]"):
        set_up(client, index, PROFILE, able)


def test_the_template_of_an_older_es_jina_is_of_the_same_profile(
    client: Elasticsearch, capabilities: Capabilities, index: str
) -> None:
    """It has no digest and a profile of the first version."""
    set_up(client, index, PROFILE, capabilities)
    name = f"es-jina-{index}"
    (told,) = client.indices.get_index_template(name=name)["index_templates"]
    template = told["index_template"]
    del template["_meta"]["digest"]
    meta = template["template"]["mappings"]["_meta"]["es_jina"]
    del meta["dense"], meta["languages"]
    meta |= {"profile_version": 1, "dims": [*PROFILE.dims], "index_type": None}
    body = {key: template[key] for key in ("index_patterns", "priority", "composed_of", "_meta")}
    client.indices.put_index_template(name=name, body={**body, "template": template["template"]})
    client.indices.delete(index=f"{index}-000001")
    assert set_up(client, index, PROFILE, capabilities).created
    assert require_profile(client, index) == PROFILE
