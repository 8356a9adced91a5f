"""Search templates in a cluster: whose are whose, where no ``_meta`` can say it."""

import json
from collections.abc import Iterator
from copy import deepcopy

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from es_jina.elastic.client import Cluster
from es_jina.elastic.node import Node
from es_jina.elastic.search_templates import read_template, write_template
from es_jina.elastic.templates import Asset, compare, find, put
from tests.kibana.mustache import render
from tests.kibana.scripts_double import ScriptsDouble

SOURCE = {
    "size": "{{size}}{{^size}}10{{/size}}",
    "query": {"match": {"text": "{{q}}"}},
}


@pytest.fixture
def scripts(node: Node) -> Iterator[ScriptsDouble]:
    with ScriptsDouble(node.url) as running:
        yield running


@pytest.fixture
def with_scripts(scripts: ScriptsDouble) -> Iterator[Elasticsearch]:
    with Cluster(scripts.url).connect() as connected:
        yield connected


def template(version: int = 2, text: str = "text") -> Asset:
    body = {
        "version": version,
        "_meta": {"managed_by": "es_jina", "description": "Finds words: any."},
        "script": {"lang": "mustache", "source": deepcopy(SOURCE)},
    }
    body["script"]["source"]["query"] = {"match": {text: "{{q}}"}}  # type: ignore[index]
    return Asset("search template", "docs-words", body)


def test_what_is_said_of_a_template_renders_to_nothing() -> None:
    signed = template().signed
    assert signed.keys() == {"script"}
    assert signed["script"]["source"]["size"].startswith("{{! es_jina 2 ")
    assert read_template(signed)["_meta"]["description"] == "Finds words: any."
    source = json.dumps(signed["script"]["source"])
    assert render(source, {"q": "a"}) == {"size": "10", "query": {"match": {"text": "a"}}}


def test_what_is_written_is_read() -> None:
    body = template().body
    assert read_template(write_template(body)) == body


def test_a_template_is_put_once(with_scripts: Elasticsearch, scripts: ScriptsDouble) -> None:
    asset = template()
    assert find(with_scripts, asset) is None
    assert compare(with_scripts, asset).state == "new"
    put(with_scripts, asset)
    assert isinstance(scripts.stored["docs-words"]["source"], str)
    assert compare(with_scripts, asset).state == "same"


@pytest.mark.parametrize(("version", "state"), [(1, "outdated"), (2, "outdated"), (3, "newer")])
def test_ours_of_another_version(with_scripts: Elasticsearch, version: int, state: str) -> None:
    put(with_scripts, template(version, "title"))
    change = compare(with_scripts, template())
    assert (change.state, change.written) == (state, state == "outdated")
    assert change.difference == [
        "+ script.source.query.match.text = {{q}}",
        "- script.source.query.match.title = {{q}}",
    ]


@pytest.mark.parametrize("signed", [True, False])
def test_what_somebody_edited_is_kept(with_scripts: Elasticsearch, signed: bool) -> None:
    """With our comment, as after an edit in Kibana, or without."""
    body = template().signed if signed else template().body
    source = {**body["script"]["source"], "query": {"match_all": {}}}
    with_scripts.put_script(id="docs-words", script={"lang": "mustache", "source": source})
    assert compare(with_scripts, template()).state == "edited"
    forced = compare(with_scripts, template(), force=True)
    assert (forced.state, forced.written) == ("edited", True)
    put(with_scripts, template())
    assert compare(with_scripts, template()).state == "same"


def test_a_template_that_is_no_json_is_somebody_elses(with_scripts: Elasticsearch) -> None:
    source = '{"query": {{#toJson}}query{{/toJson}}}'
    with_scripts.put_script(id="docs-words", script={"lang": "mustache", "source": source})
    change = compare(with_scripts, template())
    assert change.kept
    assert f"- script.source = {source}" in change.difference


def test_a_cluster_without_mustache_says_so(client: Elasticsearch) -> None:
    with pytest.raises(BadRequestError, match=r"unsupported lang \[mustache"):
        put(client, template())
    assert find(client, template()) is None
