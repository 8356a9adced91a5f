"""Thumbnails and pictures of what is indexed, and of what was."""

import hashlib
import io
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from PIL import Image

from es_jina.server.keys import Keys, add_key
from tests.ingest.files import damaged_page_pdf, truncated
from tests.server.running import Running, running
from tests.server.web.colours import Colours
from tests.server.web.painted_index import painted_picture, ref_of

RED, BLUE, WHITE = (8, 0, 0), (0, 0, 8), (8, 8, 8)


def shown(server: Running, address: str, **more: Any) -> Image.Image:
    answer = server.get(address, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return Image.open(io.BytesIO(answer.content))


def cell(picture: Image.Image, row: int, column: int) -> tuple[int, ...]:
    """Return the colour in the middle of a cell, without the JPEG's noise."""
    at = int((column + 0.5) / 5 * picture.width), int((row + 0.5) / 4 * picture.height)
    pixel = picture.getpixel(at)
    assert isinstance(pixel, tuple)
    return tuple(round(value / 32) for value in pixel)


def refused(server: Running, address: str, status: int = 404) -> str:
    answer = server.get(address)
    assert answer.status_code == status, answer.text
    detail: str = answer.json()["detail"]
    assert "\n" not in detail
    return detail


class Shelf:
    """Documents of the test's own in the shared index."""

    def __init__(self, client: Elasticsearch, index: str) -> None:
        self._client = client
        self._index = index
        self.refs: list[str] = []

    def documents(self, *told: dict[str, Any]) -> list[str]:
        refs = [f"own {os.urandom(4).hex()}" for _ in told]
        operations = [
            each
            for ref, fields in zip(refs, told, strict=True)
            for each in ({"index": {"_id": ref}}, fields)
        ]
        answer = self._client.bulk(index=self._index, operations=operations, refresh=True)
        assert not answer["errors"]
        self.refs += refs
        return refs

    def file(self, path: Path, content: bytes | None = None, **fields: Any) -> str:
        """Put a document of a file as it is now, or as if it had held something."""
        told = path.read_bytes() if content is None else content
        source = {"uri": path.as_uri(), "sha256": hashlib.sha256(told).hexdigest()}
        source["mime"] = "application/pdf" if path.suffix == ".pdf" else "image/png"
        (ref,) = self.documents({"kind": "image", "source": source, **fields})
        return ref

    def clear(self) -> None:
        for ref in self.refs:
            self._client.delete(index=self._index, id=ref)


@pytest.fixture
def shelf(client: Elasticsearch, painted: str) -> Any:
    made = Shelf(client, painted)
    yield made
    made.clear()


def test_both_sizes(gallery: Running, client: Elasticsearch, painted: str) -> None:
    page = ref_of(client, painted, "paper.pdf", 2)
    for place, size in (("thumbnails", (320, 256)), ("pictures", (1400, 1120))):
        picture = shown(gallery, f"/{place}/{page}?index={painted}")
        assert picture.size == size
        assert [cell(picture, 3, 0), cell(picture, 0, 1)] == [BLUE, WHITE]
    image = ref_of(client, painted, "picture.png")
    for place, size in (("thumbnails", (320, 256)), ("pictures", (400, 320))):
        picture = shown(gallery, f"/{place}/{image}")  # one index is served
        assert picture.size == size
        assert [cell(picture, 1, 2), cell(picture, 3, 4)] == [RED, BLUE]
    second = shown(gallery, f"/thumbnails/{ref_of(client, painted, 'scan.tiff', 2)}")
    assert (second.size, cell(second, 0, 0)) == ((120, 90), (0, 0, 0))


def test_what_is_known_is_not_sent_again(
    gallery: Running, client: Elasticsearch, painted: str
) -> None:
    ref = ref_of(client, painted, "photo.jpg")
    first = gallery.get(f"/thumbnails/{ref}")
    assert first.headers["Cache-Control"] == "private, max-age=60"
    tag = first.headers["ETag"]
    again = gallery.get(f"/thumbnails/{ref}", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    large = gallery.get(f"/pictures/{ref}", headers={"If-None-Match": tag})
    assert large.status_code == 200
    assert large.headers["ETag"] != tag


def test_only_what_was_indexed_is_shown(gallery: Running, shelf: Shelf, tmp_path: Path) -> None:
    path = painted_picture(tmp_path / "a.png")
    (tmp_path / "kept.png").write_bytes(path.read_bytes())
    address = f"/thumbnails/{shelf.file(path)}"
    tag = gallery.get(address).headers["ETag"]
    before = path.stat()

    def check(told: str) -> None:
        assert told in refused(gallery, address)
        answer = gallery.get(address, headers={"If-None-Match": tag})
        assert answer.status_code == 404

    path.unlink()
    check("there is no such file")
    # As long, and as old.
    path.write_bytes(path.with_name("kept.png").read_bytes()[:-1] + b"x")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    check("has changed since it was indexed: ingest it again")
    path.unlink()
    secret = tmp_path / "secret.png"
    Image.new("RGB", (10, 10), "red").save(secret)
    path.symlink_to(secret)
    check("has changed since it was indexed")
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    check("which does not exist")
    path.unlink()
    path.mkdir()
    check("a folder, not a file")
    path.rmdir()
    os.mkfifo(path)
    check("a pipe, not a file")
    path.unlink()
    path.symlink_to("/dev/zero")
    check("a device, not a file")
    path.unlink()
    shutil.copy(path.with_name("kept.png"), path)
    assert gallery.get(address).headers["ETag"] == tag


def test_what_is_broken_is_told(gallery: Running, shelf: Shelf, tmp_path: Path) -> None:
    pages = damaged_page_pdf(tmp_path / "hole.pdf", "here", None, "there")
    (tmp_path / "no.pdf").write_bytes(b"%PDF-1.7 nothing")
    (tmp_path / "no.png").write_bytes(b"nothing")
    for ref, told in (
        (shelf.file(truncated(tmp_path / "half.png")), "image file is truncated"),
        (shelf.file(tmp_path / "no.png"), "not a picture in a format that can be read"),
        (shelf.file(tmp_path / "no.pdf", kind="page", page=1), "the PDF is damaged"),
        (shelf.file(pages, kind="page", page=2), "page 2 is damaged"),
        (shelf.file(pages, kind="page", page=4), "there is no page 4: the PDF has 3"),
        (shelf.file(pages, kind="page", page=2**31 - 1), "there is no page"),
    ):
        for place in ("thumbnails", "pictures"):
            detail = refused(gallery, f"/{place}/{ref}")
            assert detail.startswith("there is no picture of this: ")
            assert told in detail
    assert shown(gallery, f"/thumbnails/{shelf.file(pages, kind='page', page=3)}").size == (
        240,
        320,
    )


def test_what_has_no_picture_says_why(
    gallery: Running, client: Elasticsearch, painted: str, shelf: Shelf, tmp_path: Path
) -> None:
    path = painted_picture(tmp_path / "a.png")
    told = {"uri": path.as_uri(), "sha256": "0" * 64}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"kind": "text", "source": told}, "it is a text"),
        ({"kind": ["page"], "source": told}, "it is a text"),
        ({"source": told}, "it is a text"),
        ({"kind": "image"}, "it does not say what it was made of"),
        ({"kind": "image", "source": {"uri": path.as_uri()}}, "does not say what it was made of"),
        ({"kind": "page", "source": told}, "it does not say which page it is"),
        ({"kind": "page", "page": 0, "source": told}, "it does not say which page it is"),
        ({"kind": "page", "page": "1", "source": told}, "it does not say which page it is"),
        # Nobody has read the file who does not know its digest.
        ({"kind": "image", "source": told}, "has changed since it was indexed"),
        *(
            ({"kind": "image", "source": {**told, "uri": uri}}, "its source is no file of its own")
            for uri in (
                "file:///a.csv#7",
                "file:///\ud800",
                "stdin:abc",
                "es://a/b",
                "a.png",
                "file://host/a.png",
            )
        ),
        ({"kind": "image", "source": {**told, "uri": "file:///%00"}}, "names no file"),
        ({"kind": "image", "source": {**told, "uri": "file:///" + "a" * 5000}}, "cannot be read"),
        (
            {"kind": "image", "source": {**told, "uri": "https://example.org/a.png"}},
            "it is on the web: start the server with --allow-image-urls",
        ),
    ]
    refs = shelf.documents(*(fields for fields, _ in cases))
    for ref, (fields, why) in zip(refs, cases, strict=True):
        assert why in refused(gallery, f"/thumbnails/{ref}"), fields
    note = ref_of(client, painted, "note.md")
    assert refused(gallery, f"/pictures/{note}") == "there is no picture of this: it is a text"
    gone = ref_of(client, painted, "gone.png")
    assert "there is no such file (any more)" in refused(gallery, f"/thumbnails/{gone}")


