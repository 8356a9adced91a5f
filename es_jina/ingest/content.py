"""Reading files: what they are by their content, and what becomes of them."""

import codecs
import hashlib
import os
import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote_from_bytes

from es_jina.errors import ItemError
from es_jina.ingest.decoding import UTF16_BOMS, decode, title_of
from es_jina.ingest.opening import file_status, opened
from es_jina.ingest.records import record_format
from es_jina.ingest.sources import Candidate, RecordsError, Source, Stamp
from es_jina.pictures import heif_type, require_heic

# Texts are held in memory, several times over while they are decoded and cut.
MAX_TEXT_BYTES = 50_000_000
# A parsed page takes some 80 bytes of memory for each of its own.
MAX_HTML_BYTES = 10_000_000

PDF = "application/pdf"
HTML = "text/html"
HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
IMAGE_SUFFIXES = frozenset({
    ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".heic", ".heif", ".avif",
})  # fmt: skip
# Names that promise a text. All others are texts if their content is one.
TEXT_TYPES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".rst": "text/x-rst",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".log": "text/x-log",
    ".json": "application/json",
    ".xml": "text/xml",
    ".svg": "text/xml",
    ".yaml": "text/yaml",
    ".yml": "text/yaml",
    ".toml": "text/x-toml",
    ".ini": "text/x-ini",
    ".css": "text/css",
    ".js": "text/javascript",
    ".ts": "text/x-typescript",
    ".py": "text/x-python",
    ".java": "text/x-java",
    ".c": "text/x-c",
    ".h": "text/x-c",
    ".cpp": "text/x-c++",
    ".go": "text/x-go",
    ".rs": "text/x-rust",
    ".sh": "text/x-sh",
    ".sql": "text/x-sql",
    ".tex": "text/x-tex",
}
# Of these the first words make a title; of code and logs they would not.
_PROSE = frozenset({"text/plain", "text/markdown", "text/x-rst"})

