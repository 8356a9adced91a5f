"""What a file is, by its content."""

import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from es_jina.ingest.sources import RecordsError
from es_jina.inputs import Image as ImageInput
from es_jina.pictures import open_picture

from .content import read, refusal, source_of, written
from .files import heic, pdf, picture, truncated


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
