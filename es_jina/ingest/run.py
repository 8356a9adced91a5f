"""The run: plan, cut, load, embed, write, tidy up, each stage ahead of the next."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from elasticsearch import Elasticsearch

from es_jina.elastic.bulk import Action, BulkWriter, Outcome
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import cluster_errors
from es_jina.errors import (
    ClusterError,
    EsJinaError,
    ItemError,
    ProviderError,
    RequestError,
    UnsentError,
)
from es_jina.ingest.ahead import Ahead
from es_jina.ingest.batches import MOST_TOKENS
from es_jina.ingest.calls import Calls
from es_jina.ingest.documents import document
from es_jina.ingest.embedder import Embedder, Result
from es_jina.ingest.expected import Expected
from es_jina.ingest.garbage import frozen
from es_jina.ingest.ledger import Ledger
from es_jina.ingest.plan import Finding, Known, Planned, Skipped, plan
from es_jina.ingest.progress import Progress
from es_jina.ingest.report import Failure, Report
from es_jina.ingest.sources import Candidate
from es_jina.ingest.stream import Concluded, Event, Failed, Ready, Stream, Work, weight
from es_jina.ingest.units import Cutting, Loaded, Unit, unit_id
from es_jina.profile import IndexProfile
from es_jina.providers.base import Provider, Tokenizer
from es_jina.providers.hosted_models import hosted_model
from es_jina.telemetry import span

T = TypeVar("T")

# Findings that wait to be cut; some are texts of 50 MB.
_PLANNED_BYTES, _LEAST_BYTES = 64_000_000, 1000
# What is loaded and waits to be embedded, for each call: a full batch, as the next one is taken at
# once. Several calls may end at the same time.
_LOADED_TOKENS = MOST_TOKENS


@dataclass(frozen=True, slots=True)
class Options:
    """How to ingest.

    Attributes:
        cutting: how sources are cut into units.
        retry_for: seconds of patience with a cluster or a provider that is away or busy.
        page_seconds: what the rendering of one page may take.
        page_megabytes: and how much memory.
        calls: how many calls the provider works on at once; it is called from as many threads.
    """

    cutting: Cutting = field(default_factory=Cutting)
    retry_for: float = 120.0
    page_seconds: float = 30.0
    page_megabytes: int = 1024
    calls: int = 1


DEFAULTS = Options()


class StoppedError(EsJinaError):
    """A stage was told to stop; seen by nobody outside the run."""


class Ingest:
    """One run into one index."""

    def __init__(
        self,
        client: Elasticsearch,
        index: str,
        profile: IndexProfile,
        capabilities: Capabilities,
        *,
        open_provider: Callable[[], Provider],
        open_tokenizer: Callable[[], Tokenizer],
        options: Options = DEFAULTS,
        on_failure: Callable[[Failure], Failure] = lambda failure: failure,
        on_settled: Callable[[str, frozenset[int | None]], None] = lambda *_: None,
    ) -> None:
        """Prepare a run; nothing is asked yet.

        Args:
            client: of the cluster.
            index: where the documents go.
            profile: of the index.
            capabilities: of the cluster.
            open_provider: called when there is something to embed; it stays the caller's to close.
            open_tokenizer: called when there is a text to cut.
            options: how to ingest.
            on_failure: told of each failure as it happens; what it returns is reported.
            on_settled: told the name of each source that the run is through with, and which of its
                units failed.
        """
        self._client = client
        self._index = index
        self._profile = profile
        self._capabilities = capabilities
        self._open_tokenizer = open_tokenizer
        self._options = options
        self._on_failure = on_failure
        self._on_settled = on_settled
        self._stopping = threading.Event()
        # What ended a call in the middle: what it had embedded by then is written first.
        self._cause: EsJinaError | None = None
        self._ledger = Ledger(
            client, index, profile.fingerprint, retry_for=options.retry_for, sleep=self._pause
        )
        self._embedder = Embedder(open_provider, profile, options.retry_for, self._stopping)
        self._writer: BulkWriter | None = None
        self._in_flight: dict[str, tuple[Work, Unit | None]] = {}
        self._leftovers: list[Action] = []
        self._stages: tuple[Ahead[Finding] | Ahead[Event], ...] = ()
        self.report = Report()
        self.progress = Progress()
        self.expected = Expected(profile.max_pixels, hosted_model(profile.model, server=True).tile)

    def run(self, found: Iterable[Candidate | Failure]) -> Report:
        """Bring what is found into the index; a failure of one thing is recorded, the others go on.

        The run ends early where the provider says that it has not sent something
        (:class:`UnsentError`): what was embedded is written, no further call is begun.

        Raises:
            ProviderError: the model fails as a whole; what other calls have embedded is written.
            ClusterError: Elasticsearch stayed away or refuses every request.
        """
        start = time.monotonic()
        with frozen(), span("es_jina.ingest", index=self._index):
            try:
                self._ledger.open()
                with self._open_writer() as writer:
                    self._consume(found)
                    self._finish(writer)
                self.report.ended = True
            except EsJinaError:
                if not self._stopping.is_set():
                    raise
            finally:
                self.report.seconds = time.monotonic() - start
                self.report.calls = self._embedder.calls
                self.report.interrupted = self._stopping.is_set()
        return self.report

    def preview(self, found: Iterable[Candidate | Failure]) -> Report:
        """Say what a run would do: nothing is embedded, written or removed.

        What would be embedded is counted in `expected`.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        self._ledger.refresh_where_allowed()
        self._consume(found, loading=False)
        self.report.deleted = len(self._leftovers)
        return self.report

    def stop(self) -> None:
        """End the run early, from any thread: what is in flight is finished, nothing is begun."""
        self._stopping.set()
        if self._writer is not None:
            self._writer.hurry()
        for stage in self._stages:
            stage.abandon()

    def _open_writer(self) -> BulkWriter:
        self._writer = BulkWriter(
            self._client,
            self._index,
            retry_for=self._options.retry_for,
            # An index that is removed meanwhile must not come back as one that fits nothing.
            require_alias=self._ledger.is_alias,
        )
        return self._writer

    def _consume(self, found: Iterable[Candidate | Failure], *, loading: bool = True) -> None:
        options = self._options
        planned = Ahead(
            plan(self._found(found), self._ledger, options.cutting), _PLANNED_BYTES, _bytes
        )
        stream = Stream(self._profile, self._ledger, self._open_tokenizer, options, loading=loading)
        loaded = _LOADED_TOKENS * options.calls
        events = Ahead(stream.events(planned), loaded, weight)
        self._stages = (planned, events)
        calls = Calls(self._embedder.embed, options.calls)
        try:
            self._work_through(planned, events, calls, loading=loading)
        except ClusterError:
            raise  # nothing more would be written
        except EsJinaError:
            if loading:
                self._save(calls)
            raise
        finally:
            stream.close()
            planned.close()
            events.close()
            calls.close()

    def _work_through(
        self, planned: Ahead[Finding], events: Ahead[Event], calls: Calls, *, loading: bool
    ) -> None:
        """Have embedded what comes, and write it, to the end of both."""
        while not (self._stopping.is_set() or self.report.unsent):
            # Before the run waits for more to embed, so that it comes in batches, not one by one.
            if calls.full or (calls and events.empty):
                self._write(calls)
                continue
            with self.progress.waiting("reading" if planned.empty else "rendering"):
                taken = events.take(calls.tokens)
            if not taken:
                break
            ready = self._handle(taken, loading=loading)
            if ready and loading:
                calls.begin(ready)
        while calls:
            self._write(calls)

    def _save(self, calls: Calls) -> None:
        """Write what calls beside one that failed have embedded: it may have been paid for."""
        while calls:
            # They may fail as the first one did, which is the one that is told of.
            with suppress(ProviderError, RequestError):
                self._write(calls)
        self._count(self._writing.drain())

    def _found(self, found: Iterable[Candidate | Failure]) -> Iterator[Candidate | Failure]:
        for each in found:
            if self._stopping.is_set():
                return
            stamp = each.stamp if isinstance(each, Candidate) else None
            self.progress.find(stamp.size if stamp else 0)
            yield each
        self.progress.found_all = True

    def _handle(self, events: Sequence[Event], *, loading: bool) -> list[Loaded]:
        """Account for what came out of the stream; returns what is ready to be embedded."""
        ready: list[Loaded] = []
        for event in events:
            match event:
                case Ready(work, loaded):
                    ready += loaded
                    self._expect(work, loaded, embedding=loading)
                case Failed(work, failure):
                    self._fail(work, failure)
                case Concluded(work):
                    self._conclude(work)
                case Known() | Skipped():
                    self._pass_by(event)
        return ready

    def _expect(self, work: Work, loaded: Sequence[Loaded], *, embedding: bool) -> None:
        if not embedding:
            self.report.embedded += len(loaded)
            for item in loaded:
                self.expected.add(item.unit)
            return
        self._tell(work, max(work.units, loaded[-1].unit.pages or 0))
        work.pending += len(loaded)
        self._in_flight |= {item.unit.id: (work, item.unit) for item in loaded}

    def _pass_by(self, event: Known | Skipped) -> None:
        if isinstance(event, Skipped):
            self.progress.finish(event.size)
            self.report.skipped += not event.records
            self.report.skipped_records += event.records
            return
        self.progress.finish(event.size, len(event.names))
        self.report.sources += len(event.names)
        self.report.unchanged += event.units
        self.progress.cut += event.units
        self.progress.unchanged += event.units
        for name in event.names:
            self._on_settled(name, frozenset())

    def _write(self, calls: Calls) -> None:
        """Send what the oldest call has embedded on its way, once the batch before is written.

        So no more batches are ever embedded and not acknowledged than there are calls, and one.
        """
        with self.progress.waiting("embedding"):
            batch, results = calls.oldest()
        with self.progress.waiting("writing"), span("es_jina.write", units=len(batch)):
            self._count(self._writing.drain())
            self._count(self._writing.submit(self._actions(batch, results)))
        if self._cause is not None:
            raise self._cause

    @property
    def _writing(self) -> BulkWriter:
        assert self._writer is not None  # noqa: S101 - made by run
        return self._writer

    def _actions(self, ready: Sequence[Loaded], results: Sequence[Result]) -> Iterator[Action]:
        leftovers, self._leftovers = self._leftovers, []
        yield from leftovers
        for item, result in zip(ready, results, strict=True):
            if isinstance(result, UnsentError):
                # Its source is not settled: what the index has of it stays as it is.
                del self._in_flight[item.unit.id]
                self._cause = self._cause or result.cause
                self.report.unsent += result.cause is None
            elif isinstance(result, ItemError):
                work, _ = self._in_flight.pop(item.unit.id)
                self._fail_unit(work, item.unit, "embed", result)
            else:
                fields = document(item, result, self._profile, self._capabilities)
                yield Action(item.unit.id, fields)

    def _count(self, outcomes: Iterable[Outcome]) -> None:
        gave_up = None
        with cluster_errors(f"writing to {self._index!r}"):
            for outcome in outcomes:
                work, unit = self._in_flight.pop(outcome.id)
                if outcome.gave_up:
                    gave_up = outcome.error
                elif unit is None:
                    self.report.deleted += outcome.error is None
                elif outcome.error is None:
                    self.report.embedded += 1
                    self.progress.units += 1
                    self._settle_unit(work)
                else:
                    self._fail_unit(work, unit, "index", ItemError(outcome.error))
        if gave_up is not None:
            # All behind it would wait as long and fail as well; the next run brings it in.
            raise ClusterError(
                f"writing to {self._index!r}: {gave_up}; all that was acknowledged is in the "
                "index, run it again to go on"
            )

    def _fail_unit(self, work: Work, unit: Unit, stage: str, error: ItemError) -> None:
        failure = Failure.of(unit.source.name, unit.number + 1, stage, error)
        self._fail(work, failure)
        self._settle_unit(work)

    def _fail(self, work: Work | None, failure: Failure) -> None:
        if work is None:
            self.progress.finish(0)
        else:
            work.failed.add(failure.unit)
        self.report.fail(self._on_failure(failure))
        self.progress.failed += 1

    def _settle_unit(self, work: Work) -> None:
        work.pending -= 1
        self._settle(work)

    def _tell(self, work: Work, units: int) -> None:
        """Tell the progress how many units a source has, as far as that is known."""
        self.progress.cut += units - work.told
        work.told = units

    def _conclude(self, work: Work) -> None:
        work.concluded = True
        self._tell(work, work.units)
        self.report.unchanged += work.present
        self.progress.unchanged += work.present
        self.report.size += work.source.size
        if work.units:
            self.report.sources += 1
            self.report.changed += work.changed
            self.report.new += not work.changed
        self._settle(work)

    def _settle(self, work: Work) -> None:
        """Tidy up behind a source all of whose units are decided.

        A source with a failure keeps what an earlier state left: better outdated than gone.
        """
        if not work.concluded or work.pending:
            return
        work.source.discard()
        self.progress.finish(work.source.size)
        self._on_settled(work.source.name, frozenset(work.failed))
        if not work.failed:
            for number in range(work.units, work.last + 1):
                ident = unit_id(work.source.uri, number)
                self._in_flight[ident] = (work, None)
                self._leftovers.append(Action(ident, None))

    def _finish(self, writer: BulkWriter) -> None:
        """Wait for everything on its way, then remove what is left over and make all findable."""
        with self.progress.waiting("writing"):
            self._count(writer.drain())
            leftovers, self._leftovers = self._leftovers, []
            self._count(writer.write(leftovers))
            if self.report.embedded or self.report.deleted:
                self._ledger.refresh()

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise StoppedError("the run was stopped")


def _bytes(finding: Finding) -> int:
    """Return what a finding keeps in memory, more or less."""
    if not isinstance(finding, Planned):
        return _LEAST_BYTES
    text, image = finding.source.text, finding.source.image
    return _LEAST_BYTES + len(text or "") + (len(image) if isinstance(image, bytes) else 0)
