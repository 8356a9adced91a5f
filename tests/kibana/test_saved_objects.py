"""What is imported: that it holds together, and that the index has what it names."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.errors import RequestError
from es_jina.kibana.saved_object import CORE_MIGRATION_VERSION, TYPE_MIGRATION_VERSIONS
from es_jina.kibana.saved_objects import saved_objects, to_ndjson
from tests.kibana.conftest import PROFILE

Object = dict[str, Any]
SERVER = "https://jina.example/found"
NAMES = ["data-view", "documents", "pages", "failures", "dashboard"]
# What Lens calls a document.
RECORDS = "___records___"


def objects(index: str = "docs", server: str | None = SERVER) -> dict[str, Object]:
    made = [
        json.loads(line)
        for line in to_ndjson(saved_objects(index, PROFILE, server)).split(b"\n")
        if line
    ]
    return dict(zip(NAMES, made, strict=True))


def inner(told: Any) -> Iterator[tuple[str, Any]]:
    """Give every attribute that is JSON in a string, by its name."""
    if isinstance(told, dict):
        for name, value in told.items():
            if isinstance(value, str) and re.search("JSON$|Map$|Filters$|Attrs$|Meta$", name):
                yield name, json.loads(value)
                yield from inner(json.loads(value))
            else:
                yield from inner(value)
    elif isinstance(told, list):
        for value in told:
            yield from inner(value)


def parsed(each: Object) -> dict[str, Any]:
    return dict(inner(each["attributes"]))


def queries(told: Any) -> Iterator[str]:
    """Give every query in Kibana's language."""
    if isinstance(told, dict):
        if told.keys() == {"query", "language"}:
            assert told["language"] == "kuery"
            yield told["query"]
        else:
            for value in told.values():
                yield from queries(value)
    elif isinstance(told, list):
        for value in told:
            yield from queries(value)


def fields_of(each: Object) -> set[str]:
    """Return every field that a session or a dashboard names."""
    told = [each["attributes"], *parsed(each).values()]
    named = {field for query in queries(told) for field in re.findall(r"([\w.]+):", query)}
    attributes = each["attributes"]
    named |= {*attributes.get("columns", ())} | {field for field, _ in attributes.get("sort", ())}
    for panel in parsed(each).get("panelsJSON", ()):
        named |= {column["sourceField"] for column in columns_of(panel).values()}
    return named - {RECORDS}


def columns_of(panel: Object) -> Object:
    state = panel["embeddableConfig"].get("attributes", {}).get("state")
    if state is None:
        return {}
    (layer,) = state["datasourceStates"]["formBased"]["layers"].values()
    columns: Object = layer["columns"]
    assert sorted(layer["columnOrder"]) == sorted(columns)
    return columns


def test_ids_stay_and_are_of_the_index_alone() -> None:
    made = objects()
    assert [each["id"] for each in made.values()] == [f"es-jina-docs-{name}" for name in NAMES]
    assert made == objects()
    others = {each["id"] for each in objects("docs-2").values()}
    assert not others & {each["id"] for each in made.values()}


@pytest.mark.parametrize("server", [SERVER, None])
def test_every_reference_leads_somewhere(server: str | None) -> None:
    made = objects(server=server)
    there = {(each["type"], each["id"]) for each in made.values()}
    for each in made.values():
        assert {(ref["type"], ref["id"]) for ref in each["references"]} <= there
        names = [ref["name"] for ref in each["references"]]
        assert len(names) == len({*names})
        # Every name that the attributes use, and no other.
        told = json.dumps(each["attributes"])
        for search in re.findall(r'indexRefName\\+": ?\\+"([^"\\]+)', told):
            assert search in names
        for panel in parsed(each).get("panelsJSON", ()):
            own = [name for name in names if name.startswith(f"{panel['panelIndex']}:")]
            asked = [
                ref["name"]
                for ref in panel["embeddableConfig"].get("attributes", {}).get("references", ())
            ]
            asked += [panel["panelRefName"]] if "panelRefName" in panel else []
            assert own == [f"{panel['panelIndex']}:{name}" for name in asked]


def test_versions_are_of_an_old_line() -> None:
    for each in objects().values():
        assert each["coreMigrationVersion"] == CORE_MIGRATION_VERSION == "8.8.0"
        assert each["typeMigrationVersion"] == TYPE_MIGRATION_VERSIONS[each["type"]]
        assert re.fullmatch(r"8\.\d+\.0", each["typeMigrationVersion"])


