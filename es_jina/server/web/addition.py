"""One source on its way into an index."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from elasticsearch import Elasticsearch

from es_jina.errors import ClusterError, EsJinaError, ItemError, RequestError
from es_jina.ingest.render import CutOffError
from es_jina.ingest.report import Failure, Report
from es_jina.ingest.run import Ingest, Options
from es_jina.providers.base import Tokenizer
from es_jina.server.refused import RefusedError
from es_jina.server.web.added_source import AddedSource, Laid
from es_jina.server.web.served import ServedIndex
from es_jina.server.web.source_documents import SourceDocuments

# Somebody waits: with a cluster or a model that is away there is less patience than in a long run.
_RETRY_SECONDS = 30.0
_LOOKING_SECONDS = 10.0
# For one request: some write much.
_CLUSTER_SECONDS = 60.0
# Documents that are named to a client at the end; of a file of records there may be any number.
_REFS = 100

_LOG = logging.getLogger(__name__)

Event = dict[str, Any]


class Addition:
    """Ingests one source in a thread, and is looked at from others.

    What fails as a whole, or is stopped, leaves neither documents nor a file; where there were some
    before, those stay.
    """

    def __init__(
        self,
        open_index: Callable[[], ServedIndex],
        source: AddedSource,
        open_tokenizer: Callable[[], Tokenizer],
    ) -> None:
        """Prepare.

        Args:
            open_index: returns the index as it is when the addition's turn has come.
            source: what to add.
            open_tokenizer: called when there is a text to cut.
        """
        self._open_index = open_index
        self._source = source
        self._open_tokenizer = open_tokenizer
        self._engine: Ingest | None = None
        self._stopped = threading.Event()
        self._stage = "waiting"

    @property
    def progress(self) -> Event:
        """How far it is: units that are decided, of those that the source has as far as known."""
        engine = self._engine
        if engine is None:
            return _progress(self._stage, 0, 0)
        counts = engine.progress
        self._stage = counts.stage or self._stage
        done = counts.units + counts.unchanged + counts.failed
        return _progress(self._stage, min(done, counts.cut), counts.cut)

    def run(self) -> Event:
        """Ingest it; return what becomes of it, failures among that."""
        try:
            index = self._open_index()
        except RefusedError as refused:
            return self.failed(refused.detail)
        try:
            with self._source.laid(index) as laid:
                return self._ingested(index, laid)
        except (ItemError, RequestError) as error:
            return self.failed(self._source.shown(str(error)))
        except ClusterError as error:
            # It names addresses.
            _LOG.warning("adding a source: %s", error)
            told = f"the index {index.name!r} cannot be written: the log of the server says why"
            return self.failed(told)
        except EsJinaError as error:
            return self.failed(str(error))

    def stop(self) -> None:
        """End it early: nothing of it stays."""
        self._stopped.set()
        if self._engine is not None:
            self._engine.stop()

    def failed(self, why: str) -> Event:
        """Return what is told where nothing of it got in."""
        return _done(failed=[{"name": self._source.name, "error": why}])

    def _ingested(self, index: ServedIndex, laid: Laid) -> Event:
        client = index.client.options(request_timeout=_CLUSTER_SECONDS)
        documents = SourceDocuments(
            client, index.name, laid.uri, records=laid.records, retry_for=_LOOKING_SECONDS
        )
        had, kept = True, False
        try:
            had = documents.exist()
            report = self._run_engine(client, index, laid)
            kept = not report.interrupted and report.embedded + report.unchanged > 0
        finally:
            if not kept:
                self._undo(laid, None if had else documents)
        if report.interrupted:
            return self.failed("the server is about to end: add it again later")
        refs: list[str] = []
        with suppress(ClusterError):
            refs = documents.ids(_REFS) if kept else []
        # Records have addresses of their own.
        source = laid.uri if kept and not laid.records else None
        return _done(report.embedded, refs, source, report.unchanged, self._failures(report))

    def _run_engine(self, client: Elasticsearch, index: ServedIndex, laid: Laid) -> Report:
        self._engine = Ingest(
            client,
            index.name,
            index.profile,
            index.capabilities,
            open_provider=index.provider.in_bulk,
            open_tokenizer=self._open_tokenizer,
            options=Options(retry_for=_RETRY_SECONDS),
        )
        if self._stopped.is_set():
            self._engine.stop()
        return self._engine.run(laid.found)

    def _undo(self, laid: Laid, documents: SourceDocuments | None) -> None:
        """Remove what came of it; where documents cannot be, their file stays with them."""
        try:
            if documents is not None:
                documents.remove()
        except ClusterError as error:
            _LOG.warning("a part of what failed stays in the index: %s", error)
        else:
            laid.drop()

    def _failures(self, report: Report) -> list[dict[str, str]]:
        """Return what is not in the index; something, where nothing is."""
        told = [self._shown(failure) for failure in report.failures]
        more = report.failed - len(told)
        if more:
            told.append({"name": self._source.name, "error": f"{more:,} more failed"})
        if not (told or report.embedded or report.unchanged):
            why = "neither a text nor a picture nor a PDF" if report.skipped else "nothing is in it"
            told.append({"name": self._source.name, "error": why})
        return told

    def _shown(self, failure: Failure) -> dict[str, str]:
        message = failure.message
        if failure.error == CutOffError.__name__:  # behind it stands an option of another command
            message = message.rpartition("; raise ")[0]
        shown = self._source.shown
        return {"name": shown(failure.name), "error": shown(message)}


def _progress(stage: str, done: int, of: int) -> Event:
    return {"event": "progress", "stage": stage, "done": done, "of": of}


def _done(
    units: int = 0,
    refs: list[str] | None = None,
    source: str | None = None,
    unchanged: int = 0,
    failed: list[dict[str, str]] | None = None,
) -> Event:
    return {
        "event": "done",
        "units": units,
        "refs": refs or [],
        "source": source,
        "unchanged": unchanged,
        "failed": failed or [],
    }
