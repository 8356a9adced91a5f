"""What cannot be added, and that nothing of it is left."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.errors import ProviderError
from es_jina.providers.local import LocalProvider
from es_jina.server.keys import Keys, add_key
from es_jina.server.limits import Limits
from es_jina.server.web import addition
from tests.ingest.files import picture, truncated
from tests.server.running import Running
from tests.server.web.adding import PATH, Added, adding


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.pdf", b"%PDF-1.4\nand then nothing", "PDF"),
        ("a.pdf", b"no PDF at all", "not a PDF: it goes by .pdf, but its content is text"),
        ("a.png", b"MZ\x90\0\x03\0\0\0", "not a picture: it goes by .png"),
        ("a.exe", b"MZ\x90\0\x03\0\0\0\x04", "neither a text nor a picture nor a PDF"),
        ("a.md", b"", "the file is empty"),
        ("a.md", b" \n ", "the file holds only white space"),
        ("a.csv", b"sku,about\n1,teapot\n", "text_field=FIELD"),
        ("a.html", b"<!doctype html><p></p>", ""),
    ],
)
def test_file_that_cannot_be_read(here: Added, name: str, content: bytes, told: str) -> None:
    assert told in here.failure(name, content)


def test_picture_that_is_cut_off(here: Added, tmp_path: Path) -> None:
    before = here.state()
    end = here.file("a.png", truncated(tmp_path / "a.png").read_bytes())[-1]
    assert (end["units"], [each["name"] for each in end["failed"]]) == (0, ["a.png (unit 1)"])
    assert here.state() == before


def test_records_without_such_a_field(here: Added) -> None:
    told = here.failure("shop.ndjson", b'{"about": "a teapot"}\n', text_field="body")
    assert told == "shop.ndjson: there is no field 'body'; there are: about"


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("?name=..", 400, "'..' names no file"),
        ("?name=", 400, "names no file"),
        ("", 422, "body"),
        ("?name=a.md&index=others", 404, "'others' is not served here"),
    ],
)
def test_what_is_not_begun(here: Added, query: str, status: int, told: str) -> None:
    before = here.state()
    answer = here.server.post(f"{PATH}{query}", b"# A text")
    assert answer.status_code == status
    assert told in answer.json()["detail"]
    assert here.state() == before


def test_model_that_fails(here: Added, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise ProviderError("the model is out of order", passing=False)

    monkeypatch.setattr(here.provider, "embed", fail)
    assert here.failure("a.md", b"# A text") == "the model is out of order"


def test_index_that_cannot_be_written(here: Added, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addition, "_RETRY_SECONDS", 0.1)
    name = f"{here.index}-000001"
    here.client.indices.put_settings(index=name, settings={"index.blocks.write": True})
    try:
        told = here.failure("a.md", b"# A text")
    finally:
        here.client.indices.put_settings(index=name, settings={"index.blocks.write": None})
    assert told == f"the index {here.index!r} cannot be written: the log of the server says why"


def test_error_of_the_server_tells_nothing_of_the_file(
    here: Added, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("Zebrafinken")

    monkeypatch.setattr(addition, "Ingest", broken)
    assert here.failure("a.md", b"# A text") == "an error of the server; its log tells where"
    assert "Zebrafinken" not in caplog.text


def test_where_nothing_may_be_added(web: Running) -> None:
    answer = web.post(f"{PATH}?name=a.md", b"# A text")
    assert (answer.status_code, answer.json()["code"]) == (403, "AUTHZ_RESOURCE_LIMIT_EXCEEDED")
    assert "`es-jina serve --add`" in answer.json()["detail"]


@pytest.fixture(scope="module")
def narrow(
    client: Elasticsearch,
    provider: LocalProvider,
    here: Added,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Added]:
    """A server with a key that takes little, and fetches from public addresses alone."""
    folder = tmp_path_factory.mktemp("narrow")
    key = add_key(folder / "keys", "me")
    settings = {
        "keys": Keys(folder / "keys"),
        "limits": Limits(body_bytes=3_000, image_pixels=50 * 50),
        "allow_image_urls": True,
    }
    with adding(client, provider, here.index, folder / "uploads", **settings) as added:
        added.server.client.headers["Authorization"] = f"Bearer {key}"
        yield added


def test_nothing_is_added_without_a_key(narrow: Added) -> None:
    before = narrow.state()
    nobody = {"Authorization": "Bearer nobody"}
    answer = narrow.server.post(f"{PATH}?name=a.md", b"# A text", headers=nobody)
    assert answer.status_code == 401
    assert narrow.state() == before


def test_limits_of_the_server(narrow: Added, tmp_path: Path) -> None:
    before = narrow.state()
    answer = narrow.server.post(f"{PATH}?name=a.md", b"a " * 2_000)
    assert answer.status_code == 413
    end = narrow.file("a.png", picture(tmp_path / "a.png").read_bytes())[-1]
    assert "120 x 90 pixels: over the limit" in end["failed"][0]["error"]
    answer = narrow.server.post(PATH, {"url": f"{narrow.server.url}/health"})
    assert (answer.status_code, "not on the public" in answer.json()["detail"]) == (400, True)
    assert narrow.state() == before
