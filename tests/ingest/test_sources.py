import os
from pathlib import Path

import pytest

from es_jina.errors import ItemError, RequestError
from es_jina.ingest.sources import Kind, find_files, read_source

from .files import pdf, picture, truncated


def names(folder: Path, *paths: Path) -> list[str]:
    return [str(found.relative_to(folder)) for found in find_files(paths or (folder,))]


def test_files_come_sorted_and_hidden_ones_are_left_out(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", ".hidden.txt", "sub/c.txt", ".git/config.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert names(tmp_path) == ["a.md", "b.txt", "sub/c.txt"]


def test_a_hidden_file_that_is_named_is_found(tmp_path: Path) -> None:
    hidden = tmp_path / ".notes.txt"
    hidden.write_text("x")
    assert list(find_files([hidden])) == [hidden]


def test_a_file_named_twice_is_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("x")
    monkeypatch.chdir(tmp_path)
    assert list(find_files([Path(), Path("a.txt"), tmp_path])) == [tmp_path / "a.txt"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("x")
    (tmp_path / "sub" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert names(tmp_path) == ["sub/a.txt"]


def test_a_missing_path_is_named() -> None:
    with pytest.raises(RequestError, match="no file or folder 'nowhere/at/all'"):
        list(find_files([Path("nowhere/at/all")]))


@pytest.mark.parametrize(
    ("name", "kind", "mime"),
    [
        ("a.png", "image", "image/png"),
        ("a.jpg", "image", "image/jpeg"),
        ("a.webp", "image", "image/webp"),
        ("a.tiff", "image", "image/tiff"),
        ("a.gif", "image", "image/gif"),
        ("a.bmp", "image", "image/"),
    ],
)
def test_pictures_are_known_by_content(tmp_path: Path, name: str, kind: Kind, mime: str) -> None:
    written = picture(tmp_path / name)
    renamed = written.rename(tmp_path / "no-suffix")
    source = read_source(renamed)
    assert source is not None
    assert source.kind == kind
    assert source.mime.startswith(mime)


def test_a_pdf_is_known_by_content(tmp_path: Path) -> None:
    source = read_source(pdf(tmp_path / "report.bin", "hello"))
    assert source is not None
    assert (source.kind, source.mime) == ("pdf", "application/pdf")


@pytest.mark.parametrize(
    ("name", "mime"), [("a.md", "text/markdown"), ("a.TXT", "text/plain"), ("a.txt", "text/plain")]
)
def test_texts_are_known_by_name(tmp_path: Path, name: str, mime: str) -> None:
    (tmp_path / name).write_text("Grüße")
    source = read_source(tmp_path / name)
    assert source is not None
    assert (source.kind, source.mime) == ("text", mime)


def test_other_files_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and more")
    assert read_source(tmp_path / "a.zip") is None


def test_a_pipe_is_skipped_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert read_source(tmp_path / "pipe.txt") is None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", b"", "the file is empty"),
        ("empty.pdf", b"", "the file is empty"),
        ("fake.pdf", b"no header here", "not a PDF"),
        ("fake.png", b"no header here", "not a picture"),
    ],
)
def test_what_is_not_what_its_name_says_fails(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ItemError, match=message):
        read_source(tmp_path / name)


def test_a_broken_link_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nothing.txt")
    assert list(find_files([tmp_path])) == [tmp_path / "gone.txt"]
    with pytest.raises(ItemError, match="link"):
        read_source(tmp_path / "gone.txt")


def test_a_truncated_picture_is_a_source_all_the_same(tmp_path: Path) -> None:
    # Only decoding shows that it is cut off; that is the render or embed stage's to say.
    source = read_source(truncated(tmp_path / "half.png"))
    assert source is not None
    assert source.kind == "image"


def test_uri_and_digest(tmp_path: Path) -> None:
    path = tmp_path / "ein Grüß.txt"
    path.write_text("abc")
    source = read_source(path)
    assert source is not None
    assert source.uri.startswith("file:///")
    assert source.uri.endswith("ein%20Gr%C3%BC%C3%9F.txt")
    assert source.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