_HEAD = 4096
_BLOCK = 1 << 20
# Readers look for it there: some rubbish may stand before the header (ISO 32000-1, H.3.4.1).
_PDF_HEADER = re.compile(rb"%PDF-")
_PDF_HEADER_WITHIN = 1024 + len(b"%PDF-")
_PICTURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    # The second number is that of files beyond 4 GB.
    (re.compile(rb"II[*+]\0|MM\0[*+]"), "image/tiff"),
    # A text may begin so too; these have a zero in their first numbers.
    (re.compile(rb"GIF8[79]a(?=.{0,12}\0)", re.DOTALL), "image/gif"),
    (re.compile(rb"BM.{4}\0{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL), "image/bmp"),
)
# What may come before a page's first tag. Python 3.11.2 is wrong about possessive quantifiers, so
# what would be one pattern is two.
_BEFORE_HTML = re.compile(r"\s+|<!--.*?-->|<\?[^>]*>", re.DOTALL)
_HTML_START = re.compile(r"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
# What no text in any encoding holds, but for one with two bytes a character.
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def file_candidate(path: str) -> Candidate:
    """Look at a file without opening it.

    Args:
        path: absolute; a text, for there may be a million of them.

    Raises:
        ItemError: it is gone, a broken link, no file, or cannot be looked at.
    """
    stamp = _stamp(file_status(path))
    # As Path.as_uri() says, in a third of the time.
    uri, name = f"file://{quote_from_bytes(os.fsencode(path))}", name_of(path)
    return Candidate(uri, name, stamp, partial(_read_found, path, uri, name))


def _read_found(path: str, uri: str, name: str) -> Source | None:
    return read_file(Path(path), uri, name)


def read_file(
    path: Path, uri: str, name: str, *, title: str | None = None, charset: str | None = None
) -> Source | None:
    """Read a file: its text, or the digest of a picture or a PDF.

    Args:
        path: of the file; its suffix says what it should be.
        uri: of the source.
        name: of the source.
        title: where the content has none; by default the words of the file's name.
        charset: of a text or a page, as the server says.

    Returns:
        ``None`` for what is neither a text nor a picture nor a PDF.

    Raises:
        RecordsError: it holds records.
        ItemError: it is empty, too large, not what its name says, cannot be read, or is being
            written.
    """
    title = title or words_of(path.stem)
    with opened(path) as (file, status):
        before = _stamp(status)
        head = file.read(_HEAD)
        mime = _mime(head, path)
        if mime is None:
            return None
        if mime == PDF or mime.startswith("image/"):
            digest, content = _digest(file, head, before.size), b""
        else:
            content = _content(file, head, before.size, mime)
            digest = hashlib.sha256(content).hexdigest()
        if _stamp(path.stat()) != before:
            raise ItemError("changed while it was read; run again")
    source = Source(uri, name, mime, digest, title, before.size, before)
    if mime == PDF:
        return replace(source, pdf=path)
    if mime.startswith("image/"):
        return replace(source, image=path)
    return _with_text(source, content, path, charset)


def picture_or_text(path: Path) -> Path | str:
    """Return the path of a file that is a picture, the text of any other as it is, markup and all.

    Raises:
        ItemError: it is a PDF, neither a picture nor a text, empty, too large, not what its name
            says, or cannot be read.
    """
    suffix = path.suffix.lower()
    with opened(path) as (file, status):
        head = file.read(_HEAD)
        if _is_pdf(head, suffix):
            raise ItemError("a PDF: `es-jina ingest` embeds its pages")
        if _picture(head) is not None:
            return path
        if not head:
            raise ItemError("the file is empty")
        _check_claim(head, suffix)
        if not _may_be_text(head):
            raise ItemError(f"neither a picture nor a text: its content is {_told(head)}")
        return decode(_content(file, head, status.st_size, "text/plain"))


def read_temporary(
    path: Path, uri: str, name: str, *, title: str, charset: str | None = None
) -> Source | None:
    """Read a file of our own, as :func:`read_file` does; records are of no kind here.

    It is removed, at once or, where pages are to be made of it, when its source is discarded.

    Raises:
        ItemError: as there.
    """
    needed = False
    try:
        source = read_file(path, uri, name, title=title, charset=charset)
        if source is None:
            return None
        needed = source.text is None
        return replace(source, stamp=None, temporary=needed)
    except RecordsError:
        return None
    finally:
        if not needed:
            path.unlink(missing_ok=True)


def stdin_source(stream: BinaryIO, folder: Path) -> Source:
    """Read standard input to its end.

    Args:
        stream: of bytes.
        folder: where a file is made for a picture or a PDF, until the source is discarded.

    Raises:
        ItemError: as :func:`read_file`, or it is of a kind that is not ingested.
    """
    name = "standard input"
    path = folder / "stdin"
    try:
        with path.open("wb") as file:
            shutil.copyfileobj(stream, file, _BLOCK)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise ItemError(f"cannot be kept in {str(folder)!r}: {error.strerror}") from error
    source = read_temporary(path, "", name, title=name)
    if source is None:
        raise ItemError("neither a text nor a picture nor a PDF")
    return replace(source, uri=f"stdin:{source.sha256[:22]}")


def name_of(path: str) -> str:
    """Return the path, or its URI where it holds bytes that are no text and no file could keep."""
    return path if path.isascii() or _readable(path) == path else Path(path).as_uri()


def words_of(stem: str) -> str:
    """Make a title of a file's name; bytes of it that are no text are marked as such."""
    name = _readable(stem)
    return " ".join(name.replace("_", " ").replace("-", " ").split()) or name


def _readable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime_ns)


def _mime(head: bytes, path: Path) -> str | None:
    """Say what a file is by its first bytes; ``None`` for what is not ingested.

    Raises:
        RecordsError: it holds records.
        ItemError: it is empty, or not what its name says.
    """
    suffix = path.suffix.lower()
    if _is_pdf(head, suffix):
        return PDF
    picture = _picture(head)
    if picture is not None:
        return picture
    if record_format(path) is not None:
        raise RecordsError("holds records: say what to embed with --text-field or --image-field")
    if not head:
        raise ItemError("the file is empty")
    _check_claim(head, suffix)
    if suffix in HTML_SUFFIXES or _is_html(head):
        return HTML
    if suffix in TEXT_TYPES or _may_be_text(head):
        return TEXT_TYPES.get(suffix, "text/plain")
    return None


def _check_claim(head: bytes, suffix: str) -> None:
    """Refuse a file that is neither, by the name of a picture or a PDF.

    Raises:
        ItemError: it goes by such a name.
    """
    if suffix == ".pdf" or suffix in IMAGE_SUFFIXES:
        claimed = "PDF" if suffix == ".pdf" else "picture"
        raise ItemError(f"not a {claimed}: it goes by {suffix}, but its content is {_told(head)}")


def _is_pdf(head: bytes, suffix: str) -> bool:
    found = _PDF_HEADER.search(head, 0, _PDF_HEADER_WITHIN)
    if found is None:
        return False
    # A text about PDF is none.
    before = head[: found.start()].removeprefix(codecs.BOM_UTF8).strip()
    return not before or suffix == ".pdf" or not _may_be_text(head)


def _picture(head: bytes) -> str | None:
    """Return the media type of a picture.

    Raises:
        ItemError: it is HEIC, and the library for that is missing.
    """
    mime = next((mime for start, mime in _PICTURES if start.match(head)), heif_type(head))
    if mime == "image/heic":
        require_heic()
    return mime


def _is_html(head: bytes) -> bool:
    encoding = "utf-16" if head.startswith(UTF16_BOMS) else "utf-8-sig"
    text, place = head.decode(encoding, "replace"), 0
    while before := _BEFORE_HTML.match(text, place):
        place = before.end()
    return _HTML_START.match(text, place) is not None


def _may_be_text(head: bytes) -> bool:
    """Say whether a file that begins so may be a text, in whatever encoding."""
    if head.startswith(UTF16_BOMS):
        return True
    if b"\0" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return not _CONTROL.search(head)
    return True


def _told(head: bytes) -> str:
    """Name a kind of content for people."""
    if _is_html(head):
        return "HTML"
    if _may_be_text(head):
        return "text"
    import puremagic

    try:
        return f"that of: {puremagic.magic_string(head)[0].name}"
    except (puremagic.PureError, ValueError):
        return "of an unknown kind"


def _digest(file: BinaryIO, head: bytes, size: int) -> str:
    """Return the SHA-256 of a file, read no further than it was long."""
    digest = hashlib.sha256(head)
    left = size - len(head)
    while left > 0 and (block := file.read(min(_BLOCK, left))):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest()


def _content(file: BinaryIO, head: bytes, size: int, mime: str) -> bytes:
    """Return all of a text.

    Raises:
        ItemError: it is too large.
    """
    limit = MAX_HTML_BYTES if mime == HTML else MAX_TEXT_BYTES
    if size > limit:
        kind = "page" if mime == HTML else "text"
        raise ItemError(
            f"a {kind} of {size / 1e6:,.1f} MB, over the limit of {limit / 1e6:.0f} MB: split it"
        )
    return head + file.read(max(size - len(head), 0))


def _with_text(source: Source, content: bytes, path: Path, charset: str | None) -> Source | None:
    """Decode a text; ``None`` where it turns out to be none and its name promised none."""
    if source.mime == HTML:
        from es_jina.ingest.html import html_to_markdown

        title, text = html_to_markdown(content, charset)
        return replace(source, title=title or title_of(text, source.title), text=text)
    try:
        text = decode(content, charset)
    except ItemError:
        if path.suffix.lower() not in TEXT_TYPES and _CONTROL.search(content):
            return None
        raise
    if source.mime in _PROSE:
        return replace(source, title=title_of(text, source.title), text=text)
    return replace(source, title=_readable(path.name), text=text)
