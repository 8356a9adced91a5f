"""``es-jina ingest``."""

import io
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote

import click

from es_jina.cli.billing import Bill, Billed
from es_jina.cli.ingest_options import IngestOptions, ingest_options
from es_jina.cli.ingest_report import details, print_report, say
from es_jina.cli.interrupt import interruptible
from es_jina.cli.models import ModelOptions, model_options
from es_jina.cli.options import cluster_options, open_cluster
from es_jina.errors import (
    EXIT_INTERRUPTED,
    EXIT_PARTIAL,
    EXIT_SPENT,
    EsJinaError,
    RequestError,
)

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from es_jina.cli.progress import Display
    from es_jina.ingest.dead_letters import DeadLetters
    from es_jina.ingest.expected import Expected
    from es_jina.ingest.prune import Gone, Watched
    from es_jina.ingest.report import Failure, Report
    from es_jina.ingest.retry import Retry
    from es_jina.ingest.run import Ingest
    from es_jina.ingest.targets import Targets
    from es_jina.profile import IndexProfile
    from es_jina.providers.base import Provider, Tokenizer
    from es_jina.providers.usage import Usage

# How many sources a preview of --prune names.
_NAMED = 20


@click.command(name="ingest")
@click.argument("index")
@click.argument("targets", nargs=-1, metavar="[PATH]...")
@ingest_options
@model_options
@cluster_options
def command(
    *,
    index: str,
    targets: tuple[str, ...],
    **others: Any,
) -> int:
    """Embed what is under PATH... into INDEX.

    A PATH is a file, a folder, a pattern in quotes, `-` for standard input, an http(s) address, or
    es://INDEX?QUERY for documents that are in Elasticsearch already. Text, Markdown, HTML, PDF and
    images are told by their content; files of records (NDJSON, CSV, Parquet) need --text-field or
    --image-field.

    What is in the index already, unchanged, is not embedded again: a run may be killed anywhere and
    started again. What fails is named in the summary and in the dead-letter file; the exit code is
    then 3, or 7 where the run ends at --max-tokens, with failures or without. Ctrl-C finishes what
    is in flight (exit code 130); a second one ends at once.
    """
    from es_jina.elastic.assets import require_profile
    from es_jina.elastic.fast_load import restore

    options, others = IngestOptions.parted(others)
    model, cluster = ModelOptions.parted(others)
    options.check(targets, terminal=sys.stdin is not None and sys.stdin.isatty())
    client = open_cluster(**cluster)
    profile = require_profile(client, index)
    chosen = model.chosen(profile.model)
    options.check_billed(chosen.name)
    options.check_model(profile.model)
    models = Models(chosen, options.retry_for, options.max_tokens, profile, index)
    if model.model is not None:
        models.check()
    if not options.dry_run and restore(client, index):
        click.echo("An earlier --fast-load had left its settings: they are put back.", err=True)
    with ExitStack() as stack:
        run = Run(client, index, profile, models=models, options=options, stack=stack)
        return run.preview(targets) if options.dry_run else run.ingest(targets)


@dataclass(frozen=True, slots=True)
class Models:
    """Opens what runs the model, once there is something to do for it."""

    chosen: ModelOptions
    retry_for: float
    max_tokens: int | None
    profile: "IndexProfile"
    index: str

    def check(self) -> None:
        """Refuse a model that does not fit before it is loaded, or even downloaded.

        Raises:
            ProfileMismatchError: the index was made with another.
        """
        info = self.chosen.describe()
        self.profile.check_model(info.name, info.revision, self.index)

    def open_provider(self) -> "Provider":
        """Load the model, or get ready to ask the hosted one.

        Raises:
            ProfileMismatchError: the index was made with another.
        """
        opened = self.chosen.open_provider(patience=self.retry_for, max_tokens=self.max_tokens)
        try:
            self.profile.check_model(opened.model.name, opened.model.revision, self.index)
        except BaseException:
            opened.close()
            raise
        return opened

    def open_tokenizer(self) -> "Tokenizer":
        """Read the model's tokenizer alone."""
        return self.chosen.open_tokenizer()


