"""`POST /v1/sources`: what is added, where it is then, and how it is found."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pytest_httpserver import HTTPServer

from tests.ingest.files import damaged_page_pdf, pdf, picture
from tests.server.web.adding import PATH, Added

RECORDS = b'{"sku": 1, "about": "a copper teapot"}\n{"sku": 2, "about": "a steel kettle"}\n'


def test_lines_are_as_described(here: Added) -> None:
    described = here.server.get("/openapi.json").json()
    route = described["paths"][PATH]["post"]
    assert {*route["requestBody"]["content"]} == {"application/json", "application/octet-stream"}
    (lines,) = route["responses"]["200"]["content"].items()
    assert lines == (
        "application/x-ndjson",
        {"schema": {"$ref": "#/components/schemas/AddingEvent"}},
    )
    event = Draft202012Validator({"$ref": "#/components/schemas/AddingEvent", **described})
    for name, content in (("a.md", b"# Of mice"), ("a.pdf", b"none")):
        for each in here.file(name, content):
            event.validate(each)


def test_text_is_found_at_once(here: Added) -> None:
    *progress, end = here.file("notes.md", b"# Of frogs\n\nA green frog croaks.")
    assert progress[0] == {"event": "progress", "stage": "waiting", "done": 0, "of": 0}
    assert {each["event"] for each in progress} == {"progress"}
    found = here.server.post("/v1/search", {"query": "green frog"}).json()["hits"]
    assert found[0]["title"] == "Of frogs"
    refs = [found[0]["ref"]]
    source = here.document(refs[0])["source"]["uri"]
    told = {"units": 1, "refs": refs, "source": source, "unchanged": 0, "failed": []}
    assert end == {"event": "done", **told}


def test_picture_keeps_the_name_that_its_user_knows(here: Added, tmp_path: Path) -> None:
    content = picture(tmp_path / "a.png").read_bytes()
    (ref,) = here.file("C:\\photos\\Größe_東京.png", content)[-1]["refs"]
    document = here.document(ref)
    assert (document["title"], document["kind"]) == ("Größe 東京", "image")
    (path,) = [each for each in here.state()[0] if each.name == "Größe_東京.png"]
    assert path.as_uri() == document["source"]["uri"]
    assert path.parent.parent == here.folder / here.index
    assert path.read_bytes() == content


def test_pages_of_a_pdf(here: Added, tmp_path: Path) -> None:
    content = pdf(tmp_path / "a.pdf", "page one", "page two", "page three", title="The report")
    *progress, end = here.file("report.pdf", content.read_bytes())
    assert {each["of"] for each in progress} <= {0, 3}
    assert end["units"] == 3
    documents = [here.document(ref) for ref in end["refs"]]
    assert [each["page"] for each in documents] == [1, 2, 3]
    assert {each["title"] for each in documents} == {"The report"}


def test_page_that_cannot_be_drawn_fails_alone(here: Added, tmp_path: Path) -> None:
    content = damaged_page_pdf(tmp_path / "a.pdf", "first", None, "third").read_bytes()
    end = here.file("holed.pdf", content)[-1]
    assert end["units"] == len(end["refs"]) == 2
    assert [each["name"] for each in end["failed"]] == ["holed.pdf (unit 2)"]


def test_records(here: Added) -> None:
    end = here.file("shop.ndjson", RECORDS, text_field="about")[-1]
    assert (end["units"], end["failed"]) == (2, [])
    assert [here.document(ref)["text"] for ref in end["refs"]] == [
        "a copper teapot",
        "a steel kettle",
    ]


def test_same_content_again_is_not_embedded_again(here: Added) -> None:
    content = b"# Of owls\n\nA grey owl hoots."
    first = here.file("owls.md", content)[-1]
    before, calls = here.state(), len(here.provider.calls)
    for name in ("owls.md", "more owls.md"):
        again = here.file(name, content)[-1]
        assert again == first | {"units": 0, "unchanged": 1}
    assert (here.state(), len(here.provider.calls)) == (before, calls)


def test_same_name_with_another_content_stands_beside_it(here: Added) -> None:
    one, two = (
        here.file("bats.md", f"# Bats\n\nA {colour} bat.".encode())[-1]["refs"]
        for colour in ("brown", "pale")
    )
    assert here.found("brown bat") == one
    assert here.found("pale bat") == two


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("../../../etc/moles.md", "moles.md"),
        (".moles.md", "moles.md"),
        ("CON.md", "_CON.md"),
        ("moles\0\n.md", "moles.md"),
        pytest.param("m" * 300 + ".md", "m" * 252 + ".md", id="long"),
        ("-", "-"),
        ("es:mole[s]*?.md", "es_mole[s]__.md"),
    ],
)
def test_name_that_is_hostile_is_made_safe(here: Added, named: str, kept: str) -> None:
    files, count = here.state()
    end = here.file(named, f"Of moles {named!r}.".encode())[-1]
    assert (end["units"], end["failed"]) == (1, [])
    more, counted = here.state()
    ((path,), one) = set(more) - set(files), counted - count
    assert (path.name, one) == (kept, 1)
    assert path.parent.parent == here.folder / here.index
    assert path.as_uri() == here.document(end["refs"][0])["source"]["uri"]


def test_page_of_the_web(here: Added, httpserver: HTTPServer) -> None:
    assert here.server.get("/v1/indices").json()["can_add"] is True
    page = "<!doctype html><title>Ärger</title><p>Ein Käfer läuft.".encode("iso-8859-1")
    served = httpserver.expect_request("/käfer.pdf")
    served.respond_with_data(page, content_type="text/html; charset=iso-8859-1")
    files = here.state()[0]
    url = httpserver.url_for("/käfer.pdf")
    end = here.address(f"{url}#top")[-1]
    assert (end["units"], end["failed"], end["refs"]) == (1, [], here.found("ein Käfer"))
    document = here.document(end["refs"][0])
    assert (document["title"], document["source"]["uri"]) == ("Ärger", url)
    assert here.state()[0] == files
    assert here.address(url)[-1]["unchanged"] == 1


def test_picture_on_the_web(here: Added, httpserver: HTTPServer, tmp_path: Path) -> None:
    content = picture(tmp_path / "a.png").read_bytes()
    httpserver.expect_request("/red_dot").respond_with_data(content, content_type="image/png")
    (ref,) = here.address(httpserver.url_for("/red_dot"))[-1]["refs"]
    assert (here.document(ref)["title"], here.document(ref)["kind"]) == ("red dot", "image")


def test_address_that_cannot_be_had(here: Added, httpserver: HTTPServer) -> None:
    before = here.state()
    answer = here.server.post(PATH, {"url": httpserver.url_for("/none")})
    assert (answer.status_code, answer.json()["code"]) == (400, "INPUT_INVALID")
    assert "HTTP 500" in answer.json()["detail"]
    httpserver.expect_request("/a.bin").respond_with_data(b"\x00\x01\x02")
    url = httpserver.url_for("/a.bin")
    (failed,) = here.address(url)[-1]["failed"]
    assert failed == {"name": url, "error": "neither a text nor a picture nor a PDF"}
    assert here.state() == before
