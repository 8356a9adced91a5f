"""``es-jina ingest``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from es_jina.cli.options import choose_model, cluster_options, model_options, open_cluster
from es_jina.errors import EXIT_PARTIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from es_jina.ingest.report import Report
    from es_jina.ingest.run import Ingest
    from es_jina.ingest.units import Unit
    from es_jina.providers.base import Provider

# How many failures the summary names; the dead-letter file has them all.
_NAMED = 20


@click.command(name="ingest")
@click.argument("index")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--dead-letter",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where failures go, one JSON object a line.  [default: INDEX.dead-letter.ndjson]",
)
@model_options
@cluster_options
def command(
    *,
    index: str,
    paths: tuple[Path, ...],
    dead_letter: Path | None,
    model: str | None,
    provider: str | None,
    device: str | None,
    dtype: str | None,
    **cluster: Any,
) -> int:
    """Embed the files under PATHS into INDEX: text, Markdown, images and PDF pages.

    What is in the index already, unchanged, is not embedded again. A file or a page that fails is
    named in the summary and in the dead-letter file; the exit code is then 3.
    """
    from es_jina.elastic.assets import require_profile
    from es_jina.elastic.capabilities import Capabilities
    from es_jina.ingest.report import DeadLetters
    from es_jina.ingest.run import Ingest
    from es_jina.providers import open_provider

    client = open_cluster(**cluster)
    profile = require_profile(client, index)
    name, model = choose_model(model, provider, profile.model)
    with DeadLetters(dead_letter or Path(f"{index}.dead-letter.ndjson")) as dead_letters:
        ingest = Ingest(client, index, profile, Capabilities.detect(client), dead_letters.add)
        units = ingest.plan(paths)
        if units:
            with open_provider(name, model, device=device, dtype=dtype) as opened:
                profile.check_model(opened.model.name, opened.model.revision, index)
                run_with_progress(ingest, units, opened)
        print_report(ingest.report, dead_letters.path)
    return EXIT_PARTIAL if ingest.report.failures else 0


def run_with_progress(ingest: "Ingest", units: "Sequence[Unit]", provider: "Provider") -> None:
    """Run, with a bar on a terminal: units, units a second, time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    with Progress(
        TextColumn("Embedding"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("units, {task.fields[rate]:.1f}/s,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("", total=len(units), rate=0.0)

        def progress(done: int, _: int) -> None:
            bar.update(task, completed=done, rate=bar.tasks[task].speed or 0.0)

        ingest.run(units, provider, progress)


def print_report(report: "Report", dead_letter: Path) -> None:
    """Write the summary."""
    rate = report.embedded / report.seconds if report.seconds else 0.0
    click.echo(
        f"{report.sources} files: {report.embedded} units embedded"
        + (f" in {report.seconds:.1f} s ({rate:.1f}/s)" if report.embedded else "")
        + f", {report.unchanged} unchanged, {report.deleted} outdated ones removed, "
        f"{len(report.failures)} failed"
    )
    if report.skipped:
        click.echo(f"{report.skipped} files skipped: neither text, Markdown, image nor PDF")
    for failure in report.failures[:_NAMED]:
        click.echo(f"  failed: {failure.name}: {failure.message}")
    if len(report.failures) > _NAMED:
        click.echo(f"  ... and {len(report.failures) - _NAMED} more")
    if report.failures:
        click.echo(f"All failures are in {dead_letter}; everything else is in the index.")
