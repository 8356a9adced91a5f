"""What is seen of a run while it lasts: a bar, plain lines, or events for a program."""

import contextlib
import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TextIO

from es_jina.ingest.progress import Progress, Stage, slowest

if TYPE_CHECKING:
    from es_jina.ingest.report import Failure

# Rates are of the last seconds: they follow a run that gets slower or faster.
_WINDOW = 10.0
# On the bar's line there is not always room for all; the stage has a place of its own there.
_IMPORTANCE = ("units", "rate", "left", "failed", "size", "files")
_BAR = 8  # columns of the bar at least


def open_display(
    progress: Progress,
    *,
    json: bool,
    about: Mapping[str, Any] | None = None,
    stream: TextIO | None = None,
) -> "Display":
    """Return the display that fits; use it as a context manager.

    Args:
        progress: of the run; read from a thread of the display's own.
        json: whether a program reads it: one JSON object a line.
        about: what the event ``start`` says of the run.
        stream: where it goes; by default stdout for JSON, else stderr.
    """
    if json:
        return _Events(progress, stream or sys.stdout, about or {})
    stream = stream or sys.stderr
    if stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown"):
        return _Bar(progress, stream)
    return _Lines(progress, stream)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a run is at present.

    Attributes:
        units: embedded and in the index, a second.
        size: bytes of sources done, a second.
        bottleneck: the stage that the others wait for.
        left: seconds to the end; ``None`` while nobody knows how much there is, or at what rate.
    """

    units: float
    size: float
    bottleneck: Stage
    left: float | None


class Display:
    """Shows a run from entering to leaving it; nothing is shown after that.

    Whoever watches may go away: the run goes on.
    """

    interval: ClassVar[float]  # seconds

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._window = _Window(progress)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="es-jina-display", daemon=True)

    def __enter__(self) -> Self:
        self._begin()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()
        self._end()

    def failure(self, failure: "Failure") -> None:
        """Show a failure as it happens; a person sees them counted, and named in the summary."""

    def summary(self, report: Mapping[str, Any]) -> None:
        """Show what a run did; to a person, the command says it after the display has gone."""

    def _begin(self) -> None:
        pass

    def _end(self) -> None:
        pass

    def _show(self, pace: Pace) -> None:
        raise NotImplementedError

    def _watch(self) -> None:
        with contextlib.suppress(OSError):
            while not self._ended.wait(self.interval):
                self._show(self._window.look())


class _Bar(Display):
    """One line, drawn again and again: the stage, a bar, the facts. It is gone at the end."""

    interval = 0.2

    def __init__(self, progress: Progress, stream: TextIO) -> None:
        super().__init__(progress)
        from rich import progress as bar
        from rich.console import Console
        from rich.table import Column

        self._console = Console(file=stream)
        self._bar = bar.Progress(
            bar.TextColumn("{task.description}"),
            bar.BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=_BAR)),
            bar.TextColumn("{task.fields[told]}", markup=False),
            console=self._console,
            transient=True,
            auto_refresh=False,
            expand=True,
            # What goes to stdout may go to a file while the bar is on the terminal.
            redirect_stdout=False,
        )

    def _begin(self) -> None:
        with contextlib.suppress(OSError):
            self._bar.start()
            self._task = self._bar.add_task("starting", total=None, told="")

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            self._bar.stop()

    def _show(self, pace: Pace) -> None:
        done = self._window.share
        room = self._console.width - len(pace.bottleneck) - _BAR - 2
        self._bar.update(
            self._task,
            total=None if done is None else 1.0,
            completed=done or 0.0,
            description=pace.bottleneck,
            told=_fitting(_facts(self._progress, pace), room),
            refresh=True,
        )


class _Lines(Display):
    """A line now and then, for a log; none for a short run."""

    interval = 10.0

    def __init__(self, progress: Progress, stream: TextIO) -> None:
        super().__init__(progress)
        self._stream = stream

    def _show(self, pace: Pace) -> None:
        print(
            f"  {', '.join(_facts(self._progress, pace).values())}", file=self._stream, flush=True
        )


class _Events(Display):
    """One JSON object a line, each with its time."""

    interval = 1.0

    def __init__(self, progress: Progress, stream: TextIO, about: Mapping[str, Any]) -> None:
        super().__init__(progress)
        self._stream = stream
        self._about = about
        self._gone = False
        self._lock = threading.Lock()

    def failure(self, failure: "Failure") -> None:
        self._write("failure", asdict(failure))

    def summary(self, report: Mapping[str, Any]) -> None:
        self._write("summary", report)

    def _begin(self) -> None:
        self._write("start", self._about)

    def _show(self, pace: Pace) -> None:
        run = self._progress
        told = {
            "found": run.found,
            "found_bytes": run.found_bytes,
            "found_all": run.found_all,
            "done": run.done,
            "done_bytes": run.done_bytes,
            "units": run.units,
            "unchanged": run.unchanged,
            "failed": run.failed,
            "units_per_second": round(pace.units, 2),
            "bytes_per_second": round(pace.size),
            "bottleneck": pace.bottleneck,
            "seconds_left": None if pace.left is None else round(pace.left, 1),
        }
        self._write("progress", told)

    def _write(self, event: str, told: Mapping[str, Any]) -> None:
        with self._lock:
            if self._gone:
                return
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            try:
                # Plain ASCII: a file's name may hold bytes that no encoding can write.
                line = json.dumps({"event": event, "time": now, **told}, default=str)
                self._stream.write(line + "\n")
                self._stream.flush()
            except OSError:
                self._gone = True
                # Else Python tries the rest once more when it ends, and complains.
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


class _Sample(NamedTuple):
    time: float
    units: int
    size: int
    waits: dict[Stage, float]


class _Window:
    """What a run did in the last :data:`_WINDOW` seconds."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._samples = deque([self._sample()])

    def look(self) -> Pace:
        """Take a sample and compare it with the one that is a window older."""
        now = self._sample()
        self._samples.append(now)
        # The first one is the newest of those that are a whole window old, or the run's first.
        while len(self._samples) > 2 and self._samples[1].time <= now.time - _WINDOW:
            self._samples.popleft()
        then = self._samples[0]
        seconds = max(now.time - then.time, 1e-3)
        size = (now.size - then.size) / seconds
        waits = {stage: now.waits[stage] - then.waits[stage] for stage in now.waits}
        return Pace((now.units - then.units) / seconds, size, slowest(waits), self._left(size))

    @property
    def share(self) -> float | None:
        """How much of the run is done, 0 to 1; ``None`` while nobody knows how much there is."""
        run = self._progress
        if not run.found_all or not run.found_bytes:
            return None
        return min(run.done_bytes / run.found_bytes, 1.0)

    def _left(self, rate: float) -> float | None:
        if self.share is None or rate <= 0:
            return None
        return max(self._progress.found_bytes - self._progress.done_bytes, 0) / rate

    def _sample(self) -> _Sample:
        run = self._progress
        return _Sample(time.monotonic(), run.units, run.done_bytes, run.waits)


def _facts(run: Progress, pace: Pace) -> dict[str, str]:
    """Say how far a run is, in the order of a log's line; what does not apply is left out."""
    facts = {
        "units": f"{run.units:,} units",
        "rate": f"{pace.units:.1f}/s",
        "size": f"{pace.size / 1e6:.1f} MB/s",
        "files": f"{run.done:,} of {run.found:,}{'' if run.found_all else '+'} files",
    }
    if run.failed:
        facts["failed"] = f"{run.failed:,} failed"
    facts["stage"] = f"waits for {pace.bottleneck}"
    if pace.left is not None:
        facts["left"] = f"{_duration(pace.left)} left"
    return facts


def _fitting(facts: Mapping[str, str], width: int) -> str:
    """Join as many facts as a line has room for, the more important ones first."""
    told = [facts[name] for name in _IMPORTANCE if name in facts]
    while len(told) > 1 and len(", ".join(told)) > width:
        told.pop()
    return ", ".join(told)


def _duration(seconds: float) -> str:
    """Say how long something takes, no more precisely than anybody wants to know."""
    minutes = round(seconds / 60)
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
