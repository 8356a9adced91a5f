"""What a run did, and the dead-letter file."""

import os
from dataclasses import dataclass, field
from io import BufferedWriter
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from es_jina.errors import RequestError


@dataclass(frozen=True, slots=True)
class Failure:
    """One unit or one whole source that is not in the index.

    Attributes:
        source: the file's path.
        unit: the page or chunk, from 1; ``None`` for the whole source.
        stage: read, render, embed or index.
        error: the kind of error.
        message: what is wrong.
    """

    source: str
    unit: int | None
    stage: str
    error: str
    message: str

    @property
    def name(self) -> str:
        """The failed thing for people."""
        return self.source if self.unit is None else f"{self.source} (unit {self.unit})"


@dataclass(slots=True)
class Report:
    """The counts of one run."""

    sources: int = 0
    skipped: int = 0
    unchanged: int = 0
    embedded: int = 0
    deleted: int = 0
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)


class DeadLetters:
    """The dead-letter file: one JSON object for each failure of the last run.

    It appears with the first failure and is on disk line by line; a run without failures removes
    what an earlier one left.
    """

    def __init__(self, path: Path) -> None:
        """Check the path.

        Raises:
            RequestError: nothing can be written there.
        """
        self.path = path
        self._file: BufferedWriter | None = None
        if path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
            raise RequestError(
                f"the dead-letter file {str(path)!r} cannot be written; give another path with "
                "--dead-letter"
            )

    def add(self, failure: Failure) -> None:
        """Append one failure."""
        if self._file is None:
            self._file = self.path.open("wb")
        self._file.write(orjson.dumps(failure, option=orjson.OPT_APPEND_NEWLINE))
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        elif kind is None:
            self.path.unlink(missing_ok=True)
