"""``es-jina kibana`` as a user types it, against a real Elasticsearch and doubles of the rest."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from elasticsearch import Elasticsearch
from pytest_httpserver import HTTPServer

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.node import Node
from es_jina.elastic.vectors import dense_base64
from es_jina.kibana.console import VECTOR
from tests.kibana.dev_tools import read
from tests.kibana.kibana_double import KibanaDouble
from tests.kibana.library import library as library_of
from tests.kibana.scripts_double import ScriptsDouble
from tests.kibana.test_needs import ENTERPRISE

from .shell import Inside


@pytest.fixture
def scripts(node: Node) -> Iterator[ScriptsDouble]:
    with ScriptsDouble(node.url) as running:
        yield running


@pytest.fixture
def kibana(httpserver: HTTPServer) -> KibanaDouble:
    return KibanaDouble(httpserver)


@pytest.fixture(scope="module")
def library(client: Elasticsearch, capabilities: Capabilities) -> Iterator[str]:
    with library_of(client, capabilities) as index:
        yield index


@pytest.fixture
def es_jina(
    tmp_path: Path,
    scripts: ScriptsDouble,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Inside:
    """Against a basic licence, with search templates."""
    return Inside(tmp_path, scripts.url, monkeypatch, capfd)


@pytest.fixture
def cluster_is(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the cluster be taken for another."""

    def change(told: Capabilities) -> None:
        monkeypatch.setattr(Capabilities, "detect", lambda client, *, fields=True: told)

    return change


def objects(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "saved-objects.ndjson").read_bytes().splitlines()
    return [json.loads(line) for line in lines]


def test_what_is_exported_runs_from_top_to_bottom(
    es_jina: Inside, library: str, scripts: ScriptsDouble, tmp_path: Path
) -> None:
    told = es_jina("kibana", "export", "--index", library, "--server", "https://jina.example")
    folder = tmp_path / f"{library}-kibana"
    assert f"Wrote {library}-kibana/" in told
    assert f"search template {library}-words: runs here" in told
    assert f"search template {library}-rrf: it does not run here, for it takes the inf" in told
    assert "ES|QL nearest: it does not run here, for it takes ES|QL" in told
    requests = read((folder / "console.txt").read_text("utf-8"))
    for request in requests:
        answer = httpx.request(request.method, scripts.url + request.path, json=request.body)
        assert answer.status_code == 200, (request, answer.text)
    assert list(scripts.stored) == [
        f"{library}-{name}" for name in ("words", "hybrid-vector", "pages-vector")
    ]
    assert "https://jina.example/thumbnails/" in json.dumps(objects(folder))
    assert library in (folder / "README.md").read_text("utf-8")


def test_every_exported_body_is_put_as_it_lies(
    es_jina: Inside, library: str, scripts: ScriptsDouble, tmp_path: Path
) -> None:
    es_jina("kibana", "export", "--index", library, "--output", "deep/folder")
    bodies = sorted((tmp_path / "deep" / "folder" / "search").glob("*.json"))
    assert len(bodies) == 9
    for body in bodies:
        url = f"{scripts.url}/_scripts/{library}-{body.stem}"
        assert httpx.put(url, json=json.loads(body.read_text("utf-8"))).status_code == 200
    vector = np.zeros(128, np.float32)
    vector[3] = 1
    params = {"q": 'the "pump"\n}}', "query_vector": dense_base64(vector), "size": 2}
    called = {"id": f"{library}-hybrid-vector", "params": params}
    found = httpx.post(f"{scripts.url}/{library}/_search/template", json=called).json()
    assert found["hits"]["hits"][0]["_id"] == "pump"
    assert len(found["hits"]["hits"]) == 2
    assert scripts.found[-1]["query"]["bool"]["should"][0]["multi_match"]["query"] == params["q"]


def test_the_vector_that_a_search_prints_is_the_one_to_be_put_in(
    es_jina: Inside,
    index: str,
    checkpoint: Path,
    scripts: ScriptsDouble,
    kibana: KibanaDouble,
    tmp_path: Path,
) -> None:
    es_jina("setup", index, "--model", checkpoint, "--dims", 128, "--multi-vector", "none")
    (tmp_path / "fox.txt").write_text("The quick brown fox.")
    es_jina("ingest", index, tmp_path / "fox.txt")
    es_jina("kibana", "export", "--index", index)
    text = (tmp_path / f"{index}-kibana" / "console.txt").read_text("utf-8")
    assert "--mode dense --print-request" in text.replace("\n# ", " ")
    printed = es_jina(
        "search", index, "quick fox", "--mode", "dense", "--print-request", errors=False
    )
    (search,) = read(printed)
    vector = search.body["knn"]["query_vector"]
    assert len(base64.b64decode(vector)) == 4 * 128
    es_jina("kibana", "install", "--index", index, "--kibana", kibana.url)
    called = {"id": f"{index}-hybrid-vector", "params": {"q": "fox", "query_vector": vector}}
    found = httpx.post(f"{scripts.url}/{index}/_search/template", json=called).json()
    (hit,) = found["hits"]["hits"]
    # Both sides have found it: a neighbour adds 15 to 30 to its words.
    assert hit["_score"] > 15
    assert VECTOR in text


