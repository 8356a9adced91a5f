"""How far a run is; written by the run and read by whoever shows it, from another thread."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, get_args

Stage = Literal["reading", "rendering", "embedding", "writing"]

STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(slots=True)
class Progress:
    """The counts of a run so far.

    Attributes:
        found: sources found.
        found_bytes: and their size, as far as it is known before they are read.
        found_all: the search for sources is over.
        done: sources that the run is through with, unchanged and failed ones among them.
        done_bytes: and their size.
        cut: units that the sources have, as far as they are cut; of a file of pages all of them,
            as soon as the first is there.
        units: embedded and in the index.
        unchanged: units that were in the index already.
        failed: failures.
        waited: seconds that the run has spent on each stage with everything else waiting for it.
    """

    found: int = 0
    found_bytes: int = 0
    found_all: bool = False
    done: int = 0
    done_bytes: int = 0
    cut: int = 0
    units: int = 0
    unchanged: int = 0
    failed: int = 0
    waited: dict[Stage, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    _present: tuple[Stage, float] | None = None

    def find(self, size: int) -> None:
        """Count a source that was found, of so many bytes."""
        self.found += 1
        self.found_bytes += size

    def finish(self, size: int, sources: int = 1) -> None:
        """Count sources that are done, of so many bytes together."""
        self.done += sources
        self.done_bytes += size

    @contextmanager
    def waiting(self, stage: Stage) -> Iterator[None]:
        """Count the time inside the block as spent on a stage; by one thread, not nested."""
        start = time.monotonic()
        self._present = (stage, start)
        try:
            yield
        finally:
            self._present = None
            self.waited[stage] += time.monotonic() - start

    @property
    def stage(self) -> Stage | None:
        """The stage that everything else waits for just now."""
        present = self._present
        return None if present is None else present[0]

    @property
    def waits(self) -> dict[Stage, float]:
        """Seconds spent on each stage, the present wait among them."""
        present = self._present
        waits = dict(self.waited)
        if present is not None:
            stage, start = present
            waits[stage] += time.monotonic() - start
        return waits

    @property
    def bottleneck(self) -> Stage:
        """The stage that the others have waited for most."""
        return slowest(self.waits)


def slowest(waits: Mapping[Stage, float]) -> Stage:
    """Return the stage with the most seconds; the earlier one of two that are equal."""
    return max(STAGES, key=lambda stage: waits[stage])
