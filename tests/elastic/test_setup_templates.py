"""What setup does with templates that are there already, and what it puts beside them."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.dense import (
    dense_profiles,
)
from es_jina.elastic.assets import assets, read_profile, require_profile
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import SetUp, plan, set_up
from es_jina.elastic.templates import Asset, find
from es_jina.errors import ClusterError, ProfileMismatchError, RequestError
from es_jina.languages import Language
from es_jina.profile import IndexProfile, MultiVectorProfile

PROFILE = IndexProfile(
    "model", "rev", dense_profiles(128), MultiVectorProfile("binary", "bit"), 1000
)
TEXT = Asset("component template", "es-jina-text", {})


def properties(client: Elasticsearch, index: str) -> dict[str, Any]:
    (found,) = client.indices.get_mapping(index=index).values()
    fields: dict[str, Any] = found["mappings"]["properties"]
    return fields


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