def test_install_puts_all_in_place_once(
    es_jina: Inside, library: str, scripts: ScriptsDouble, kibana: KibanaDouble
) -> None:
    install = ("kibana", "install", "--index", library, "--kibana", kibana.url)
    planned = es_jina(*install, "--dry-run")
    assert f"search template {library}-words: would be put" in planned
    assert f"saved objects would go to {kibana.url}" in planned
    assert (scripts.stored, kibana.objects()) == ({}, [])
    told = es_jina(*install)
    assert f"search template {library}-words: put" in told
    assert f"search template {library}-rrf: not put: it does not run here" in told
    assert f"{len(kibana.objects())} saved objects are in {kibana.url}" in told
    assert {kind for kind, _ in kibana.objects()} == {"index-pattern", "search", "dashboard"}
    before = kibana.objects()
    again = es_jina(*install)
    assert f"search template {library}-words: already there" in again
    assert kibana.objects() == before


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--kibana", "http://127.0.0.1:9"), 4, "cannot be reached"),
        (("--space", "nowhere"), 4, "Kibana has no space 'nowhere'"),
        (("--api-key", "d3Jvbmc="), 4, "answered 401"),
        (("--space", ".."), 2, "no space of Kibana can have the id '..'"),
        (("--kibana", "garbage", "--dry-run"), 2, "Kibana's address 'garbage' is not an address"),
        (("--server", "http://u:p@h"), 2, "leave user and password out of it"),
    ],
)
def test_nothing_is_put_while_kibana_is_not_as_told(
    es_jina: Inside,
    library: str,
    scripts: ScriptsDouble,
    kibana: KibanaDouble,
    options: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    kibana.writers = frozenset({"ApiKey a2V5"})
    install = ("kibana", "install", "--index", library, "--kibana", kibana.url, "--api-key", "a2V5")
    assert told in es_jina(*install, *options, code=code)
    assert (scripts.stored, kibana.objects()) == ({}, [])


def test_a_template_that_somebody_edited_stays(
    es_jina: Inside, library: str, scripts: ScriptsDouble, kibana: KibanaDouble
) -> None:
    install = ("kibana", "install", "--index", library, "--kibana", kibana.url)
    es_jina(*install)
    name = f"{library}-words"
    edited = json.loads(scripts.stored[name]["source"])
    edited["query"]["multi_match"]["fields"] = ["text"]
    scripts.stored[name]["source"] = json.dumps(edited)
    assert f"{name}: edited by somebody, kept" in es_jina(*install)
    assert json.loads(scripts.stored[name]["source"]) == edited
    shown = es_jina(*install, "--dry-run", "--force")
    assert f"{name}: would be replaced" in shown
    assert "- script.source.query.multi_match.fields.0 = text" in shown
    assert f"{name}: replaced" in es_jina(*install, "--force")
    assert json.loads(scripts.stored[name]["source"]) != edited


def test_kibana_is_signed_in_to_as_elasticsearch_is(
    es_jina: Inside, library: str, kibana: KibanaDouble
) -> None:
    pair = base64.b64encode(b"anna:secret").decode()
    kibana.writers = frozenset({f"Basic {pair}", "ApiKey a2V5"})
    kibana.spaces = frozenset({"default", "search"})
    install = ("kibana", "install", "--index", library, "--kibana", kibana.url)
    assert "answered 401" in es_jina(*install, code=4)
    es_jina(*install, "--username", "anna", "--password", "secret")
    es_jina(*install, "--api-key", "a2V5", "--space", "search")
    assert kibana.objects("search") == kibana.objects() != []
    told = es_jina(*install, "--api-key", "a2V5", "--space", "nowhere", code=4)
    assert "Kibana has no space 'nowhere'" in told


def test_a_cluster_without_mustache_gets_the_rest(
    es_jina: Inside, library: str, node: Node, kibana: KibanaDouble
) -> None:
    install = ("kibana", "install", "--index", library, "--kibana", kibana.url, "--url", node.url)
    told = es_jina(*install)
    assert told.count("not put: it does not run here, for it takes search templates") == 9
    assert kibana.objects() != []
    exported = es_jina("kibana", "export", "--index", library, "--url", node.url)
    assert exported.count("runs here") == 0


def test_an_enterprise_licence_has_all(
    es_jina: Inside,
    library: str,
    scripts: ScriptsDouble,
    kibana: KibanaDouble,
    cluster_is: Callable[..., None],
) -> None:
    cluster_is(ENTERPRISE)
    told = es_jina("kibana", "install", "--index", library, "--kibana", kibana.url)
    assert len(scripts.stored) == 9
    # It has no inference API after all: nobody can say what the endpoints are.
    assert told.count("Warning: looking for the inference endpoint") == 2


def test_what_cannot_be_done_is_said_in_a_line(
    es_jina: Inside, library: str, tmp_path: Path
) -> None:
    assert "there is no index 'nowhere'" in es_jina(
        "kibana", "export", "--index", "nowhere", code=2
    )
    told = es_jina("kibana", "export", "--index", f"{library}-000001", code=2)
    assert f"is the index behind the alias {library!r}: give --index {library}" in told
    (tmp_path / "file").write_text("")
    told = es_jina("kibana", "export", "--index", library, "--output", "file/folder", code=2)
    assert told.startswith("Error: ")
    told = es_jina("kibana", "export", "--index", library, "--server", "jina.example", code=2)
    assert "the server's address 'jina.example'" in told
    assert "Missing option '--kibana'" in es_jina("kibana", "install", "--index", library, code=2)
