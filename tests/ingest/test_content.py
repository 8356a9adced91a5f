"""What a file is, by its content."""

import io
import os
import socket
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from es_jina.errors import ItemError
from es_jina.ingest.content import file_candidate, read_file, stdin_source
from es_jina.ingest.sources import RecordsError, Source
from es_jina.inputs import Image as ImageInput
from es_jina.pictures import open_picture

from .files import heic, pdf, picture, truncated, unprivileged


def read(path: Path) -> Source | None:
    return file_candidate(str(path)).read()


def source_of(path: Path) -> Source:
    source = read(path)
    assert source is not None
    return source


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ItemError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


# Kinds


@pytest.mark.parametrize(
    ("suffix", "mime"),
    [
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("webp", "image/webp"),
        ("tiff", "image/tiff"),
        ("gif", "image/gif"),
        ("bmp", "image/bmp"),
        ("avif", "image/avif"),
        ("heic", "image/heic"),
    ],
)
@pytest.mark.parametrize("name", ["no-suffix", "wrong.txt", "wrong.pdf", "wrong.jsonl"])
def test_pictures_are_known_by_content(tmp_path: Path, suffix: str, mime: str, name: str) -> None:
    make = heic if suffix == "heic" else picture
    path = make(tmp_path / f"drawn.{suffix}").rename(tmp_path / name)
    source = source_of(path)
    assert (source.mime, source.image, source.text, source.pdf) == (mime, path, None, None)
    assert source.size == path.stat().st_size
    assert source.sha256 == sha256(path.read_bytes()).hexdigest()
    assert open_picture(ImageInput(path)).mode == "RGB"


def test_large_tiffs_of_either_byte_order(tmp_path: Path) -> None:
    Image.new("I;16B", (20, 20)).save(tmp_path / "big-endian.tif")
    Image.new("L", (20, 20)).save(tmp_path / "big.tif", big_tiff=True)
    for path in sorted(tmp_path.iterdir()):
        assert source_of(path).mime == "image/tiff"


def test_heic_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = heic(tmp_path / "a.heic")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert "pip install 'es_jina[heic]'" in refusal(path)


def test_a_truncated_picture_is_a_source_all_the_same(tmp_path: Path) -> None:
    # Only decoding shows that it is cut off; that is the render or embed stage's to say.
    assert source_of(truncated(tmp_path / "half.png")).mime == "image/png"


@pytest.mark.parametrize("name", ["report.pdf", "report.bin", "report.txt", "report.png"])
def test_a_pdf_is_known_by_content(tmp_path: Path, name: str) -> None:
    path = pdf(tmp_path / name, "hello")
    source = source_of(path)
    assert (source.mime, source.pdf, source.title) == ("application/pdf", path, "report")
    assert source.sha256 == sha256(path.read_bytes()).hexdigest()