def test_only_served_indices_are_looked_at(gallery: Running, painted: str) -> None:
    for ref in ("unknown", "a/b", "%2e%2e%2fetc%2fpasswd", "x" * 600, "%00", "%ff"):
        assert f"the index '{painted}' has no document" in refused(gallery, f"/thumbnails/{ref}")
    for name in ("other", f"{painted}-000001", "*", ""):
        assert "is not served here" in refused(gallery, f"/pictures/a?index={name}")
    assert gallery.get("/thumbnails/").status_code == 404
    assert gallery.post("/thumbnails/a").status_code == 405


def test_a_key_is_asked_for(client: Elasticsearch, painted: str, tmp_path: Path) -> None:
    key = add_key(tmp_path / "keys", "page")
    ref = ref_of(client, painted, "picture.png")
    keys = Keys(tmp_path / "keys")
    with running(Colours(), client=client, indices=(painted,), keys=keys) as server:
        for place in ("thumbnails", "pictures"):
            assert server.get(f"/{place}/{ref}").status_code == 401
        assert server.post("/v1/explain", {"ref": ref, "query": "red"}).status_code == 401
        headers = {"Authorization": f"Bearer {key}"}
        assert shown(server, f"/thumbnails/{ref}", headers=headers).size == (320, 256)


def test_public_thumbnails_need_no_key_and_tell_nothing(
    client: Elasticsearch, painted: str, tmp_path: Path
) -> None:
    key = add_key(tmp_path / "keys", "page")
    ref, note = (ref_of(client, painted, name) for name in ("picture.png", "note.md"))
    gone = ref_of(client, painted, "gone.png")
    shows: dict[str, Any] = {
        "client": client,
        "indices": (painted,),
        "keys": Keys(tmp_path / "keys"),
    }
    with running(Colours(), public_thumbnails=True, **shows) as server:
        # As the picture in a page of Kibana is asked for: from elsewhere, without Origin.
        page = {"Referer": "https://kibana.example/", "Sec-Fetch-Site": "cross-site"}
        answer = server.get(f"/thumbnails/{ref}?index={painted}", headers=page)
        assert Image.open(io.BytesIO(answer.content)).size == (320, 256)
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        forbidding = {"cross-origin-resource-policy", "x-frame-options", "content-security-policy"}
        assert not forbidding & {name.lower() for name in answer.headers}
        tag = {"If-None-Match": answer.headers["ETag"]}
        assert server.get(f"/thumbnails/{ref}", headers=tag).status_code == 304
        for other in (f"{ref}?index=other", "none", note, gone, "..%2fv1%2findices", ""):
            refusal = server.get(f"/thumbnails/{other}")
            assert refusal.status_code == 404
            assert refusal.json()["detail"].startswith(
                ("there is no such picture", "no such route")
            )
            assert painted not in refusal.text
        for path in (f"/pictures/{ref}", "/v1/indices", f"/thumbnails?ref={ref}", "/metrics"):
            assert server.get(path).status_code == 401
        assert server.post(f"/thumbnails/{ref}").status_code == 401
        assert shown(server, f"/pictures/{ref}", headers={"Authorization": f"Bearer {key}"})


def test_a_list_of_a_hundred(gallery: Running, client: Elasticsearch, painted: str) -> None:
    refs = [ref_of(client, painted, "paper.pdf", page) for page in (1, 2)] * 50
    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(gallery.get, f"/thumbnails/{ref}") for ref in refs]
        query = gallery.post("/v1/embeddings", {"model": "colours", "input": ["red"]})
        answers = [each.result() for each in asked]
    assert query.status_code == 200
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 2
