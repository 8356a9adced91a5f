"""Files that cannot be read, or change meanwhile."""

import os
import socket
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from es_jina.errors import ItemError
from es_jina.ingest.content import file_candidate, read_file

from .content import refusal, source_of, written
from .files import pdf, unprivileged


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", b"", "the file is empty"),
        ("empty.pdf", b"", "the file is empty"),
        ("empty.png", b"", "the file is empty"),
        ("empty", b"", "the file is empty"),
        ("a.pdf", b"words", "not a PDF: it goes by .pdf, but its content is text"),
        ("a.pdf", b"<!DOCTYPE html>Log in", "not a PDF: it goes by .pdf, but its content is HTML"),
        ("a.JPG", b"words", "not a picture: it goes by .jpg, but its content is text"),
        ("a.heic", b"\0\0\0\x18ftypisom\0\0\0\0isom", "not a picture: it goes by .heic, but"),
        ("a.png", b"PK\x03\x04\0\0", "not a picture: it goes by .png, but its content is that of:"),
        ("a.tif", b"\0\7\3\5", "its content is of an unknown kind"),
        ("a.txt", "Grüße".encode("latin-1"), "not utf-8 text (byte 2); save it as UTF-8"),
        ("README", "Grüße".encode("latin-1"), "not utf-8 text (byte 2); save it as UTF-8"),
        ("a.md", b"\0\1\2\xff", "not utf-8 text"),
        ("a.txt", b"text\0", "NUL"),
        ("a.html", b"<p>\0\0", "NUL"),
        ("blank.txt", b" \n\n ", "only white space"),
        ("a.html", b"<p> </p>", "the page holds no text"),
    ],
)  # fmt: skip
def test_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    assert message in refusal(written(tmp_path / name, content))


@pytest.mark.parametrize(
    ("name", "start", "message"),
    [
        ("a.txt", b"", "a text of 200.0 MB, over the limit of 50 MB: split it"),
        ("line", b"a" * 5000, "a text of 200.0 MB, over the limit of 50 MB: split it"),
        ("a.html", b"", "a page of 200.0 MB, over the limit of 10 MB: split it"),
    ],
)
def test_enormous_texts_are_not_read(tmp_path: Path, name: str, start: bytes, message: str) -> None:
    path = written(tmp_path / name, start)
    os.truncate(path, 200_000_000)
    refusal(written(tmp_path / "empty.txt", b""))  # imports what it needs
    tracemalloc.start()
    assert refusal(path) == message
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_pictures_and_pdfs_are_never_held_in_memory(tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", "text")
    os.truncate(path, 50_000_000)
    tracemalloc.start()
    source = source_of(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert source.size == 50_000_000
    assert peak < 5_000_000


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(os.path.relpath(path))


def broken_link(path: Path) -> None:
    path.symlink_to("nothing.txt")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def device(path: Path) -> None:
    path.symlink_to(os.devnull)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (fifo, "a pipe, not a file"),
        (listening, "a socket, not a file"),
        (device, "a device, not a file"),
        (Path.mkdir, "a folder, not a file"),
        (broken_link, "a link to 'nothing.txt', which does not exist"),
        (link_to_itself, "cannot be read: Too many levels of symbolic links"),
        (lambda path: None, "there is no such file"),
    ],
)
def test_what_is_no_file(tmp_path: Path, make: Callable[[Path], None], message: str) -> None:
    path = tmp_path / "a.txt"
    make(path)
    assert message in refusal(path)
    with pytest.raises(ItemError, match=message.partition(" ")[0]):
        read_file(path, path.as_uri(), str(path))


def test_no_permission(open_folder: Path) -> None:
    path = written(open_folder / "closed.txt", "secret")
    path.chmod(0)
    refusal(written(open_folder / "empty.txt", b""))  # imports what it needs
    with unprivileged():
        assert refusal(path) == "cannot be read: Permission denied"


def test_deleted_between_finding_and_reading(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "text")
    candidate = file_candidate(str(path))
    path.unlink()
    with pytest.raises(ItemError, match="there is no such file"):
        candidate.read()
    fifo(path)
    with pytest.raises(ItemError, match="a pipe, not a file"):
        candidate.read()


def test_changed_between_finding_and_reading(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "text")
    candidate = file_candidate(str(path))
    written(path, "another text")
    source = candidate.read()
    assert source is not None
    # The source tells the state that was read, not the one that was found.
    assert source.text == "another text"
    assert source.stamp == file_candidate(str(path)).stamp != candidate.stamp


@pytest.mark.parametrize("start", [b"words ", b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n"])
def test_growing_while_it_is_read(tmp_path: Path, start: bytes) -> None:
    path = written(tmp_path / "a", start + b"x" * 20_000_000)
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab") as file:
            while not stop.is_set():
                file.write(b"more" * 100)
                file.flush()

    writing = threading.Thread(target=grow)
    writing.start()
    try:
        assert refusal(path) == "changed while it was read; run again"
    finally:
        stop.set()
        writing.join()
    assert source_of(path).size == path.stat().st_size