def test_a_pdf_may_begin_with_rubbish(tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", "hello")
    content = path.read_bytes()
    for before in (b"\r\n", b"\xef\xbb\xbf", b"\0\1\2 rubbish", b"HTTP/1.1 200 OK\r\n" * 30):
        assert source_of(written(path, before + content)).pdf == path


def test_a_text_about_pdf_is_none(tmp_path: Path) -> None:
    path = written(tmp_path / "a.md", "A PDF begins with `%PDF-1.7`.")
    assert source_of(path).mime == "text/markdown"


@pytest.mark.parametrize("text", ["BMW is a maker of cars.", "GIF89a is a format.", "RIFF and raff",
                                  "II* is not MM", "PAR is 1"])  # fmt: skip
def test_texts_that_begin_like_pictures(tmp_path: Path, text: str) -> None:
    assert source_of(written(tmp_path / "README", text)).text == text


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        ("a.md", "text/markdown"),
        ("a.TXT", "text/plain"),
        ("README", "text/plain"),
        ("a.zip", "text/plain"),
        ("a.log", "text/x-log"),
        ("a.py", "text/x-python"),
        ("settings.json", "application/json"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_texts(tmp_path: Path, name: str, mime: str, encoding: str) -> None:
    content = "Grüße\r\n".encode(encoding)
    source = source_of(written(tmp_path / name, content))
    assert (source.mime, source.text, source.size) == (mime, "Grüße\n", len(content))
    assert source.sha256 == sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("a.html", "<p>Body"),
        ("a.htm", "Body"),
        ("a", "\n<!-- saved --><!doctype HTML><title>T</title><p>Body"),
        ("a.txt", '<?xml version="1.0"?>\n<html xmlns="x"><p>Body</html>'),
        ("a.php", "<html><p>Body"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_html(tmp_path: Path, name: str, page: str, encoding: str) -> None:
    source = source_of(written(tmp_path / name, page.encode(encoding)))
    assert (source.mime, source.text) == ("text/html", "Body")


def test_html_in_an_encoding_of_its_own(tmp_path: Path) -> None:
    page = '<html><head><meta charset="shift_jis"></head><body>日本</body></html>'
    assert source_of(written(tmp_path / "a.html", page.encode("shift_jis"))).text == "日本"


def test_markdown_about_html_is_markdown(tmp_path: Path) -> None:
    source = source_of(written(tmp_path / "a.md", "The tag `<html>` begins a page."))
    assert source.mime == "text/markdown"


def test_the_start_of_a_page_is_sought_in_time(tmp_path: Path) -> None:
    path = written(tmp_path / "a", "<!-- x -->" * 400 + "<?x " * 100)
    started = time.monotonic()
    assert source_of(path).mime == "text/plain"
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("name", ["a.ndjson", "a.JSONL", "a.csv", "a.tsv", "a.parquet"])
@pytest.mark.parametrize("content", [b'{"a": 1}', b"a,b\n1,2\n", b"PAR1\0\0", b""])
def test_records_are_not_for_here(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(RecordsError, match=r"holds records: .* --text-field"):
        read(written(tmp_path / name, content))


def test_parquet_by_content(tmp_path: Path) -> None:
    with pytest.raises(RecordsError):
        read(written(tmp_path / "a", b"PAR1\0\0\0\0"))


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04 and more\x00\xff", b"\x7fELF\x02\x01\x01\x00", bytes(range(256)),
     b"text at first " * 400 + b"\0\1\2", b"\xffmore\x01"],
    ids=["zip", "elf", "all", "late", "control"],
)  # fmt: skip
def test_other_files_are_skipped(tmp_path: Path, content: bytes) -> None:
    assert read(written(tmp_path / "a.bin", content)) is None


@given(st.binary(min_size=1, max_size=40))
def test_any_content_is_a_source_skipped_or_named(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            source = stdin_source(io.BytesIO(content), Path(folder))
        except ItemError:
            return
        assert [source.text, source.image, source.pdf].count(None) == 2


# Titles


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("a.md", "Intro\n\n# The heading\n", "The heading"),
        ("some-long_name.txt", "word " * 50, "some long name"),
        ("read_file.py", "# a comment\n", "read_file.py"),
        ("a.html", "<title>The title</title><h1>Heading</h1>x", "The title"),
        ("a.html", "<h1>Heading</h1>x", "Heading"),
        ("a.html", "<p>One line", "One line"),
        ("red_bicycle-2.png", None, "red bicycle 2"),
        ("annual-report.pdf", None, "annual report"),
        ("--.png", None, "--"),
        (os.fsdecode(b"odd\xff.png"), None, "odd\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_titles(tmp_path: Path, name: str, content: str | None, title: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    elif path.suffix == ".pdf":
        pdf(path, "text")
    else:
        picture(tmp_path / "a.png").rename(path)
    assert source_of(path).title == title


# What cannot be read


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


# URIs


def test_uri_name_and_stamp(tmp_path: Path) -> None:
    path = written(tmp_path / "ein Grüß.txt", "abc")
    candidate = file_candidate(str(path))
    source = source_of(path)
    assert source.uri == candidate.uri == path.as_uri()
    assert source.uri.endswith("ein%20Gr%C3%BC%C3%9F.txt")
    assert source.name == candidate.name == str(path)
    assert source.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    status = path.stat()
    assert source.stamp == candidate.stamp
    assert source.stamp is not None
    assert (source.stamp.size, source.stamp.mtime) == (3, status.st_mtime_ns)


def test_names_with_odd_bytes_and_line_ends(tmp_path: Path) -> None:
    path = written(tmp_path / os.fsdecode(b"odd\xff\nname.txt"), "word " * 50)
    source = source_of(path)
    assert source.uri.endswith("odd%FF%0Aname.txt")
    assert source.title == "odd\N{REPLACEMENT CHARACTER} name"


# Standard input


def test_a_text_from_standard_input(tmp_path: Path) -> None:
    digest = sha256(b"# Hello\n").hexdigest()
    source = stdin_source(io.BytesIO(b"# Hello\n"), tmp_path)
    assert source.uri == f"stdin:{digest[:22]}"
    assert (source.name, source.title, source.text) == ("standard input", "Hello", "# Hello\n")
    assert (source.sha256, source.stamp, source.temporary) == (digest, None, False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [picture, pdf])
def test_a_file_from_standard_input(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    content = make(tmp_path / "a.png").read_bytes() if make is picture else b"%PDF-1.7"
    folder = tmp_path / "scratch"
    folder.mkdir()
    source = stdin_source(io.BytesIO(content), folder)
    kept = source.pdf or cast("Path", source.image)
    assert kept.read_bytes() == content
    assert (source.title, source.stamp, source.temporary) == ("standard input", None, True)
    source.discard()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\x7fELF\0\0", "neither a text nor a picture nor a PDF"),
        (b"PAR1\0\0", "neither a text nor a picture nor a PDF"),
    ],
)
def test_standard_input_that_is_nothing(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ItemError, match=message):
        stdin_source(io.BytesIO(content), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_standard_input_that_cannot_be_kept(tmp_path: Path) -> None:
    with pytest.raises(ItemError, match=r"cannot be kept in .*No such file"):
        stdin_source(io.BytesIO(b"x"), tmp_path / "gone")
