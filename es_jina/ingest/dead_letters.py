"""The dead-letter file: what failed and has not been mended since."""

import codecs
import os
import stat
from collections.abc import Iterable
from dataclasses import replace
from io import BufferedWriter
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from es_jina.errors import RequestError
from es_jina.ingest.prune import missing
from es_jina.ingest.report import Failure
from es_jina.ingest.retry import PLACE

Key = tuple[str, int | None]


class DeadLetters:
    """The dead-letter file of an index: one JSON object for each open failure.

    Failures are on disk as they happen, behind what earlier runs left. At the end the file is
    written anew, in one step: without the failures of sources that this run has brought in, and not
    at all where none is left.
    """

    def __init__(self, path: Path, retried: Iterable[Failure] = ()) -> None:
        """Read what is there.

        Args:
            path: of the file.
            retried: failures from another such file, whose attempts count.

        Raises:
            RequestError: nothing can be written there, or what is there is no dead-letter file.
        """
        # Where it is a link, what that leads to is written.
        self.path = path = Path(os.path.realpath(path))
        _check_file(path)
        _check_writable(path)
        earlier = read_dead_letters(path, "--dead-letter") if path.exists() else []
        self._attempts = {_key(failure): failure.attempts for failure in (*retried, *earlier)}
        self._open: dict[str, dict[int | None, Failure]] = {}
        for failure in earlier:
            self._keep(failure)
        self._failed: set[str] = set()  # by this run
        self._file: BufferedWriter | None = None

    def add(self, failure: Failure) -> Failure:
        """Append a failure; returned with its attempts counted.

        Raises:
            RequestError: it cannot be written, as where a disk is full.
        """
        counted = replace(failure, attempts=self._attempts.get(_key(failure), 0) + 1)
        try:
            if self._file is None:
                self._file = self.path.open("ab")
            self._file.write(orjson.dumps(counted, option=orjson.OPT_APPEND_NEWLINE))
            self._file.flush()
        except OSError as written:
            raise _unwritable(self.path, written.strerror) from written
        self._keep(counted)
        self._failed.add(counted.source)
        return counted

    def settle(self, source: str, failed: frozenset[int | None] = frozenset()) -> None:
        """Take away the older failures of a source that this run has been through.

        Args:
            source: by name.
            failed: the units of it that failed this time.
        """
        left = {unit: f for unit, f in self._open.pop(source, {}).items() if unit in failed}
        if left:
            self._open[source] = left

    def settle_places(self, files: Iterable[str]) -> None:
        """Take away older failures of records by their place, in files that were read anew.

        Such a record had no id when it failed. If it still has none, it has failed again.

        Args:
            files: by path.
        """
        for file in files:
            for source in [each for each in self._open if _is_place(each, file)]:
                if source not in self._failed:
                    del self._open[source]

    def settle_gone(self, roots: Iterable[Path]) -> None:
        """Take away failures of files below some folders that are not there any more."""
        folders = [root for root in roots if root.is_dir()]
        for source in [*self._open]:
            parts = source.split("#")  # PATH, or PATH#ID; either may hold more of these
            paths = [Path("#".join(parts[:count])) for count in range(1, len(parts) + 1)]
            below = any(folder in paths[0].parents for folder in folders)
            if below and all(map(missing, paths)):
                del self._open[source]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._file is not None:
                self._file.close()
            if self._open:
                self._rewrite()
            else:
                self.path.unlink(missing_ok=True)
        except OSError as written:
            if error is None:
                raise _unwritable(self.path, written.strerror) from written

    def _keep(self, failure: Failure) -> None:
        self._open.setdefault(failure.source, {})[failure.unit] = failure

    def _rewrite(self) -> None:
        scratch = self.path.with_name(f"{self.path.name}.new")
        with scratch.open("wb") as file:
            for units in self._open.values():
                for failure in units.values():
                    file.write(orjson.dumps(failure, option=orjson.OPT_APPEND_NEWLINE))
        scratch.replace(self.path)


def read_dead_letters(path: Path, option: str = "--retry-dead") -> list[Failure]:
    """Read a dead-letter file; of two entries for one unit the later counts.

    Args:
        path: of the file.
        option: that names it.

    Raises:
        RequestError: it is not there, or not one.
    """
    _check_file(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise RequestError(f"there is no dead-letter file {str(path)!r}") from None
    except OSError as error:
        raise RequestError(
            f"the dead-letter file {str(path)!r} cannot be read: {error.strerror}"
        ) from error
    found: dict[Key, Failure] = {}
    # A line without an end was cut off when the run was killed while it wrote.
    *whole, cut_off = content.removeprefix(codecs.BOM_UTF8).split(b"\n")
    if _failure(cut_off) is not None or not _may_begin_one(cut_off):  # somebody has edited it
        whole.append(cut_off)
    for number, line in enumerate(whole, start=1):
        if not line.strip():
            continue
        failure = _failure(line)
        if failure is None:
            raise RequestError(
                f"{str(path)!r} is no dead-letter file (line {number}); name another with {option}"
            )
        found[_key(failure)] = failure
    return list(found.values())


def _failure(line: bytes) -> Failure | None:
    """Read a line; ``None`` where it is none of ours."""
    try:
        failure = Failure(**orjson.loads(line))
    except (orjson.JSONDecodeError, TypeError):
        return None
    texts = (failure.source, failure.stage, failure.error, failure.message)
    numbers = (failure.unit or 0, failure.attempts)
    fits = all(isinstance(text, str) for text in texts) and {*map(type, numbers)} == {int}
    return failure if fits else None


def _may_begin_one(line: bytes) -> bool:
    start = b'{"source":'
    return line[: len(start)] == start[: len(line)]


def _key(failure: Failure) -> Key:
    return failure.source, failure.unit


def _is_place(source: str, file: str) -> bool:
    return source.startswith(f"{file}#") and PLACE.fullmatch(source[len(file) + 1 :]) is not None


def _check_file(path: Path) -> None:
    """Refuse what is there and no file: to read a device or a pipe may never end.

    Raises:
        RequestError: so it is.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode):
        raise RequestError(f"the dead-letter file {str(path)!r} is no file: name another")


def _check_writable(path: Path) -> None:
    # The folder too: the file is written anew, beside the old one.
    there = [path.parent, *([path] if path.exists() else [])]
    if not all(os.access(each, os.W_OK) for each in there):
        raise _unwritable(path, "it or its folder is read-only")


def _unwritable(path: Path, why: str | None) -> RequestError:
    return RequestError(
        f"the dead-letter file {str(path)!r} cannot be written ({why}); give another path with "
        "--dead-letter"
    )
