"""``es-jina ingest``."""

import sys
import tempfile
import unicodedata
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import click

from es_jina.cli.ingest_options import IngestOptions, ingest_options
from es_jina.cli.interrupt import interruptible
from es_jina.cli.options import choose_model, cluster_options, model_options, open_cluster
from es_jina.errors import EXIT_INTERRUPTED, EXIT_PARTIAL, EsJinaError, RequestError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from es_jina.cli.progress import Display
    from es_jina.ingest.dead_letters import DeadLetters
    from es_jina.ingest.prune import Gone, Watched
    from es_jina.ingest.report import Failure, Report
    from es_jina.ingest.retry import Retry
    from es_jina.ingest.run import Ingest
    from es_jina.ingest.targets import Targets
    from es_jina.profile import IndexProfile
    from es_jina.providers.base import Provider, Tokenizer

# How many sources a preview of --prune names.
_NAMED = 20
# Controls, formats (such as the direction of writing), and ends of lines and paragraphs.
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})


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
    model: str | None,
    provider: str | None,
    device: str | None,
    dtype: str | None,
    **others: Any,
) -> int:
    """Embed what is under PATH... into INDEX.

    A PATH is a file, a folder, a pattern in quotes, `-` for standard input, an http(s) address, or
    es://INDEX?QUERY for documents that are in Elasticsearch already. Text, Markdown, HTML, PDF and
    images are told by their content; files of records (NDJSON, CSV, Parquet) need --text-field or
    --image-field.

    What is in the index already, unchanged, is not embedded again: a run may be killed anywhere and
    started again. What fails is named in the summary and in the dead-letter file; the exit code is
    then 3. Ctrl-C finishes what is in flight (exit code 130); a second one ends at once.
    """
    from es_jina.elastic.assets import require_profile
    from es_jina.elastic.fast_load import restore

    options, cluster = IngestOptions.parted(others)
    options.check(targets, terminal=sys.stdin is not None and sys.stdin.isatty())
    client = open_cluster(**cluster)
    profile = require_profile(client, index)
    name, chosen = choose_model(model, provider, profile.model)
    models = Models(name, chosen, device, dtype, options.retry_for, profile, index)
    if model is not None:
        models.check()
    if not options.dry_run and restore(client, index):
        click.echo("An earlier --fast-load had left its settings: they are put back.", err=True)
    with ExitStack() as stack:
        run = Run(client, index, profile, models=models, options=options, stack=stack)
        return run.preview(targets) if options.dry_run else run.ingest(targets)


@dataclass(frozen=True, slots=True)
class Models:
    """Opens what runs the model, once there is something to do for it."""

    provider: Any
    model: str | None
    device: str | None
    dtype: str | None
    retry_for: float
    profile: "IndexProfile"
    index: str

    def check(self) -> None:
        """Refuse a model that does not fit before it is loaded, or even downloaded.

        Raises:
            ProfileMismatchError: the index was made with another.
        """
        from es_jina.providers import describe

        info = describe(self.provider, self.model)
        self.profile.check_model(info.name, info.revision, self.index)

    def open_provider(self) -> "Provider":
        """Load the model, or get ready to ask the hosted one.

        Raises:
            ProfileMismatchError: the index was made with another.
        """
        from es_jina.providers import open_provider

        opened = open_provider(
            self.provider,
            self.model,
            device=self.device,
            dtype=self.dtype,
            patience=self.retry_for,
        )
        self.profile.check_model(opened.model.name, opened.model.revision, self.index)
        return opened

    def open_tokenizer(self) -> "Tokenizer":
        """Read the model's tokenizer alone."""
        from es_jina.providers import open_tokenizer

        return open_tokenizer(self.provider, self.model)


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
        self._letters.settle_places(targets.read_through)
        self._letters.settle_gone(targets.roots)
        for source in again.gone:
            self._letters.settle(source)
        if options.prune and not report.interrupted:
            report.pruned = self._prune(targets, watched)
        self._tell(report, path)
        if report.interrupted:
            return EXIT_INTERRUPTED
        return EXIT_PARTIAL if report.failed else 0

    def preview(self, named: Sequence[str]) -> int:
        """Say what ingesting would do."""
        from es_jina.ingest.retry import retry

        targets, watched = self._found(named, retry(self._retried()))
        report = self._engine().preview(watched)
        if report.embedded:
            self._models.check()
        lines = [
            f"Would embed {report.embedded} units of {report.new} new and {report.changed} changed "
            f"sources; {report.unchanged} units are unchanged, {report.deleted} outdated would go",
            *_details(report),
        ]
        if self._options.as_json:
            click.echo(_json({"event": "preview", **asdict(report)}))
            lines = []
        for line in lines:
            _say(line)
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
            None if sys.stdin is None else sys.stdin.buffer,
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
            open_provider=lambda: self._stack.enter_context(self._models.open_provider()),
            open_tokenizer=self._models.open_tokenizer,
            options=self._options.run_options,
            on_failure=self._on_failure,
            on_settled=self._on_settled,
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
        _say(f"{len(found)} sources are gone, with {documents} units in the index", err=True)
        for each in found[:_NAMED]:
            _say(f"  gone: {unquote(each.uri.removeprefix('file://'))}", err=True)
        if len(found) > _NAMED:
            _say(f"  ... and {len(found) - _NAMED} more", err=True)

    def _tell(self, report: "Report", dead_letter: Path) -> None:
        if self._options.as_json:
            assert self._display is not None  # noqa: S101 - opened before
            self._display.summary(asdict(report))
        else:
            print_report(report, dead_letter)


def print_report(report: "Report", dead_letter: Path) -> None:
    """Write the summary."""
    rate = report.embedded / report.seconds if report.seconds else 0.0
    _say(
        f"{report.sources} sources: {report.embedded} units embedded"
        + (f" in {report.seconds:.1f} s ({rate:.1f}/s)" if report.embedded else "")
        + f", {report.unchanged} unchanged, {report.deleted} outdated ones removed, "
        f"{report.failed} failed"
    )
    if report.pruned:
        _say(f"{report.pruned} units removed whose sources are gone")
    for line in _details(report):
        _say(line)
    if report.failed:
        rest = "" if report.interrupted else "; everything else is in the index"
        _say(f"All failures are in {dead_letter}{rest}.")
    if report.interrupted:
        _say("Interrupted: what was in flight is in the index; run it again to go on.")


def _details(report: "Report") -> list[str]:
    lines = []
    if report.skipped:
        lines.append(f"{report.skipped} files skipped: neither text, HTML, image nor PDF")
    if report.skipped_records:
        lines.append(
            f"{report.skipped_records} files of records skipped: say what to embed of them with "
            "--text-field or --image-field"
        )
    lines += [f"  failed: {failure.name}: {failure.message}" for failure in report.failures]
    if report.failed > len(report.failures):
        lines.append(f"  ... and {report.failed - len(report.failures)} more")
    return lines


def _say(text: str, *, err: bool = False) -> None:
    """Print a line; a name may hold bytes that are no text, and characters that move the cursor."""
    readable = text.encode("utf-8", "replace").decode()
    click.echo("".join(map(_visible, readable)), err=err)


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    return character.encode("unicode_escape").decode()


def _json(event: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(event).decode()
