"""From what is planned to what is loaded: cut, compared with the index, rendered in time."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from es_jina.errors import ItemError
from es_jina.ingest.ahead import started_early
from es_jina.ingest.batches import LEAST_TOKENS
from es_jina.ingest.cut import Cutter
from es_jina.ingest.ledger import Ledger
from es_jina.ingest.plan import Finding, Known, Planned, Skipped
from es_jina.ingest.render import Renderer, usable_cpus
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Source
from es_jina.ingest.units import Loaded, Unit
from es_jina.inputs import Text
from es_jina.profile import IndexProfile
from es_jina.providers.base import Tokenizer

if TYPE_CHECKING:
    from es_jina.ingest.pdf import PdfInfo
    from es_jina.ingest.run import Options

# Sources that are looked into, and pages that are rendered, before their turn: for each process
# what it works at and what waits for it.
_AHEAD = 3


@dataclass(slots=True, eq=False)
class Work:
    """What is known of a source on its way through the stages.

    Attributes:
        source: what it is.
        changed: whether the index has documents of it.
        last: the highest number of a unit that the index has of it, -1 for none.
        units: how many it was cut into.
        told: how many of them the progress counts.
        present: how many of them the index has already.
        pending: how many are on their way.
        failed: the units that failed, from 1; ``None`` among them for the whole.
        concluded: whether all of its units have been cut.
    """

    source: Source
    changed: bool
    last: int
    units: int = 0
    told: int = 0
    present: int = 0
    pending: int = 0
    failed: set[int | None] = field(default_factory=set)
    concluded: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """Units to embed in one call: one, or the chunks of one section."""

    work: Work
    loaded: list[Loaded]


@dataclass(frozen=True, slots=True, eq=False)
class Failed:
    """A failure; of a source on its way, or of something that has not become one."""

    work: Work | None
    failure: Failure


@dataclass(frozen=True, slots=True, eq=False)
class Concluded:
    """Behind the last unit of a source."""

    work: Work


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A unit that the index lacks."""

    work: Work
    unit: Unit


Event = Ready | Failed | Concluded | Known | Skipped
Load = Callable[[], Loaded]


class Stream:
    """Turns findings into events, in their order."""

    def __init__(
        self,
        profile: IndexProfile,
        ledger: Ledger,
        open_tokenizer: Callable[[], Tokenizer],
        options: "Options",
        *,
        loading: bool,
    ) -> None:
        """Prepare.

        Args:
            profile: of the index.
            ledger: of the index.
            open_tokenizer: called when there is a text to cut.
            options: of the run.
            loading: whether pictures are rendered; a preview only counts units.
        """
        self._ledger = ledger
        self._loading = loading
        self._renderer = Renderer(
            profile.max_pixels,
            seconds=options.page_seconds,
            megabytes=options.page_megabytes,
        )
        self._cutter = Cutter(options.cutting, profile.max_pixels, self._renderer, open_tokenizer)
        self._ahead = _AHEAD * usable_cpus()

    def events(self, findings: Iterable[Finding]) -> Iterator[Event]:
        """Yield what becomes of findings.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
            ProviderError: the tokenizer cannot be had.
        """
        group: Ready | None = None
        for event in self._loaded(findings):
            section = event.loaded[0].unit.section if isinstance(event, Ready) else None
            if group is not None:
                if isinstance(event, Ready) and section is group.loaded[0].unit.section:
                    group.loaded.extend(event.loaded)
                    continue
                yield group
                group = None
            if isinstance(event, Ready) and section is not None:
                group = event
            else:
                yield event

    def close(self) -> None:
        """End the rendering at once."""
        self._renderer.close()

    def _loaded(self, findings: Iterable[Finding]) -> Iterator[Event]:
        for event, load in started_early(self._pieces(findings), self._start, self._ahead):
            if not isinstance(event, _Piece):
                yield event
            elif load is None:
                yield Ready(event.work, [Loaded(event.unit, Text(""), "")])
            else:
                yield _tried(event, load)

    def _start(self, event: "Event | _Piece") -> Load | None:
        if isinstance(event, _Piece) and self._loading:
            return self._cutter.start(event.unit)
        return None

    def _pieces(self, findings: Iterable[Finding]) -> "Iterator[Event | _Piece]":
        for finding, layout in started_early(findings, self._inspect, self._ahead):
            match finding:
                case Planned():
                    yield from self._planned(finding, layout)
                case Failure():
                    yield Failed(None, finding)
                case _:
                    yield finding

    def _inspect(self, finding: Finding) -> "Future[PdfInfo] | Future[int] | None":
        return self._cutter.inspect(finding.source) if isinstance(finding, Planned) else None

    def _planned(
        self, planned: Planned, layout: "Future[PdfInfo] | Future[int] | None"
    ) -> "Iterator[Event | _Piece]":
        work = Work(planned.source, planned.changed, planned.last)
        try:
            units = self._cutter.units(planned.source, layout.result() if layout else None)
            for unit, missing in self._compared(units, planned.held):
                work.units += 1
                if unit.broken is not None:
                    told = Failure.of(unit.source.name, unit.number + 1, "read", unit.broken)
                    yield Failed(work, told)
                elif missing:
                    yield _Piece(work, unit)
                else:
                    work.present += 1
        except ItemError as error:
            yield Failed(work, Failure.of(planned.source.name, None, "read", error))
        yield Concluded(work)

    def _compared(self, units: Iterator[Unit], held: int) -> Iterator[tuple[Unit, bool]]:
        if held:
            return self._ledger.missing(units)
        return ((unit, True) for unit in units)


def weight(event: Event) -> int:
    """Return what an event counts in a batch."""
    if not isinstance(event, Ready):
        return 1
    return sum(max(item.unit.tokens, LEAST_TOKENS) for item in event.loaded)


def _tried(piece: _Piece, load: Load) -> Event:
    try:
        return Ready(piece.work, [load()])
    except ItemError as error:
        unit = piece.unit
        failure = Failure.of(unit.source.name, unit.number + 1, "render", error)
        return Failed(piece.work, failure)
