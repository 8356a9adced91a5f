"""What ``es-jina kibana`` prints."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from es_jina.cli.setup_report import STATES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from es_jina.elastic.templates import Change
    from es_jina.kibana.bundle import Bundle
    from es_jina.kibana.install import Installed
    from es_jina.kibana.kibana_answers import Imported


def print_exported(bundle: "Bundle", folder: Path) -> None:
    """Say where the bundle is, and what of it the cluster can run."""
    click.echo(f"Wrote {folder}/: paste {folder / 'console.txt'} into Kibana's Dev Tools")
    searches = bundle.searches
    for template in searches.templates:
        _print_search(str(template.asset), bundle.lacking(template.text))
    for query in searches.queries:
        _print_search(f"ES|QL {query.name}", bundle.lacking(query.text))
    _print_unfit(bundle)


def print_put(bundle: "Bundle", done: "Iterable[Installed]", dry_run: bool) -> None:
    """Say what happened to each template, or would."""
    for each in done:
        if each.change is None:
            click.echo(f"  {each.template.asset}: not put: {_lacking(each.lacking)}")
            continue
        click.echo(f"  {each.template.asset}: {_done(each.change, dry_run)}")
        for line in each.change.difference if dry_run else ():
            click.echo(f"    {line}")
    _print_unfit(bundle)


def print_imported(kibana: str, objects: bytes, imported: "Imported | None") -> None:
    """Say how many saved objects Kibana took, or would be given."""
    if imported is None:
        count = len(objects.splitlines())
        click.echo(f"  {count} saved objects would go to {kibana}, in the place of earlier ones")
        return
    click.echo(f"  {imported.created} saved objects are in {kibana}")


def _print_search(what: str, lacking: "Iterable[str]") -> None:
    click.echo(f"  {what}: {_lacking(lacking) or 'runs here'}")


def _lacking(lacking: "Iterable[str]") -> str:
    told = "; and ".join(lacking)
    return f"it does not run here, for it takes {told}" if told else ""


def _print_unfit(bundle: "Bundle") -> None:
    for name, why in bundle.searches.unfit.items():
        click.echo(f"  {name}: left out: {why}")


def _done(change: "Change", dry_run: bool) -> str:
    if change.kept:
        return f"{STATES[change.state]}, kept (--dry-run shows what differs, --force replaces it)"
    if change.state == "same":
        return "already there"
    return f"{'would be ' if dry_run else ''}{'put' if change.stored is None else 'replaced'}"
