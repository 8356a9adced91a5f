"""What ``es-jina setup`` prints."""

from typing import TYPE_CHECKING, Any

import click

from es_jina.elastic.console import console_request

if TYPE_CHECKING:
    from es_jina.elastic.assets import Assets
    from es_jina.elastic.capabilities import Capabilities
    from es_jina.elastic.setup import SetUp
    from es_jina.elastic.stores import StoreChoice
    from es_jina.elastic.templates import Change
    from es_jina.profile import IndexProfile

STATES = {
    "new": "new",
    "same": "same",
    "outdated": "would be updated",
    "newer": "put by a newer es_jina",
    "edited": "edited by somebody",
}


def print_requests(wanted: "Assets") -> None:
    """Print what would be put as requests for Kibana's Dev Tools."""
    for asset in wanted.templates():
        _print_request(asset.path, asset.signed)
    pipeline = wanted.ingest_pipeline()
    click.echo("# For text that is indexed through Elasticsearch: ?pipeline=" + pipeline.name)
    click.echo("# It needs a cluster with the inference processor.")
    _print_request(pipeline.path, pipeline.signed)
    _print_request(f"/{wanted.index}", {"aliases": wanted.aliases()})


def _print_request(path: str, body: dict[str, Any]) -> None:
    click.echo(f"{console_request('PUT', path, body)}\n")


def print_result(
    index: str,
    profile: "IndexProfile",
    capabilities: "Capabilities",
    done: "SetUp",
    choice: "StoreChoice",
    *,
    dry_run: bool,
) -> None:
    """Print what was done, or what would be."""
    created = "Would create" if dry_run else "Created"
    click.echo(
        f"{created if done.created else 'Already there, with the same profile:'} index {index!r} "
        f"on Elasticsearch {capabilities.version} ({capabilities.licence} licence)"
    )
    click.echo(f"  {profile.summary}")
    if choice.why and choice.store:
        click.echo(f"  multi-vectors go to {choice.store}: {choice.why}")
    for change in done.changes:
        if dry_run:
            _print_planned(change)
        elif done_to := _done_to(change):
            click.echo(f"  {done_to}")


def _print_planned(change: "Change") -> None:
    state = STATES[change.state]
    if change.kept:
        state += ", kept (use --force)"
    elif change.state in ("newer", "edited"):
        state += ", would be replaced"
    click.echo(f"  {change.asset}: {state}")
    for line in change.difference:
        click.echo(f"    {line}")


def _done_to(change: "Change") -> str:
    """Return what people should know about an asset that was there already."""
    if change.kept:
        who = STATES[change.state]
        return f"{change.asset}: {who}, kept (--dry-run shows what differs, --force replaces it)"
    return f"{change.asset}: updated" if change.stored and change.written else ""


def print_next(index: str, done: "SetUp") -> None:
    """Print what can be done now."""
    for change in done.changes:
        if change.asset.kind == "ingest pipeline":
            name = change.asset.name
            click.echo(
                f"Raw text that is indexed with ?pipeline={name} is embedded by the inference "
                f"endpoint {name}"
            )
    click.echo(f"Next: es-jina ingest {index} PATH...")
