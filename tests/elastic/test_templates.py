"""Who may replace what: our own templates we may, what people edited only by force."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.templates import Asset, compare, find, put

USER = {"set_security_user": {"field": "user"}}
NOBODY = {"set_security_user": {"field": "nobody"}}


def component(name: str) -> Asset:
    template: dict[str, Any] = {
        "settings": {"number_of_shards": 1, "index.refresh_interval": "5s"},
        "mappings": {"dynamic": False, "properties": {"mine": {"type": "keyword"}}},
    }
    body = {"version": 3, "_meta": {"managed_by": "es_jina"}, "template": template}
    return Asset("component template", name, body)


def index_template(name: str) -> Asset:
    body = {"version": 3, "index_patterns": [f"{name}-0*"], "priority": 500, "template": {}}
    return Asset("index template", name, body)


def pipeline(name: str) -> Asset:
    # The one processor of this distribution.
    return Asset("ingest pipeline", name, {"version": 3, "processors": [USER]})


EDITS: dict[Callable[[str], Asset], dict[str, Any]] = {
    component: {"template": {"mappings": {"properties": {"theirs": {"type": "keyword"}}}}},
    index_template: {"priority": 501},
    pipeline: {"processors": [NOBODY]},
}


@pytest.fixture(params=EDITS, ids=lambda make: make.__name__)
def asset(request: pytest.FixtureRequest, client: Elasticsearch, index: str) -> Iterator[Asset]:
    made: Asset = request.param(index)
    yield made
    forgiving = client.options(ignore_status=404)
    forgiving.indices.delete_index_template(name=index)
    forgiving.cluster.delete_component_template(name=index)
    forgiving.ingest.delete_pipeline(id=index)


def edited(asset: Asset) -> Asset:
    """What a release of another content would ship, or somebody would write."""
    make = next(make for make in EDITS if make(asset.name).kind == asset.kind)
    return replace(asset, body=deepcopy(asset.body) | EDITS[make])


def put_by_hand(client: Elasticsearch, asset: Asset, body: dict[str, Any]) -> None:
    client.perform_request(
        "PUT",
        asset.path,
        headers={"accept": "application/json", "content-type": "application/json"},
        body=body,
    )


def state(client: Elasticsearch, asset: Asset, *, force: bool = False) -> tuple[str, bool]:
    change = compare(client, asset, force=force)
    assert change.kept == (not change.written and change.state != "same")
    return change.state, change.written


def test_what_is_absent_is_new(client: Elasticsearch, asset: Asset) -> None:
    assert find(client, asset) is None
    assert state(client, asset) == ("new", True)
    assert compare(client, asset).difference == []
    put(client, asset)
    assert state(client, asset) == ("same", False)
    assert state(client, asset, force=True) == ("same", False)


def test_the_digest_is_written_and_the_rest_of_the_meta_stays(
    client: Elasticsearch, asset: Asset
) -> None:
    put(client, asset)
    stored = find(client, asset)
    assert stored is not None
    assert stored["_meta"] == asset.signed["_meta"]
    assert stored["_meta"].items() >= asset.body.get("_meta", {}).items()
    assert len(stored["_meta"]["digest"]) == 64


@pytest.mark.parametrize(
    ("version", "expected"),
    [(2, ("outdated", True)), (3, ("outdated", True)), (4, ("newer", False))],
)
def test_what_we_put_is_replaced_unless_it_is_newer(
    client: Elasticsearch, asset: Asset, version: int, expected: tuple[str, bool]
) -> None:
    other = edited(asset)
    other.body["version"] = version
    put(client, other)
    assert state(client, asset) == expected
    assert state(client, asset, force=True) == (expected[0], True)


@pytest.mark.parametrize("signed", [True, False])
def test_what_somebody_edited_is_kept(client: Elasticsearch, asset: Asset, signed: bool) -> None:
    """Whether they took our digest along, as Kibana's forms do, or wrote their own from nothing."""
    body = edited(asset).body
    if signed:
        body["_meta"] = asset.signed["_meta"]
    put_by_hand(client, asset, body)
    assert state(client, asset) == ("edited", False)
    assert state(client, asset, force=True) == ("edited", True)
    assert compare(client, asset).difference
    put(client, asset)
    assert state(client, asset) == ("same", False)


def test_what_was_put_by_hand_from_our_files_is_the_same(
    client: Elasticsearch, asset: Asset
) -> None:
    put_by_hand(client, asset, asset.body)
    assert state(client, asset) == ("same", False)


def test_a_difference_names_what_somebody_added(client: Elasticsearch, index: str) -> None:
    asset = component(index)
    put(client, asset)
    body = deepcopy(asset.body)
    body["template"]["settings"]["codec"] = "best_compression"
    body["template"]["mappings"]["properties"]["mine"]["ignore_above"] = 9
    put_by_hand(client, asset, body)
    try:
        assert compare(client, asset).difference == [
            "- template.mappings.properties.mine.ignore_above = 9",
            "- template.settings.index.codec = best_compression",
        ]
    finally:
        client.cluster.delete_component_template(name=index)
