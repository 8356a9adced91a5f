"""``es-jina kibana``: what makes an index usable from Kibana, as a folder or put in place."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from es_jina.cli.options import cluster_options, meant_cluster
from es_jina.errors import ClusterError, RequestError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from es_jina.elastic.client import Cluster
    from es_jina.kibana.bundle import Bundle
    from es_jina.kibana.kibana_client import Kibana

F = TypeVar("F", bound=Callable[..., Any])


@click.group("kibana")
def command() -> None:
    """Make an index usable from Kibana, without a line of code.

    What needs a licence, or a version, that the cluster has not is named, and all else is done.
    """


def _shared_options(command: F) -> F:
    """Add what both commands take."""
    index = click.option("--index", required=True, help="The index, by its alias.")
    server = click.option(
        "--server",
        metavar="URL",
        help="Where the browsers of Kibana's users reach `es-jina serve --index INDEX`, which has "
        "the pictures of pages; without it there are none.",
    )
    return index(server(cluster_options(command)))


@command.command("export")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder; files of an earlier export are replaced.  [default: INDEX-kibana]",
)
@_shared_options
def export(*, index: str, output: Path | None, server: str | None, **cluster: Any) -> None:
    """Write the bundle into a folder: console.txt, README.md, searches, saved objects."""
    from es_jina.cli.kibana_report import print_exported
    from es_jina.kibana.folder import write

    server = _address(server)
    with meant_cluster(**cluster).connect() as client:
        bundle = _bundle(client, index, server)
    folder = output or Path(f"{index}-kibana")
    try:
        write(bundle, folder)
    except OSError as error:
        raise RequestError(f"{error.filename or folder}: {error.strerror}") from error
    print_exported(bundle, folder)


@command.command("install")
@click.option("--kibana", required=True, metavar="URL", help="Kibana, such as https://host:5601.")
@click.option("--space", metavar="ID", help="Kibana's space.  [default: the default space]")
@click.option("--force", is_flag=True, help="Replace search templates that somebody edited.")
@click.option("--dry-run", is_flag=True, help="Say what would be put; put nothing.")
@_shared_options
def install(
    *,
    index: str,
    kibana: str,
    space: str | None,
    force: bool,
    dry_run: bool,
    server: str | None,
    **cluster: Any,
) -> None:
    """Put the search templates into Elasticsearch and the saved objects into Kibana.

    Kibana is signed in to as Elasticsearch is: its users are the same. Templates that somebody
    edited are kept; saved objects of an earlier install are replaced.
    """
    from es_jina.cli.kibana_report import print_imported, print_put
    from es_jina.kibana.install import put_templates

    meant = meant_cluster(**cluster)
    opened = _kibana(kibana, space, meant)
    server = _address(server)
    with meant.connect() as client:
        bundle = _bundle(client, index, server)
        objects = bundle.objects()
        # First of all: a typo would leave half of it in place.
        opened.check()
        print_put(bundle, put_templates(client, bundle, force=force, dry_run=dry_run), dry_run)
    imported = None if dry_run else opened.import_objects(objects)
    print_imported(kibana, objects, imported)
    if imported is not None:
        imported.check()


def _address(server: str | None) -> str | None:
    from es_jina.kibana.saved_objects import server_address

    return None if server is None else server_address(server)


def _kibana(url: str, space: str | None, cluster: "Cluster") -> "Kibana":
    from es_jina.kibana.kibana_client import Kibana

    return Kibana(
        url,
        space=space,
        api_key=cluster.api_key,
        username=cluster.username,
        password=cluster.password,
        ca_certs=cluster.ca_certs,
    )


def _bundle(client: "Elasticsearch", index: str, server: str | None) -> "Bundle":
    from es_jina.elastic.assets import require_profile
    from es_jina.elastic.capabilities import Capabilities
    from es_jina.elastic.inference import rerank_name
    from es_jina.kibana.alias import require_alias
    from es_jina.kibana.bundle import Bundle
    from es_jina.kibana.searches import rerank_field

    profile = require_profile(client, index)
    require_alias(client, index)
    capabilities = Capabilities.detect(client, fields=False)
    reranker = None
    if capabilities.inference_services:
        # Where there are no multi-vectors, a hosted reranker may read text.
        asked = Bundle(index, profile, capabilities, "text").endpoints
        found = {name: _endpoint(client, index, name) for name in asked}
        reranker = found.get(rerank_name(index))
    return Bundle(index, profile, capabilities, rerank_field(reranker, profile), server)


def _endpoint(client: "Elasticsearch", index: str, name: str) -> dict[str, Any] | None:
    """Return an inference endpoint, and say where it is not there or cannot be seen."""
    from es_jina.elastic.endpoints import find_endpoint

    try:
        found = find_endpoint(client, name)
    except ClusterError as error:
        click.echo(f"Warning: {error}", err=True)
        return None
    if found is None:
        made = f"`es-jina setup {index} --server URL` makes it"
        click.echo(f"There is no inference endpoint {name}, which searches ask: {made}", err=True)
    return found
