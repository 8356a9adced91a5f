"""What a run did and what failed in it."""

from dataclasses import dataclass, field
from typing import Self

from es_jina.errors import first_line

# How many failures a report names.
NAMED = 20


@dataclass(frozen=True, slots=True)
class Failure:
    """One unit or one whole source that is not in the index.

    Attributes:
        source: the source's name: a path, ``PATH#ID`` for a record, an address.
        unit: its place in the source, from 1; ``None`` for the whole source.
        stage: read, render, embed or index.
        error: the kind of error.
        message: what is wrong.
        attempts: how many runs have tried it.
    """

    source: str
    unit: int | None
    stage: str
    error: str
    message: str
    attempts: int = 1

    @classmethod
    def of(cls, source: str, unit: int | None, stage: str, error: Exception) -> Self:
        """Describe an exception."""
        return cls(source, unit, stage, type(error).__name__, first_line(error))

    @property
    def name(self) -> str:
        """The failed thing for people."""
        return self.source if self.unit is None else f"{self.source} (unit {self.unit})"


@dataclass(slots=True)
class Report:
    """The counts of one run.

    Attributes:
        sources: files, records and pages of the web that are ingested, unchanged ones among them.
        new: of which the index had nothing.
        changed: of which the index had another state, or only a part.
        skipped: of a kind that is not ingested.
        skipped_records: files of records of which no fields were said.
        unchanged: units that were in the index as they are now.
        embedded: units that are new in the index; in a preview, that would be.
        deleted: documents of earlier states that were removed.
        pruned: documents of sources that are gone.
        failed: units and whole sources that failed.
        failures: the first of them; the dead-letter file has all.
        unsent: units that the provider did not send, for the tokens that may be spent are spent;
            what lies behind them was not begun.
        calls: how often the provider was called.
        size: bytes of the sources that were read.
        seconds: of the run.
        interrupted: whether it was stopped before its end.
        ended: whether it came to an end without an error.
    """

    sources: int = 0
    new: int = 0
    changed: int = 0
    skipped: int = 0
    skipped_records: int = 0
    unchanged: int = 0
    embedded: int = 0
    deleted: int = 0
    pruned: int = 0
    failed: int = 0
    failures: list[Failure] = field(default_factory=list)
    unsent: int = 0
    calls: int = 0
    size: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    ended: bool = False

    @property
    def whole(self) -> bool:
        """Whether the run has been through with everything that was found."""
        return self.ended and not (self.interrupted or self.unsent)

    def fail(self, failure: Failure) -> None:
        """Count a failure."""
        self.failed += 1
        if len(self.failures) < NAMED:
            self.failures.append(failure)
