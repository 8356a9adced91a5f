"""Opening files that may be anything by now, without waiting for what is none."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from es_jina.errors import ItemError


@contextmanager
def opened(path: Path) -> Iterator[tuple[BufferedReader, os.stat_result]]:
    """Open a file for reading, and look at what was opened.

    Raises:
        ItemError: it is not there, is no file, or cannot be read, in the block as well.
    """
    try:
        file_status(str(path))
        with os.fdopen(_open_without_waiting(path), "rb") as file:
            yield file, _regular(os.fstat(file.fileno()))
    except OSError as error:
        raise ItemError(f"cannot be read: {error.strerror}") from error


def file_status(path: str) -> os.stat_result:
    """Look at a file.

    Raises:
        ItemError: it is not there, is no file, or cannot be looked at.
    """
    try:
        return _regular(os.stat(path))  # noqa: PTH116 - a Path for each takes as long as the rest
    except FileNotFoundError:
        raise ItemError(_missing(path)) from None
    except OSError as error:
        raise ItemError(f"cannot be read: {error.strerror}") from error


def _missing(path: str) -> str:
    try:
        return f"a link to {str(Path(path).readlink())!r}, which does not exist"
    except OSError:
        return "cannot be read: there is no such file (any more)"


def _regular(status: os.stat_result) -> os.stat_result:
    """Return a file's status.

    Raises:
        ItemError: it is something else; reading it could wait for ever.
    """
    if stat.S_ISREG(status.st_mode):
        return status
    for is_kind, name in _NO_FILES:
        if is_kind(status.st_mode):
            raise ItemError(f"{name}, not a file")
    raise ItemError("a device, not a file")


_NO_FILES: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def _open_without_waiting(path: Path) -> int:
    """Open a file; a pipe that has come in its place keeps nobody waiting."""
    # Each of the two is known to some systems only.
    return os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
