"""Importing into Kibana, and what people hear when it does not work."""

import base64
import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Response

from es_jina.errors import ClusterError, KibanaError, RequestError
from es_jina.kibana.kibana_client import Kibana
from es_jina.kibana.saved_object import TYPE_MIGRATION_VERSIONS
from tests.kibana.kibana_double import LINES, KibanaDouble

FIVE = [
    ("dashboard", "es-jina-docs-dashboard"),
    ("index-pattern", "es-jina-docs-data-view"),
    ("search", "es-jina-docs-documents"),
    ("search", "es-jina-docs-failures"),
    ("search", "es-jina-docs-pages"),
]


def refused(kibana: Kibana, ndjson: bytes = b"") -> str:
    with pytest.raises(KibanaError) as caught:
        kibana.import_objects(ndjson)
    told = str(caught.value)
    assert "\n" not in told
    assert len(told) < 600
    return told


def changed(ndjson: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the file with its second object, the first session, changed."""
    lines = ndjson.splitlines(keepends=True)
    each = json.loads(lines[1])
    change(each)
    return b"".join([lines[0], json.dumps(each).encode() + b"\n", *lines[2:]])


@pytest.mark.parametrize("version", LINES)
def test_the_objects_come_in_and_come_again(
    kibana: KibanaDouble, ndjson: bytes, version: str
) -> None:
    kibana.version = version
    for _ in range(2):
        done = Kibana(kibana.url).import_objects(ndjson)
        done.check()
        assert (done.created, done.errors) == (5, [])
    assert kibana.objects() == FIVE


def test_they_are_as_old_as_the_line_that_they_name() -> None:
    assert LINES["8.9.0"] == TYPE_MIGRATION_VERSIONS


def test_into_a_space(kibana: KibanaDouble, ndjson: bytes) -> None:
    kibana.spaces = frozenset({"default", "buero_1"})
    inside = Kibana(kibana.url + "/", space="buero_1")
    inside.check()
    assert inside.import_objects(ndjson).created == 5
    assert (kibana.objects("buero_1"), kibana.objects()) == (FIVE, [])
    told = refused(Kibana(kibana.url, space="sales"), ndjson)
    assert told == (
        "Kibana has no space 'sales': give the id of one, as its address shows it behind /s/"
    )
    assert kibana.objects("sales") == []
    with pytest.raises(KibanaError, match="Kibana has no space 'sales'"):
        Kibana(kibana.url, space="sales").check()
    for space in ("..", ".", "", "a/b", "Sales", "büro", "a\n"):
        with pytest.raises(RequestError, match="no space of Kibana can have the id"):
            Kibana(kibana.url, space=space)


def test_a_space_that_is_not_the_one_asked_for(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/spaces/space/a").respond_with_json({"id": "default"})
    told = "was asked for the space 'a' and shows 'default'"
    with pytest.raises(KibanaError, match=told):
        Kibana(httpserver.url_for(""), space="a").check()
    httpserver.clear()
    httpserver.expect_request("/api/spaces/space/a").respond_with_json(["a"])
    with pytest.raises(KibanaError, match="is not Kibana"):
        Kibana(httpserver.url_for(""), space="a").check()


def test_signing_in(kibana: KibanaDouble, ndjson: bytes) -> None:
    pair = base64.b64encode("ann:pä:ss".encode()).decode()
    kibana.writers = frozenset({"ApiKey a2V5", f"Basic {pair}"})
    kibana.readers = frozenset({"ApiKey cmVhZA=="})
    assert Kibana(kibana.url, api_key="a2V5").import_objects(ndjson).created == 5
    assert Kibana(kibana.url, username="ann", password="pä:ss").import_objects(ndjson).created == 5
    for nobody in (Kibana(kibana.url), Kibana(kibana.url, username="ann", password="secret")):
        told = refused(nobody, ndjson)
        assert "401: Unauthorized; check the API key, or the user and the password" in told
        assert "secret" not in told + repr(nobody)
    told = refused(Kibana(kibana.url, api_key="cmVhZA=="), ndjson)
    assert "403: Unable to bulk_create dashboard,index-pattern,search; the user needs" in told
    assert "an API key or as a user" in refused(Kibana(kibana.url, api_key="a", username="b"))
    assert "line end" in refused(Kibana(kibana.url, api_key="a2V5\n"))


def test_a_kibana_that_is_too_old(kibana: KibanaDouble, ndjson: bytes) -> None:
    newer = changed(ndjson, lambda each: each.update(typeMigrationVersion="10.99.0"))
    told = refused(Kibana(kibana.url), newer)
    assert "422: Document " in told
    assert "belongs to a more recent version of Kibana [10.99.0]" in told
    assert told.endswith("the objects are for Kibana 8.9 and later")
    newest = changed(ndjson, lambda each: each.update(coreMigrationVersion="99.0.0"))
    assert "more recent version" in refused(Kibana(kibana.url), newest)
    assert kibana.objects() == []


def test_what_is_wrong_with_single_objects(kibana: KibanaDouble, ndjson: bytes) -> None:
    away = {"name": "x", "type": "index-pattern", "id": "gone"}
    done = Kibana(kibana.url).import_objects(
        changed(ndjson, lambda each: each["references"].append(away))
    )
    missing = "search 'docs: documents': it needs what is not there: index-pattern gone"
    # Kibana counts four, and has none.
    assert (done.created, done.errors, kibana.objects()) == (0, [missing], [])
    with pytest.raises(KibanaError, match="did not import all objects: search 'docs: documents'"):
        done.check()

    done = Kibana(kibana.url).import_objects(changed(ndjson, lambda each: each.update(type="new")))
    assert done.created == 4
    assert done.errors == [
        "new 'docs: documents': this Kibana has no objects of this type, or imports none"
    ]
    done = Kibana(kibana.url).import_objects(
        changed(ndjson, lambda each: each["attributes"].update(own=1))
    )
    assert done.errors == [
        "search 'docs: documents': [attributes.own]: definition for this key is missing"
    ]


def test_conflicts_are_told(httpserver: HTTPServer, ndjson: bytes) -> None:
    failures = [
        {"type": "search", "id": "a", "meta": {}, "error": {"type": "conflict"}},
        {"type": "search", "id": "b", "meta": {}, "error": {"type": "ambiguous_conflict"}},
    ]
    httpserver.expect_request("/api/saved_objects/_import").respond_with_json(
        {"success": False, "successCount": 3, "errors": failures}
    )
    done = Kibana(httpserver.url_for("")).import_objects(ndjson)
    assert done.created == 0
    assert done.errors == [
        "search 'a': it is there already",
        "search 'b': it could replace several that are there: delete all but one in Kibana",
    ]


def test_a_file_that_is_too_large_or_none(kibana: KibanaDouble, ndjson: bytes) -> None:
    kibana.most_bytes = 1000
    assert "savedObjects.maxImportPayloadBytes" in refused(Kibana(kibana.url), ndjson)
    kibana.most_bytes = 100_000
    assert "400: Unexpected token" in refused(Kibana(kibana.url), b"{")
    twice = "400: Non-unique import objects detected: [index-pattern:es-jina-docs-data-view]"
    assert twice in refused(Kibana(kibana.url), ndjson + ndjson)


def test_what_is_no_kibana_or_not_yet(kibana: KibanaDouble, httpserver: HTTPServer) -> None:
    kibana.ready = False
    told = refused(Kibana(kibana.url))
    assert "503: Kibana server is not ready yet; wait until its /api/status" in told
    kibana.ready = True
    assert "404: Not Found; give the base path" in refused(Kibana(f"{kibana.url}/kibana"))
    for answer in (
        Response("<html>", 404),
        Response("<html>", 302),
        Response("<html>", 200),
        Response("[]", 200),
        Response('{"ok": true}', 200),
    ):
        httpserver.clear()
        httpserver.expect_request("/api/saved_objects/_import").respond_with_response(answer)
        told = refused(Kibana(httpserver.url_for("")))
        assert f"(HTTP {answer.status_code}) is not Kibana: give Kibana's own address" in told


@pytest.mark.parametrize("headers", [{}, {"kbn-name": "double"}], ids=["proxy", "kibana"])
def test_a_redirect_is_told_and_not_followed(
    httpserver: HTTPServer, headers: dict[str, str]
) -> None:
    url = httpserver.url_for("/base")
    secure = url.replace("http:", "https:")
    for location, told in (
        (f"{secure}/api/spaces/space/default", f"(HTTP 302) sends to {secure}: give that address"),
        ("/login", f"sends to {httpserver.url_for('/login')}: give"),
    ):
        httpserver.clear()
        httpserver.expect_request("/base/api/spaces/space/default").respond_with_response(
            Response("", 302, {"Location": location, **headers})
        )
        with pytest.raises(KibanaError) as caught:
            Kibana(url, api_key="a2V5").check()
        assert told in str(caught.value)


def test_an_answer_without_a_sentence(httpserver: HTTPServer) -> None:
    answer = Response("", 500, {"kbn-name": "double"})
    httpserver.expect_request("/api/saved_objects/_import").respond_with_response(answer)
    url = httpserver.url_for("")
    assert refused(Kibana(url)) == f"Kibana at {url} answered 500"


def test_nobody_there() -> None:
    assert "cannot be reached" in refused(Kibana("http://127.0.0.1:1"))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secured(authority: trustme.CA) -> Iterator[KibanaDouble]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with HTTPServer("localhost", ssl_context=context) as server:
        yield KibanaDouble(server)


def test_tls(secured: KibanaDouble, authority: trustme.CA, tmp_path: Path, ndjson: bytes) -> None:
    ca_certs = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_certs)
    assert Kibana(secured.url, ca_certs=ca_certs).import_objects(ndjson).created == 5
    told = refused(Kibana(secured.url))
    assert "no secure connection to Kibana" in told
    assert "give the PEM file with its certificate authority" in told
    key = tmp_path / "key.pem"
    key.write_text("no certificate")
    assert f"{key} holds no certificate" in refused(Kibana(secured.url, ca_certs=key))
    gone = tmp_path / "gone.pem"
    assert "No such file" in refused(Kibana(secured.url, ca_certs=gone))


def test_https_where_there_is_none(kibana: KibanaDouble) -> None:
    told = refused(Kibana(kibana.url.replace("http:", "https:")))
    assert "no secure connection to Kibana" in told
    assert told.endswith("give http:// where it speaks plain HTTP")


def test_its_errors_are_those_of_the_cluster() -> None:
    assert issubclass(KibanaError, ClusterError)
    assert KibanaError.exit_code == 4


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"headers": {}}, 400, "Request must contain a kbn-xsrf header."),
        ({"files": {"file": ("objects.json", b"")}}, 400, "Invalid file extension .json"),
        ({"files": {"other": ("a.ndjson", b"")}}, 400, "[request body.file]: expected value"),
        ({"files": None, "content": b"{}"}, 415, "Unsupported Media Type"),
        ({"params": {"overwrite": "yes"}}, 400, "[request query.overwrite]: expected value"),
    ],
)
def test_the_double_refuses_what_kibana_refuses(
    kibana: KibanaDouble, change: dict[str, Any], status: int, words: str
) -> None:
    asked: dict[str, Any] = {
        "headers": {"kbn-xsrf": "x"},
        "files": {"file": ("a.ndjson", b"")},
        **change,
    }
    answer = httpx.post(f"{kibana.url}/api/saved_objects/_import", **asked)
    assert answer.status_code == status
    assert words in answer.json()["message"]


def test_the_double_replaces_nothing_unless_told(kibana: KibanaDouble, ndjson: bytes) -> None:
    Kibana(kibana.url).import_objects(ndjson)
    answer = httpx.post(
        f"{kibana.url}/api/saved_objects/_import",
        headers={"kbn-xsrf": "x"},
        files={"file": ("a.ndjson", ndjson)},
    ).json()
    assert {each["error"]["type"] for each in answer["errors"]} == {"conflict"}
    assert (answer["success"], len(answer["errors"])) == (False, 5)
