"""The files that clients have added, kept where their documents' pictures are read from later."""

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from es_jina.errors import ItemError

# Nobody else on this machine needs to see them.
_PRIVATE = 0o700
_NEW = ".new-"
_DIGITS = 32  # of a digest


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is kept.

    Attributes:
        path: of it.
        new: whether it was not there before.
    """

    path: Path
    new: bool

    def drop(self) -> None:
        """Remove it, unless it was there before."""
        if self.new:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
                self.path.parent.rmdir()


class Uploads:
    """Files by their content: ``FOLDER/INDEX/DIGEST/NAME``.

    So a file keeps the name that its user knows, one of the same name with another content stands
    beside it, and the same content again is the same file.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made with the first file."""
        self._folder = folder
        self._place = re.compile(rf"{re.escape(str(folder))}/[^/]+/[0-9a-f]{{{_DIGITS}}}/")

    def keep(self, index: str, name: str, content: bytes) -> Kept:
        """Keep a content; its file appears there whole.

        Args:
            index: that it belongs to.
            name: of the file, one that is safe. Where the same content is there by another name
                with the same suffix, that one stays: it is the same document.
            content: all of it.

        Raises:
            ItemError: it cannot be kept.
        """
        folder = self._folder / index / hashlib.sha256(content).hexdigest()[:_DIGITS]
        try:
            for each in (self._folder, folder.parent, folder):
                each.mkdir(_PRIVATE, parents=True, exist_ok=True)
            path = _same_kind(folder, name) or folder / name
            new = not path.exists()
            if new or path.stat().st_size != len(content):
                _write(path, content)
        except OSError as error:
            with suppress(OSError):
                folder.rmdir()
            raise ItemError(f"the file cannot be kept: {error.strerror}") from error
        return Kept(path, new)

    def without_folders(self, text: str) -> str:
        """Return a text in which files that are kept go by their names alone."""
        return self._place.sub("", text)


def _same_kind(folder: Path, name: str) -> Path | None:
    """Return the file there, if any, that is read as one of a name would be."""
    suffix = Path(name).suffix.lower()
    there = (each for each in sorted(folder.iterdir()) if not each.name.startswith("."))
    return next((each for each in there if each.suffix.lower() == suffix), None)


def _write(path: Path, content: bytes) -> None:
    """Write a file that only we may read; it is there whole, or not at all."""
    descriptor, scratch = tempfile.mkstemp(prefix=_NEW, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
