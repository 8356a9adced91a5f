"""The image of a record: a path, a URL, a data URI, base64 or bytes."""

import hashlib
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit
from urllib.request import url2pathname

import puremagic
import pybase64

from es_jina.errors import ItemError
from es_jina.ingest.hosts import Hosts
from es_jina.ingest.record_fields import MISSING
from es_jina.pictures import heif_type

# A picture from the web that is larger is not fetched.
MAX_BYTES = 50_000_000
# Longer than any path that can be opened.
_LONGEST_PATH = 4096
# What tells a picture, bytes.
_HEAD = 4096
# One letter before the colon is a drive of Windows.
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=\s]")

State = tuple[str | int, ...]
Load = Callable[[], Path | bytes]
Found = tuple[State, Load]


@dataclass(frozen=True, slots=True, eq=False)
class RecordImage:
    """A record's image, not opened yet.

    Attributes:
        field: its name.
        state: tells this image from another one.
        load: returns its file or its bytes, or raises :class:`~es_jina.errors.ItemError`.
    """

    field: str
    state: State
    load: Load

    def open(self) -> tuple[Path | bytes, int]:
        """Return its file or its bytes, and how many bytes that is.

        Raises:
            ItemError: it cannot be had, or is no picture.
        """
        try:
            image = self.load()
            return image, len(image) if isinstance(image, bytes) else image.stat().st_size
        except ItemError as error:
            raise ItemError(f"the image field {self.field!r}: {error}") from error
        except OSError as error:
            told = f"the image field {self.field!r}: cannot be read: {error.strerror}"
            raise ItemError(told) from error


def record_image(
    name: str, value: Any, folder: Path, hosts: Hosts | None = None
) -> RecordImage | None:
    """Say what an image field holds, without opening or fetching it.

    What is nothing of the kind is said when it is opened: there may be a text beside it.

    Args:
        name: of the field.
        value: of the field; of an object with `bytes` and `path`, the first that is given counts.
        folder: what paths are relative to.
        hosts: that images have been fetched from, or not.

    Returns:
        ``None`` where the field is missing or empty.
    """
    try:
        found = _found(value, folder, hosts)
    except ItemError as error:
        found = ("broken", str(error)), _failing(error)
    return None if found is None else RecordImage(name, *found)


def _failing(error: ItemError) -> Load:
    def load() -> bytes:
        raise error

    return load


def _found(value: Any, folder: Path, hosts: Hosts | None) -> Found | None:
    if isinstance(value, dict) and ("bytes" in value or "path" in value):
        value = value.get("bytes") or value.get("path")
    if value is MISSING or value is None:
        return None
    if isinstance(value, bytes):
        return _inline(value, "the bytes are no picture") if value else None
    if isinstance(value, str):
        told = value.strip()
        return _told(told, folder, hosts) if told else None
    raise ItemError(f"a {type(value).__name__}, not a path, a URL, a data URI, base64 or bytes")


def _told(told: str, folder: Path, hosts: Hosts | None) -> Found:
    """Tell the kinds of image texts apart."""
    if told[:5].lower() == "data:":
        return _data_uri(told)
    scheme = _SCHEME.match(told)
    if scheme is None:
        return _file(folder, told) or _base64(told)
    match scheme[1].lower():
        case "http" | "https":
            return ("url", told), lambda: _fetch(told, hosts)
        case "file":
            return _file_uri(told)
        case other:
            raise ItemError(f"{other}:// is not read; http, https, file and data are")


def _file(folder: Path, told: str) -> Found | None:
    """Return the file at a path; ``None`` where there is none."""
    if len(told) > _LONGEST_PATH:
        return None
    path = os.path.abspath(folder / told)  # noqa: PTH100 - resolve() asks the disk for each folder
    try:
        found = os.stat(path)  # noqa: PTH116 - the path is a text here
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        raise ItemError(f"{told!r} is no file")

    def checked() -> Path:
        with open(path, "rb") as file:  # noqa: PTH123 - the path is a text here
            if not _is_picture(file.read(_HEAD)):
                raise ItemError(f"{told!r} is no picture")
        return Path(path)

    return ("file", path, found.st_size, found.st_mtime_ns), checked


def _file_uri(told: str) -> Found:
    parts = urlsplit(told)
    if parts.netloc not in ("", "localhost"):
        raise ItemError(f"{told!r} is on another machine")
    found = _file(Path("/"), url2pathname(parts.path))
    if found is None:
        raise ItemError(f"there is no file {told!r}")
    return found


def _data_uri(told: str) -> Found:
    head, comma, body = told.partition(",")
    mime, *parameters = head[5:].split(";")
    if not comma:
        raise ItemError("a data URI without a comma has no data")
    if mime and not mime.lower().startswith(("image/", "application/octet-stream")):
        raise ItemError(f"a data URI of {mime[:40]}, not of a picture")
    content = unquote_to_bytes(body)
    if "base64" in (parameter.strip().lower() for parameter in parameters):
        decoded = _decoded(content.decode("latin-1"))
        if decoded is None:
            raise ItemError("the base64 of its data URI is damaged")
        content = decoded
    return _inline(content, "its data URI holds no picture")


def _base64(told: str) -> Found:
    tried = (
        f"{_short(told)!r} is no file that is there, no URL, no data URI and no base64 of a picture"
    )
    content = _decoded(told)
    if not content:
        raise ItemError(tried)
    return _inline(content, tried)


def _decoded(told: str) -> bytes | None:
    """Decode base64, with or without white space and padding; ``None`` where it is none."""
    if _NO_BASE64.search(told):
        return None
    packed = "".join(told.split()).rstrip("=")
    try:
        return pybase64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except ValueError:
        return None


def _inline(content: bytes, otherwise: str) -> Found:
    """Return a picture that came with the record.

    Args:
        content: of its file.
        otherwise: what is said where it turns out to be none.
    """

    def checked() -> bytes:
        if not _is_picture(content):
            raise ItemError(otherwise)
        return content

    return ("bytes", hashlib.sha256(content).hexdigest()), checked


def _is_picture(content: bytes) -> bool:
    """Tell a picture by how it begins; SVG is a drawing in words."""
    if heif_type(content) is not None:
        return True
    try:
        mime: str = puremagic.from_string(content[:_HEAD], mime=True)
    except (puremagic.PureError, ValueError):
        return False
    return mime.startswith("image/") and mime != "image/svg+xml"


def _fetch(url: str, hosts: Hosts | None) -> bytes:
    from es_jina.ingest.web import fetch, without_user

    shown = _short(without_user(url))
    try:
        content = fetch(url, limit=MAX_BYTES, hosts=hosts)
    except ItemError as error:
        raise ItemError(f"{error} ({shown})") from error
    if not _is_picture(content):
        raise ItemError(f"what is at {shown} is no picture")
    return content


def _short(told: str) -> str:
    return told if len(told) <= 100 else f"{told[:97]}..."
