import base64
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Response

from es_jina.errors import ItemError
from es_jina.ingest.record_fields import MISSING
from es_jina.ingest.record_images import record_image

from .files import heic, picture


@pytest.fixture
def png(tmp_path: Path) -> bytes:
    return picture(tmp_path / "a.png").read_bytes()


SVG = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'


def opened(value: Any, folder: Path) -> Path | bytes:
    found = record_image("photo", value, folder)
    assert found is not None
    image, size = found.open()
    assert size == (len(image) if isinstance(image, bytes) else image.stat().st_size)
    return image


def test_paths_are_relative_to_the_folder_of_the_records(tmp_path: Path, png: bytes) -> None:
    (tmp_path / "sub").mkdir()
    file = tmp_path / "a.png"
    assert opened("a.png", tmp_path) == file
    assert opened(" ../a.png\n", tmp_path / "sub") == file
    assert opened(str(file), Path("/nowhere")) == file
    assert opened(file.as_uri(), Path("/nowhere")) == file


def test_a_file_uri_is_decoded(tmp_path: Path) -> None:
    file = picture(tmp_path / "ein Grüß #1.png")
    assert opened(file.as_uri(), tmp_path) == file
    assert opened(file.as_uri().replace("file://", "file://localhost"), tmp_path) == file


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff", "gif", "bmp"])
def test_pictures_come_as_base64_data_uri_and_bytes(tmp_path: Path, suffix: str) -> None:
    content = picture(tmp_path / f"a.{suffix}").read_bytes()
    packed = base64.b64encode(content).decode()
    for value in (
        content,
        packed,
        packed.rstrip("="),
        base64.encodebytes(content).decode(),
        f"data:image/{suffix};base64,{packed}",
        f"DATA:image/{suffix};name=a;BASE64,{packed}",
        f"data:;base64,{packed.replace('+', '%2B').replace('/', '%2f')}",
        f"data:image/{suffix},{quote_from_bytes(content)}",
        {"bytes": content, "path": "nowhere.png"},
        {"bytes": None, "path": f"a.{suffix}"},
    ):
        image = opened(value, tmp_path)
        assert (image if isinstance(image, bytes) else image.read_bytes()) == content


def test_heic_comes_as_well(tmp_path: Path) -> None:
    file = heic(tmp_path / "a.heic")
    assert opened("a.heic", tmp_path) == file
    assert opened(file.read_bytes(), tmp_path) == file.read_bytes()


def test_the_file_wins_over_the_base64_that_its_name_may_be(tmp_path: Path) -> None:
    file = picture(tmp_path / "a.png").rename(tmp_path / "abcd")
    assert opened("abcd", tmp_path) == file


@pytest.mark.parametrize("value", [MISSING, None, "", "  ", b"", {"bytes": None, "path": None}])
def test_nothing_is_no_image(tmp_path: Path, value: Any) -> None:
    assert record_image("photo", value, tmp_path) is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "gone.png",
            "'gone.png' is no file that is there, no URL, no data URI and no base64 of a picture",
        ),
        ("x" * 5001, f"'{'x' * 97}...' is no file that is there"),
        ("bm8gcGljdHVyZQ==", "'bm8gcGljdHVyZQ==' is no file that is there"),
        ("sub", "'sub' is no file"),
        ("a\0b", "'a\\x00b' is no file that is there"),
        ("\ud800", "'\\ud800' is no file that is there"),
        ("s3://bucket/a.png", "s3:// is not read; http, https, file and data are"),
        ("file:///gone/a.png", "there is no file 'file:///gone/a.png'"),
        ("file://host/a.png", "'file://host/a.png' is on another machine"),
        ("data:text/plain,hello", "a data URI of text/plain, not of a picture"),
        ("data:image/png", "a data URI without a comma has no data"),
        ("data:image/png;base64,?!", "the base64 of its data URI is damaged"),
        ("data:image/png;base64,bm8gcGljdHVyZQ==", "its data URI holds no picture"),
        ("a.txt", "'a.txt' is no picture"),
        ("empty.png", "'empty.png' is no picture"),
        ("a.svg", "'a.svg' is no picture"),
        (f"data:image/svg+xml,{SVG}", "its data URI holds no picture"),
        (f'data:image/svg+xml,<?xml version="1.0"?>{SVG}', "its data URI holds no picture"),
        (b"no picture", "the bytes are no picture"),
        (7, "a int, not a path, a URL, a data URI, base64 or bytes"),
        (["a.png"], "a list, not a path"),
        ({"url": "x"}, "a dict, not a path"),
    ],
)
def test_what_is_no_picture_is_told_with_the_field(
    tmp_path: Path, value: Any, message: str
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_text("root:x:0:0:root:/root:/bin/bash\n")
    (tmp_path / "a.svg").write_text(SVG)
    (tmp_path / "empty.png").touch()
    with pytest.raises(ItemError) as raised:
        opened(value, tmp_path)
    assert str(raised.value).startswith(f"the image field 'photo': {message}")


@given(value=st.text() | st.binary() | st.text().map("data:".__add__))
def test_rubbish_is_an_item_error_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, value: str | bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "empty"
    folder.mkdir(exist_ok=True)
    try:
        found = record_image("photo", value, folder)
        if found is not None and found.state[0] != "url":
            found.open()
    except ItemError:
        pass


def test_a_url_is_fetched_when_it_is_opened(
    tmp_path: Path, png: bytes, httpserver: HTTPServer
) -> None:
    served = httpserver.expect_request("/a.png")
    served.respond_with_data(png, content_type="image/png")
    found = record_image("photo", httpserver.url_for("/a.png"), tmp_path)
    assert found is not None
    assert not httpserver.log
    assert found.state == ("url", httpserver.url_for("/a.png"))
    assert found.open() == (png, len(png))
    assert len(httpserver.log) == 1


def test_a_url_that_is_not_there_fails_with_the_field(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/a.png").respond_with_response(Response(status=404))
    with pytest.raises(ItemError, match=r"^the image field 'photo': HTTP 404 .*/a\.png\)$"):
        opened(httpserver.url_for("/a.png"), tmp_path)


def test_a_url_of_something_else_is_no_picture(tmp_path: Path, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a.png").respond_with_data("<p>Moved</p>", content_type="text/html")
    with pytest.raises(ItemError, match=r"'photo': what is at http://.*/a\.png is no picture$"):
        opened(httpserver.url_for("/a.png"), tmp_path)


@pytest.mark.parametrize("status", [200, 404])
def test_a_password_is_not_told(tmp_path: Path, httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/a.png").respond_with_response(Response("words", status))
    there = httpserver.url_for("/a.png")
    with pytest.raises(ItemError) as raised:
        opened(there.replace("//", "//me:secret@"), tmp_path)
    assert there in str(raised.value)
    assert "secret" not in str(raised.value)
