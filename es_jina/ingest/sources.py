"""What is found, and what it turns out to be once it has been read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from es_jina.errors import ItemError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


class RecordsError(ItemError):
    """A file holds records, and nobody said which fields of them to embed."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of a file from another without reading it.

    Attributes:
        size: bytes.
        mtime: when it was last written, nanoseconds since 1970.
    """

    size: int
    mtime: int

    @property
    def modified(self) -> datetime | None:
        """When it was last written, UTC; ``None`` for a time that no calendar has."""
        try:
            return datetime.fromtimestamp(self.mtime / 1e9, UTC)
        except (ValueError, OverflowError, OSError):
            return None


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    r"""What one or more documents are made of: a file, a record, a web page, an indexed document.

    It has a text, an image or a PDF; a record may have a text and an image.

    Attributes:
        uri: names it in the index; the same source always has the same one.
        name: names it for people and in the dead-letter file.
        mime: its media type.
        sha256: of all that its documents are made of, hexadecimal.
        title: of its documents.
        size: bytes read for it.
        stamp: of its file; ``None`` where there is none.
        text: plain text or Markdown, line ends as ``\n``.
        image: a picture's file, or the bytes of one.
        broken_image: why the image beside a text cannot be had.
        pdf: a PDF's file.
        fields: further fields that its documents keep.
        temporary: the file of `image` or `pdf` is ours and goes when the source is done.
    """

    uri: str
    name: str
    mime: str
    sha256: str
    title: str
    size: int
    stamp: Stamp | None = None
    text: str | None = None
    image: Path | bytes | None = None
    broken_image: ItemError | None = None
    pdf: Path | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    temporary: bool = False

    def discard(self) -> None:
        """Remove the files that were made for it."""
        if self.temporary:
            for file in (self.pdf, self.image):
                if isinstance(file, Path):
                    file.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """Something found that may become documents; it has not been read yet.

    Attributes:
        uri: as its source's will be.
        name: as its source's will be.
        stamp: of its file; where the index knows that state, it is not read at all.
        read: reads it; ``None`` for a kind that is not ingested.
            Raises :class:`RecordsError` where it holds records, and any other
            :class:`~es_jina.errors.ItemError` where it cannot be read.
        sha256: of its source, where it is known before it is read: where the index has that state,
            it is not read at all.
        held: bytes that it keeps in memory.
    """

    uri: str
    name: str
    stamp: Stamp | None
    read: Callable[[], Source | None]
    sha256: str | None = None
    held: int = 0


def scheme_of(target: str) -> str:
    """Return the scheme of an address in small letters, empty for a path.

    A path may hold ``://`` further on: an address can be the id of a record.
    """
    found = _SCHEME.match(target)
    return found[1].lower() if found else ""
