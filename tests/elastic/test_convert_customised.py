"""A conversion of an index that people have made their own: nothing of theirs is lost."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.assets import assets
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.convert import Conversion, StoppedError
from es_jina.elastic.setup import set_up
from es_jina.elastic.templates import Asset, put

from .convertible import content, edit_template, fill, fitting, state, template

BINARY, RANKED = fitting("binary", "byte"), fitting("rank_vectors", "byte")
SETTINGS = {"number_of_shards": "3", "refresh_interval": "7s"}


@pytest.fixture
def able(ranked: Elasticsearch) -> Capabilities:
    return replace(Capabilities.detect(ranked), base64_rank_vectors=True)


@pytest.fixture
def theirs(ranked: Elasticsearch, able: Capabilities, index: str) -> str:
    """The test's index, of an edited template, and edited itself; the template even later."""
    set_up(ranked, index, BINARY, able)
    price = {"properties": {"price": {"type": "float"}}}
    edit_template(ranked, index, {"index": SETTINGS}, price)
    ranked.indices.delete(index=f"{index}-000001")
    ranked.indices.create(index=f"{index}-000001", aliases={index: {"is_write_index": True}})
    mapping = ranked.indices.get_mapping(index=index)[f"{index}-000001"]["mappings"]
    ranked.indices.put_mapping(
        index=index,
        dynamic_templates=[{"words": {"match": "*_word", "mapping": {"type": "keyword"}}}],
        properties={"shade": {"type": "keyword"}},
        meta=mapping["_meta"] | {"team": "search"},
    )
    fill(ranked, index, BINARY, able)
    ranked.index(index=index, id="paid", document={"price": 3, "shade": "red"}, refresh=True)
    later = {"_source": {"excludes": ["title"]}, "properties": {"later": {"type": "keyword"}}}
    edit_template(ranked, index, {"index": {**SETTINGS, "codec": "best_compression"}}, later)
    return index


def made(client: Elasticsearch, index: str, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings that somebody has set, and the mapping, of one of the indices."""
    body = state(client, index)[f"{index}-{number:06d}"]
    own = ("index.uuid", "index.creation", "index.provided", "index.version", "index.blocks")
    told = {name: value for name, value in body["settings"].items() if not name.startswith(own)}
    return told, body["mappings"]


def test_there_and_back_with_all_that_is_theirs(
    ranked: Elasticsearch, able: Capabilities, theirs: str
) -> None:
    settings, mappings = made(ranked, theirs, 1)
    documents, edited = content(ranked, theirs), template(ranked, theirs)
    assert settings.items() >= {f"index.{name}": told for name, told in SETTINGS.items()}.items()

    Conversion(ranked, theirs, "rank_vectors", able).run()
    assert ranked.count(index=theirs, query={"term": {"price": 3}})["count"] == 1
    multi = {"type": "rank_vectors", "dims": 64, "element_type": "byte"}
    fields = {**mappings["properties"], "multi_vector": multi}
    meta = {"es_jina": RANKED.to_meta(), "team": "search"}
    wanted = {**mappings, "properties": fields, "_meta": meta}
    del wanted["_source"]
    assert made(ranked, theirs, 2) == (settings, wanted)

    Conversion(ranked, theirs, "binary", able).run()
    assert made(ranked, theirs, 3) == (settings, mappings)
    assert content(ranked, theirs) == documents
    assert template(ranked, theirs) == edited
    assert no_template_left(ranked, theirs)


def no_template_left(client: Elasticsearch, index: str) -> bool:
    found = client.indices.get_index_template(name=f"*{index}*")["index_templates"]
    return [each["name"] for each in found] == [f"es-jina-{index}"]


def test_the_store_alone_changes_in_an_edited_template(
    ranked: Elasticsearch, able: Capabilities, theirs: str
) -> None:
    was = template(ranked, theirs)
    done = Conversion(ranked, theirs, "rank_vectors", able).run()
    assert done is not None
    now = template(ranked, theirs)
    mappings = was["template"]["mappings"]
    mappings["_meta"]["es_jina"] = RANKED.to_meta()
    mappings["properties"]["multi_vector"] = {
        "type": "rank_vectors",
        "dims": 64,
        "element_type": "byte",
    }
    place = was["composed_of"].index("es-jina-multi-vector-binary")
    was["composed_of"][place] = "es-jina-multi-vector-rank-vectors"
    assert now == was
    assert f"- composed_of.{place} = es-jina-multi-vector-binary" in done.template_edits
    assert f"+ composed_of.{place} = es-jina-multi-vector-rank-vectors" in done.template_edits
    assert not any("price" in line for line in done.template_edits)


def test_undone_it_is_as_it_was(ranked: Elasticsearch, able: Capabilities, theirs: str) -> None:
    was, edited = state(ranked, theirs), template(ranked, theirs)
    conversion = Conversion(ranked, theirs, "rank_vectors", able, lambda *_: conversion.stop())
    with pytest.raises(StoppedError):
        conversion.run()
    assert (state(ranked, theirs), template(ranked, theirs)) == (was, edited)
    assert no_template_left(ranked, theirs)


def test_a_template_as_es_jina_left_it_is_replaced(
    ranked: Elasticsearch, able: Capabilities, index: str
) -> None:
    fill(ranked, index, BINARY, able)
    done = Conversion(ranked, index, "rank_vectors", able).run()
    assert done is not None
    assert done.template_edits == ()
    # As es_jina leaves it again: a set-up may go on looking after it.
    assert {each.state for each in set_up(ranked, index, RANKED, able).changes} == {"same"}


def test_a_template_of_a_newer_es_jina_stays_one(
    ranked: Elasticsearch, able: Capabilities, index: str
) -> None:
    fill(ranked, index, BINARY, able)
    ours = assets(index, BINARY).index_template
    newer = {**ours, "version": 99, "template": {**ours["template"], "settings": SETTINGS}}
    put(ranked, Asset("index template", f"es-jina-{index}", newer))
    Conversion(ranked, index, "rank_vectors", able).run()
    assert template(ranked, index)["template"]["settings"] == {"index": SETTINGS}
    changes = set_up(ranked, index, RANKED, able).changes
    assert [each.state for each in changes if each.asset.kind == "index template"] == ["newer"]


@pytest.fixture
def refusing_pipeline(client: Elasticsearch, index: str) -> Iterator[str]:
    name = f"{index}-final"
    # Without users, every document fails in it.
    client.ingest.put_pipeline(id=name, processors=[{"set_security_user": {"field": "user"}}])
    yield name
    for each in client.indices.get(index=f"{index}-*"):
        client.indices.put_settings(index=each, settings={"index.final_pipeline": "_none"})
    client.ingest.delete_pipeline(id=name)


def test_documents_go_through_the_final_pipeline_only_once(
    ranked: Elasticsearch, able: Capabilities, index: str, refusing_pipeline: str
) -> None:
    fill(ranked, index, BINARY, able)
    final = {"index.final_pipeline": refusing_pipeline}
    ranked.indices.put_settings(index=index, settings=final)
    assert Conversion(ranked, index, "rank_vectors", able).run() is not None
    assert made(ranked, index, 2)[0].items() >= final.items()
