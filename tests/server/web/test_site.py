from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.providers.local import LocalProvider
from es_jina.server.keys import Keys, add_key
from tests.server.running import Running, running

PAGE = (files("es_jina.server") / "site" / "index.html").read_text("utf-8")


def test_page_is_served(web: Running) -> None:
    page = web.get("/")
    assert page.status_code == 200
    assert page.text == PAGE
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    assert web.get("/site/index.html").text == PAGE


def test_page_that_is_known_is_not_sent_again(web: Running) -> None:
    tag = web.get("/").headers["ETag"]
    known = web.get("/", headers={"If-None-Match": f'W/"other", {tag}'})
    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["ETag"] == tag
    assert web.get("/", headers={"If-None-Match": '"other"'}).text == PAGE


def test_head_has_no_body(web: Running) -> None:
    head = web.ask("HEAD", "/")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(PAGE.encode())


@pytest.mark.parametrize(
    "path",
    [
        "/site/",
        "/site/none.js",
        "/site/%2e%2e",
        "/site/%2e%2e/docs.html",
        "/site/..%2fdocs.html",
        "/site/..%5cdocs.html",
        "/site/%2fetc%2fpasswd",
        "/site//etc/passwd",
        "/site/index.html/",
        "/site/index.html%00.js",
        "/site/.hidden.js",
        "/site/INDEX.HTML",
        "/site/" + "a" * 5000 + ".js",
        "/site/%ff%fe.js",
    ],
)
def test_nothing_else_is_served(web: Running, path: str) -> None:
    refused = web.get(path)
    assert refused.status_code == 404
    assert refused.json()["code"] == "RESOURCE_NOT_FOUND"


def test_page_is_open_and_what_it_asks_is_not(
    client: Elasticsearch, provider: LocalProvider, searched: str, tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    add_key(file, "page")
    with running(provider, client=client, indices=(searched,), keys=Keys(file)) as server:
        for method in ("GET", "HEAD"):
            assert server.ask(method, "/").status_code == 200
            assert server.ask(method, "/site/index.html").status_code == 200
            assert server.ask(method, "/site/none.js").status_code == 404
        for path in ("/v1/indices", "/site", "/sites/x", "//site/index.html"):
            assert server.get(path).status_code == 401
        for method in ("POST", "PUT", "DELETE"):
            assert server.ask(method, "/").status_code == 401
            assert server.ask(method, "/site/index.html").status_code == 401


def test_texts_are_still_embedded_at_the_root(web: Running) -> None:
    answer: Any = web.post("/", {"inputs": "fox"})
    assert answer.status_code == 200


def test_its_address_is_said(web: Running, served: Running) -> None:
    assert web.said == [f"Ready at {web.url}; the search page is {web.url}/"]
    assert served.said == [f"Ready at {served.url}"]


def test_without_an_index_there_is_no_page(served: Running) -> None:
    assert served.get("/").status_code == 405
    for path in ("/site/index.html", "/v1/indices"):
        assert served.get(path).status_code == 404