class Run:
    """One call of the command, with what it has to close at the end."""

    def __init__(
        self,
        client: "Elasticsearch",
        index: str,
        profile: "IndexProfile",
        *,
        models: Models,
        options: IngestOptions,
        stack: ExitStack,
    ) -> None:
        self._client = client
        self._index = index
        self._profile = profile
        self._models = models
        self._options = options
        self._stack = stack
        self._letters: DeadLetters | None = None
        self._display: Display | None = None
        self._provider: Provider | None = None

    def ingest(self, named: Sequence[str]) -> int:
        """Ingest, prune, report; return the exit code."""
        from es_jina.cli.progress import open_display
        from es_jina.elastic.fast_load import fast_load
        from es_jina.ingest.dead_letters import DeadLetters
        from es_jina.ingest.retry import retry

        options, retried = self._options, self._retried()
        again = retry(retried)
        path = options.dead_letter or Path(f"{self._index}.dead-letter.ndjson")
        self._letters = self._stack.enter_context(DeadLetters(path, retried))
        targets, watched = self._found(named, again)
        ingest = self._engine()
        self._display = open_display(ingest.progress, json=options.as_json)
        if options.fast_load:
            self._stack.enter_context(fast_load(self._client, self._index))
        try:
            with self._display, interruptible(ingest.stop):
                report = ingest.run(watched)
        except EsJinaError:
            self._tell(ingest.report, path)
            raise
        if report.whole:
            self._letters.settle_places(targets.read_through)
        self._letters.settle_gone(targets.roots)
        for source in again.gone:
            self._letters.settle(source)
        if options.prune and report.whole:
            report.pruned = self._prune(targets, watched)
        self._tell(report, path)
        return _exit_code(report)

    def preview(self, named: Sequence[str]) -> int:
        """Say what ingesting would do."""
        from es_jina.ingest.retry import retry

        targets, watched = self._found(named, retry(self._retried()))
        engine = self._engine()
        report = engine.preview(watched)
        if report.embedded:
            self._models.check()
        bill = Bill(self._forecast(engine.expected), self._options.price)
        lines = [
            f"Would embed {report.embedded} units of {report.new} new and {report.changed} changed "
            f"sources; {report.unchanged} units are unchanged, {report.deleted} outdated would go",
            *bill.expected,
            *details(report),
        ]
        if self._options.as_json:
            click.echo(_json({"event": "preview", **asdict(report), **bill.fields}))
            lines = []
        for line in lines:
            say(line)
        if self._options.prune:
            self._list_gone(list(self._gone(targets, watched)))
        return EXIT_PARTIAL if report.failed else 0

    def _retried(self) -> "list[Failure]":
        from es_jina.ingest.dead_letters import read_dead_letters

        file = self._options.retry_dead
        return [] if file is None else read_dead_letters(file)

    def _found(self, named: Sequence[str], again: "Retry") -> "tuple[Targets, Watched]":
        """Return what is to be ingested, checked but not read yet."""
        from es_jina.ingest.indexed import SCHEME, refuse_itself
        from es_jina.ingest.prune import Watched
        from es_jina.ingest.targets import Setting, Targets

        options = self._options
        folder = self._stack.enter_context(
            tempfile.TemporaryDirectory(prefix="es-jina-", ignore_cleanup_errors=True)
        )
        setting = Setting(
            self._client,
            Path(folder),
            options.filters,
            options.record_fields,
            _stdin(),
            again.only,
            again=options.retry_dead is not None,
        )
        targets = Targets([*named, *again.targets], setting)
        for target in (*named, *again.targets):
            if target.lower().startswith(SCHEME):
                refuse_itself(self._client, self._index, target)
        if options.prune and not targets.roots:
            raise RequestError("--prune looks below files and folders: name one")
        return targets, Watched(chain(again.hopeless, targets))

    def _engine(self) -> "Ingest":
        from es_jina.elastic.capabilities import Capabilities
        from es_jina.ingest.run import Ingest

        return Ingest(
            self._client,
            self._index,
            self._profile,
            Capabilities.detect(self._client),
            open_provider=self._open_provider,
            open_tokenizer=self._models.open_tokenizer,
            options=self._options.run_options(self._models.chosen.name),
            on_failure=self._on_failure,
            on_settled=self._on_settled,
        )

    def _open_provider(self) -> "Provider":
        self._provider = self._stack.enter_context(self._models.open_provider())
        return self._provider

    def _used(self) -> "Usage | None":
        """Return what was used of the hosted API; ``None`` where the model runs here."""
        from es_jina.providers.usage import Usage

        if not self._models.chosen.is_hosted:
            return None
        return self._provider.usage if isinstance(self._provider, Billed) else Usage()

    def _forecast(self, expected: "Expected") -> "Usage | None":
        """Return what would be used of the hosted API; ``None`` where the model runs here."""
        from es_jina.providers.hosted_models import hosted_model
        from es_jina.providers.usage import forecast

        if not self._models.chosen.is_hosted:
            return None
        return forecast(
            expected.texts,
            expected.text_tokens,
            expected.pictures,
            expected.tiles,
            kinds=2 if self._profile.multi_vector else 1,
            billed_per_tile=hosted_model(self._profile.model, server=True).billed_per_tile,
        )

    def _on_failure(self, failure: Any) -> Any:
        if self._letters is not None:
            failure = self._letters.add(failure)
        if self._display is not None:
            self._display.failure(failure)
        return failure

    def _on_settled(self, source: str, failed: frozenset[int | None]) -> None:
        if self._letters is not None:
            self._letters.settle(source, failed)

    def _gone(self, targets: "Targets", watched: "Watched") -> Any:
        from es_jina.ingest.ledger import Ledger
        from es_jina.ingest.prune import gone

        ledger = Ledger(self._client, self._index, self._profile.fingerprint)
        return gone(ledger, targets.roots, self._options.filters, watched)

    def _prune(self, targets: "Targets", watched: "Watched") -> int:
        """List what is gone, ask, remove it; return how many documents were removed."""
        from es_jina.elastic.bulk import BulkWriter
        from es_jina.ingest.ledger import Ledger
        from es_jina.ingest.prune import remove

        found = list(self._gone(targets, watched))
        if not found:
            return 0
        self._list_gone(found)
        if not (self._options.yes or click.confirm("Remove them from the index?", err=True)):
            return 0
        ledger = Ledger(self._client, self._index, self._profile.fingerprint)
        with BulkWriter(self._client, self._index) as writer:
            removed = remove(ledger, writer, found)
        ledger.refresh()
        return removed

    def _list_gone(self, found: "Sequence[Gone]") -> None:
        documents = sum(each.documents for each in found)
        say(f"{len(found)} sources are gone, with {documents} units in the index", err=True)
        for each in found[:_NAMED]:
            say(f"  gone: {unquote(each.uri.removeprefix('file://'))}", err=True)
        if len(found) > _NAMED:
            say(f"  ... and {len(found) - _NAMED} more", err=True)

    def _tell(self, report: "Report", dead_letter: Path) -> None:
        bill = Bill(self._used(), self._options.price)
        if self._options.as_json:
            assert self._display is not None  # noqa: S101 - opened before
            self._display.summary({**asdict(report), **bill.fields})
        else:
            print_report(report, dead_letter, bill, self._options.max_tokens)


def _stdin() -> BinaryIO | None:
    """Return standard input in a reader of its own.

    Python aborts at its end where a thread still waits for more in that of `sys.stdin`.
    """
    if sys.stdin is None:
        return None
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except io.UnsupportedOperation:
        return sys.stdin.buffer


def _exit_code(report: "Report") -> int:
    if report.interrupted:
        return EXIT_INTERRUPTED
    if report.unsent:
        return EXIT_SPENT
    return EXIT_PARTIAL if report.failed else 0


def _json(event: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(event).decode()
