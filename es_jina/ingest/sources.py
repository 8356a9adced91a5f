"""Finding files and saying what they are."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import puremagic

from es_jina.errors import ItemError, RequestError

Kind = Literal["text", "image", "pdf"]

TEXT_SUFFIXES = {".md": "text/markdown", ".markdown": "text/markdown", ".txt": "text/plain"}
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp"})
# Readers look for it there: some rubbish may stand before the header (ISO 32000-1, H.3.4.1).
_PDF_HEADER_WITHIN = 1024


@dataclass(frozen=True, slots=True)
class Source:
    """One file.

    Attributes:
        path: where it is, absolute.
        kind: text, image or pdf.
        mime: its media type.
        sha256: of its bytes.
        modified: when it was last written, UTC.
    """

    path: Path
    kind: Kind
    mime: str
    sha256: str
    modified: datetime

    @property
    def uri(self) -> str:
        """The file URI, which names the source in the index."""
        return self.path.as_uri()


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files, sorted within each folder; hidden ones are left out unless named.

    Raises:
        RequestError: a path does not exist.
    """
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise RequestError(f"there is no file or folder {str(path)!r}")
        for file in _walk(path) if path.is_dir() else [path]:
            absolute = Path(os.path.abspath(file))  # noqa: PTH100 - keeps a link's own name
            if absolute not in seen:
                seen.add(absolute)
                yield absolute


def _walk(folder: Path) -> Iterator[Path]:
    """Walk a tree without following links to folders, so a loop of links ends nowhere."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(root) / name


def read_source(path: Path) -> Source | None:
    """Say what a file is, by its content; ``None`` for a kind that is not ingested.

    Raises:
        ItemError: it is empty, cannot be read, or is not what its name says.
    """
    try:
        if path.is_symlink() and not path.exists():
            raise ItemError(f"a link to {path.readlink()}, which does not exist")
        if not path.is_file():
            return None
        content = path.read_bytes()
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise ItemError(f"cannot be read: {error.strerror}") from error
    if not content:
        raise ItemError("the file is empty")
    found = _kind_and_mime(path, content)
    if found is None:
        return None
    kind, mime = found
    return Source(path, kind, mime, hashlib.sha256(content).hexdigest(), modified)


def _kind_and_mime(path: Path, content: bytes) -> tuple[Kind, str] | None:
    suffix = path.suffix.lower()
    if b"%PDF-" in content[:_PDF_HEADER_WITHIN]:
        return "pdf", "application/pdf"
    if suffix == ".pdf":
        raise ItemError("not a PDF: the header %PDF- is missing")
    mime = _image_mime(content)
    if mime:
        return "image", mime
    if suffix in IMAGE_SUFFIXES:
        raise ItemError(f"not a picture: the content does not fit the name's {suffix}")
    if suffix in TEXT_SUFFIXES:
        return "text", TEXT_SUFFIXES[suffix]
    return None


def _image_mime(content: bytes) -> str | None:
    try:
        mime: str = puremagic.from_string(content[:4096], mime=True)
    except (puremagic.PureError, ValueError):
        return None
    known = ("png", "jpeg", "webp", "tiff", "gif", "bmp", "x-ms-bmp")
    return mime if mime.partition("/")[2] in known and mime.startswith("image/") else None