def test_a_dashboard_fits_together() -> None:
    panels = parsed(objects()["dashboard"])["panelsJSON"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridData"]
        assert at["i"] == panel["panelIndex"]
        assert at["x"] + at["w"] <= 48
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        taken |= cells
    assert len(taken) == 48 * max(y + 1 for _, y in taken)
    # What a chart shows is one of its columns.
    for panel in panels:
        if columns := columns_of(panel):
            shown = json.dumps(panel["embeddableConfig"]["attributes"]["state"]["visualization"])
            used = re.findall(
                r'"(?:\w*Accessor|columnId|metrics|primaryGroups|accessors)": \[?"(\w+)"', shown
            )
            assert sorted(used) == sorted(columns)


def test_pictures_and_links_need_the_server() -> None:
    view = parsed(objects("büro{{value}}")["data-view"])
    formats = view["fieldFormatMap"]
    name = "b%C3%BCro%7B%7Bvalue%7D%7D"
    assert formats["thumbnail"]["params"] | {"width": 0, "height": 0} == {
        "type": "img",
        "urlTemplate": f"{SERVER}/thumbnails/{{{{value}}}}?index={name}",
        "labelTemplate": "Picture of the page",
        "width": 0,
        "height": 0,
    }
    opened = f"{SERVER}/?index={name}&like={{{{value}}}}&open={{{{value}}}}"
    assert formats["open"]["params"]["urlTemplate"] == opened
    for address in (SERVER + "/", SERVER):
        assert objects(server=address) == objects()

    without = objects(server=None)
    view = parsed(without["data-view"])
    assert {*view["runtimeFieldMap"]} == {"source.link"}
    assert {*view["fieldFormatMap"]} == {"source.link", "source.size"}
    told = json.dumps(without)
    assert "thumbnail" not in told
    assert "jina.example" not in told
    assert without["documents"]["attributes"]["columns"] == ["title", "page", "kind", "source.uri"]


def test_the_address_is_one_that_kibana_can_show() -> None:
    with pytest.raises(RequestError, match=r"such as https://search\.example\.org"):
        saved_objects("docs", PROFILE, "https://a/{{x}}")


@pytest.fixture
def filled(client: Elasticsearch, capabilities: Capabilities, index: str) -> str:
    """The name of an index as it is set up, with a document that has vectors."""
    set_up(client, index, PROFILE, capabilities)
    document = {"ref": "a", "kind": "text", "embedding_128": [1, *[0] * 127]}
    document |= {"multi_vector": "AAAAAAAAAAAAAAAAAAAAAA==", "grid": [[0, 0]]}
    client.index(index=index, id="a", document=document, refresh=True)
    return index


def test_the_index_has_what_they_name(client: Elasticsearch, filled: str) -> None:
    made = objects(filled)
    view = made["data-view"]["attributes"]
    assert view["title"] == filled
    known = dict(client.field_caps(index=filled, fields="*")["fields"])
    assert "date" in known[view["timeFieldName"]]
    told = parsed(made["data-view"])
    known |= {name: {field["type"]: {}} for name, field in told["runtimeFieldMap"].items()}
    assert {*told["fieldFormatMap"], *told["fieldAttrs"]} <= known.keys()
    for each in made.values():
        assert fields_of(each) <= known.keys()
    for panel in parsed(made["dashboard"])["panelsJSON"]:
        for column in columns_of(panel).values():
            if column["operationType"] == "terms":
                (caps,) = known[column["sourceField"]].values()
                assert caps["aggregatable"]


def test_no_vectors_are_fetched(client: Elasticsearch, filled: str) -> None:
    hidden = {each["value"] for each in parsed(objects(filled)["data-view"])["sourceFilters"]}
    caps = client.field_caps(index=filled, fields="*")["fields"]
    kinds = {name: {*told} for name, told in caps.items()}
    vectors = {name for name, kind in kinds.items() if kind & {"dense_vector", "binary"}}
    assert vectors
    assert vectors <= hidden
    # As Discover asks: for all fields of the data view but those.
    shown = [name for name in kinds if name not in hidden and not name.startswith("_")]
    (hit,) = client.search(index=filled, source=False, fields=shown)["hits"]["hits"]
    assert hit["fields"] == {"ref": ["a"], "kind": ["text"]}


def test_the_views_own_fields(client: Elasticsearch, filled: str) -> None:
    """The small distribution runs no Painless: the scripts are only read."""
    mapped = client.field_caps(index=filled, fields="*")["fields"]
    told = parsed(objects(filled)["data-view"])
    assert {*told["runtimeFieldMap"]} == {"source.link", "thumbnail", "open"}
    for name, field in told["runtimeFieldMap"].items():
        assert name not in mapped
        assert field["type"] == "keyword"
        script = field["script"]["source"]
        read = {*re.findall(r"doc\['([^']+)'\]", script)}
        assert read
        for each in read:
            # A document of somebody else may lack it.
            assert f"doc['{each}'].size()" in script
            assert {*mapped[each]} == {"keyword"}
        assert (script.count("("), script.count("{")) == (script.count(")"), script.count("}"))
        assert script.count("emit(") == 1
