"""The run: find, plan, load, embed, write, tidy up."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from elasticsearch import Elasticsearch

from es_jina.elastic.bulk import Action, BulkWriter, Outcome
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import cluster_errors
from es_jina.embedding import Embedding
from es_jina.errors import ItemError
from es_jina.ingest.documents import document
from es_jina.ingest.ledger import Ledger
from es_jina.ingest.report import Failure, Report
from es_jina.ingest.sources import find_files, read_source
from es_jina.ingest.units import Loaded, Loader, Unit, read_units
from es_jina.profile import IndexProfile
from es_jina.providers.base import Provider, Want

# Units embedded in one call: some are rendered pages in memory, 2 MB each at the default budget.
BATCH = 16

Progress = Callable[[int, int], None]  # units done, units in all


class Ingest:
    """One run over files into one index."""

    def __init__(
        self,
        client: Elasticsearch,
        index: str,
        profile: IndexProfile,
        capabilities: Capabilities,
        on_failure: Callable[[Failure], None] | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            client: of the cluster.
            index: where the documents go.
            profile: of the index.
            capabilities: of the cluster.
            on_failure: told of each failure as it happens; the report has them all at the end.
        """
        self._client = client
        self._index = index
        self._profile = profile
        self._capabilities = capabilities
        self._on_failure = on_failure
        self._ledger = Ledger(client, index, profile.fingerprint)
        self._writer = BulkWriter(client, index)
        self._in_flight: dict[str, Unit] = {}
        self.report = Report()

    def plan(self, paths: Iterable[Path]) -> list[Unit]:
        """Read what is there and return the units that the index lacks, new or changed.

        Raises:
            RequestError: a path does not exist.
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        units = list(self._units(paths))
        missing = self._ledger.missing(units)
        self.report.unchanged = len(units) - len(missing)
        return missing

    def run(self, units: Sequence[Unit], provider: Provider, progress: Progress) -> Report:
        """Embed and write units; a failure of one is recorded and the others go on.

        Raises:
            ProviderError: the model fails as a whole.
            ClusterError: Elasticsearch stayed away or refuses every request.
        """
        start = time.monotonic()
        loader = Loader(self._profile.max_pixels)
        try:
            for first in range(0, len(units), BATCH):
                self._batch(units[first : first + BATCH], provider, loader)
                progress(min(first + BATCH, len(units)), len(units))
            self._count(self._writer.drain())
            self.report.seconds = time.monotonic() - start
            self._tidy_up(units)
        finally:
            loader.close()
            self._writer.close()
        return self.report

    def _units(self, paths: Iterable[Path]) -> Iterator[Unit]:
        for path in find_files(paths):
            try:
                source = read_source(path)
                if source is None:
                    self.report.skipped += 1
                    continue
                self.report.sources += 1
                yield from read_units(source)
            except ItemError as error:
                self._fail(str(path), None, "read", error)

    def _batch(self, units: Sequence[Unit], provider: Provider, loader: Loader) -> None:
        loaded = list(self._loaded(units, loader))
        want = Want.SINGLE | Want.MULTI if self._profile.multi_vector else Want.SINGLE
        embeddings = provider.embed(
            [item.input for item in loaded],
            self._profile.passage_task,
            want,
            max_pixels=self._profile.max_pixels,
        )
        self._write(list(self._embedded(loaded, embeddings)))

    def _loaded(self, units: Sequence[Unit], loader: Loader) -> Iterator[Loaded]:
        for unit in units:
            try:
                yield loader.load(unit)
            except ItemError as error:
                self._fail_unit(unit, "render", error)

    def _embedded(
        self, loaded: Sequence[Loaded], embeddings: Sequence[Embedding | ItemError]
    ) -> Iterator[tuple[Loaded, Embedding]]:
        for item, embedding in zip(loaded, embeddings, strict=True):
            if isinstance(embedding, ItemError):
                self._fail_unit(item.unit, "embed", embedding)
            else:
                yield item, embedding

    def _write(self, pairs: Sequence[tuple[Loaded, Embedding]]) -> None:
        self._in_flight |= {item.unit.id: item.unit for item, _ in pairs}
        actions = (
            Action(
                item.unit.id,
                document(
                    item,
                    embedding,
                    self._profile,
                    base64_allowed=self._capabilities.base64_documents,
                ),
            )
            for item, embedding in pairs
        )
        # They are on their way while the next batch is embedded.
        self._count(self._writer.submit(actions))

    def _count(self, outcomes: Iterable[Outcome]) -> None:
        with cluster_errors(f"writing to {self._index!r}"):
            for outcome in outcomes:
                unit = self._in_flight.pop(outcome.id)
                if outcome.error is None:
                    self.report.embedded += 1
                else:
                    self._fail_unit(unit, "index", ItemError(outcome.error))

    def _tidy_up(self, units: Sequence[Unit]) -> None:
        """Make the new documents searchable, then delete what earlier states left behind.

        A source with a failure keeps its older documents: better outdated than gone.
        """
        failed = {failure.source for failure in self.report.failures}
        whole = [unit for unit in units if str(unit.source.path) not in failed]
        with cluster_errors(f"refreshing {self._index!r}"):
            self._client.indices.refresh(index=self._index)
            outdated = [Action(ident, None) for ident in self._ledger.outdated(whole)]
            if outdated:
                self.report.deleted = sum(
                    outcome.error is None for outcome in self._writer.write(outdated)
                )
                self._client.indices.refresh(index=self._index)

    def _fail_unit(self, unit: Unit, stage: str, error: ItemError) -> None:
        self._fail(str(unit.source.path), unit.number + 1, stage, error)

    def _fail(self, source: str, unit: int | None, stage: str, error: ItemError) -> None:
        failure = Failure(source, unit, stage, type(error).__name__, str(error))
        self.report.failures.append(failure)
        if self._on_failure is not None:
            self._on_failure(failure)
