"""The inference endpoints of ``es-jina setup``: made, compared, printed."""

from typing import TYPE_CHECKING

import click

from es_jina.elastic.console import console_request
from es_jina.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from elasticsearch import Elasticsearch

    from es_jina.cli.models import ModelOptions
    from es_jina.elastic.capabilities import Capabilities
    from es_jina.elastic.endpoints import EndpointChange
    from es_jina.elastic.inference import Endpoint, ModelService
    from es_jina.profile import IndexProfile

_ADVICE = (
    "No inference endpoints: add --server URL, as Elasticsearch reaches it, of a server that runs "
    "the model (or --provider hosted, with a key), and Elasticsearch embeds texts itself"
)
_IS_LOCAL = (
    "Note: {url} is this machine to Elasticsearch, too: it answers only where Elasticsearch runs "
    "here; else give --server the address that its nodes reach"
)


def service_of(
    options: "ModelOptions", existing: "IndexProfile | None" = None
) -> "ModelService | None":
    """Return what the endpoints are to ask; ``None`` where nobody named a service.

    A key in the environment is not enough: Elasticsearch is to keep it only where that was said.

    Args:
        options: as they were given.
        existing: the profile of the index, where it is there: its model is asked where none is
            named.

    Raises:
        RequestError: the key's file holds none.
        ProviderError: the key cannot be right.
    """
    from es_jina.elastic.inference import ModelService
    from es_jina.providers.base import MODEL_ID
    from es_jina.providers.hosted_models import hosted_model
    from es_jina.providers.keys import find_key

    if options.server is None and options.provider != "hosted":
        return None
    key = find_key(key_file=options.key_file)
    if key is None and options.server is None:
        return None
    chosen = options.chosen(existing.model if existing else None)
    name = chosen.model or MODEL_ID
    known = hosted_model(name, server=options.server is not None)
    return ModelService(
        name.removeprefix("jinaai/"), options.server, key, known.tasks, known.images
    )


def print_endpoints(index: str, profile: "IndexProfile", model: "ModelService | None") -> None:
    """Print the endpoints as requests for Kibana's Dev Tools, with a placeholder for the key."""
    from es_jina.elastic.inference import endpoints

    if model is None:
        click.echo(f"# {_ADVICE}.")
        return
    click.echo(
        "# They need a cluster with the inference API, and an Enterprise licence or a trial."
    )
    if model.url is not None:
        click.echo(
            f"# Nobody asked {model.url}: these are for {model.model}; name what else it runs "
            "with --model."
        )
    for endpoint in endpoints(index, profile, model):
        if endpoint.task == "embedding":
            click.echo("# For texts and images; it needs Elasticsearch 9.4 or later.")
        click.echo(f"{console_request('PUT', endpoint.path, endpoint.shown)}\n")


def set_up_endpoints(
    client: "Elasticsearch",
    capabilities: "Capabilities",
    index: str,
    profile: "IndexProfile",
    model: "ModelService | None",
    *,
    force: bool,
    dry_run: bool,
) -> None:
    """Put the endpoints of an index and say what was done, or what would be.

    Whatever stands in the way of them is said in a line: the index needs none.
    """
    from es_jina.elastic.endpoints import put_endpoints

    if model is None:
        if capabilities.inference_services:
            click.echo(_ADVICE)
        return
    wanted = _possible(client, capabilities, index, profile, model)
    if not wanted:
        return
    changes = list(put_endpoints(client, wanted, force=force, dry_run=dry_run))
    for change in changes:
        _print_change(change, dry_run=dry_run)
    if model.is_local and any(each.state != "same" for each in changes):
        click.echo(_IS_LOCAL.format(url=model.url), err=True)


def _possible(
    client: "Elasticsearch",
    capabilities: "Capabilities",
    index: str,
    profile: "IndexProfile",
    model: "ModelService",
) -> "Sequence[Endpoint]":
    """Return the endpoints that the cluster has the service for."""
    from es_jina.elastic.endpoints import services
    from es_jina.elastic.inference import endpoints

    if capabilities.inference_services == frozenset():
        _warn("this cluster has no inference API")
        return []
    try:
        found = services(client)
    except ClusterError as error:
        _warn(str(error))
        return []
    if model.service not in found:
        since = "8.19 and later" if model.service == "custom" else "8.18 and later"
        _warn(
            f"Elasticsearch {capabilities.version} lacks the inference service {model.service!r} "
            f"({since} have it)"
        )
        return []
    tasks = found[model.service]
    return [each for each in endpoints(index, profile, model) if each.task in tasks]


def _warn(told: str) -> None:
    click.echo(f"Warning: no inference endpoints: {told}", err=True)


def _print_change(change: "EndpointChange", *, dry_run: bool) -> None:
    if change.failure is not None:
        click.echo(f"Warning: {change.failure}", err=True)
        return
    click.echo(f"  {change.endpoint}: {_done(change, dry_run=dry_run)}")
    for line in change.difference if dry_run or not change.written else ():
        click.echo(f"    {line}")


def _done(change: "EndpointChange", *, dry_run: bool) -> str:
    """Say what was done, or would be."""
    match change.state:
        case "new":
            return f"new, of the service {change.endpoint.service}"
        case "same":
            return "already there, with the same settings"
    users = f" (in use by {', '.join(change.users)})" if change.users else ""
    if not change.written:
        return f"of other settings, kept{users}: --force deletes it and puts it again"
    return f"of other settings, {'would be ' if dry_run else ''}deleted and put again{users}"
