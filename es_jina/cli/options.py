"""Options that several commands share, and what they stand for."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from es_jina.errors import RequestError

if TYPE_CHECKING:
    from es_jina.elastic.client import Cluster

F = TypeVar("F", bound=Callable[..., Any])

# Elasticsearch's own default port, asked when nobody says where the cluster is.
DEFAULT_URL = "http://127.0.0.1:9200"


def cluster_options(command: F) -> F:
    """Add where the cluster is and how to sign in; :func:`open_cluster` reads them."""
    for option in (
        click.option(
            "--ca-certs",
            envvar="ES_JINA_CA_CERTS",
            type=click.Path(exists=True, path_type=Path),
            help="Certificate authority of the cluster, a PEM file.",
        ),
        click.option("--password", envvar="ES_JINA_PASSWORD", help="With --username."),
        click.option("--username", envvar="ES_JINA_USERNAME", help="Sign in with a password."),
        click.option("--api-key", envvar="ES_JINA_API_KEY", help="Sign in with an API key."),
        click.option(
            "--cloud-id",
            envvar="ES_JINA_CLOUD_ID",
            help="Deployment on Elastic Cloud, in place of --url.",
        ),
        click.option(
            "--url",
            envvar="ES_JINA_URL",
            help="Elasticsearch; by default the embedded node that runs, else "
            f"{DEFAULT_URL}.  [env: ES_JINA_URL, and so on for the others; or in "
            "~/.config/es-jina.toml]",
        ),
    ):
        command = option(command)
    return command


def open_cluster(**given: Any) -> Any:
    """Return a client for the cluster that the options, the environment or the file mean.

    Args:
        given: the parameters that :func:`cluster_options` adds.

    Raises:
        ClusterError: the address, the API key or the certificate authority is not one.
        RequestError: as :func:`meant_cluster` does.
    """
    return meant_cluster(**given).connect()


def meant_cluster(**given: Any) -> "Cluster":
    """Return the cluster that the options, the environment or the file mean.

    Args:
        given: the parameters that :func:`cluster_options` adds.

    Raises:
        RequestError: they exclude each other, the file is not right, or the address is nowhere and
            several embedded nodes run.
    """
    from es_jina.cli.config import config_file, read_config
    from es_jina.cli.connection import Level, resolve
    from es_jina.elastic.client import Cluster

    options: dict[str, Any] = resolve(
        Level("the command line", _given(given, ParameterSource.COMMANDLINE)),
        Level("the environment (ES_JINA_...)", _given(given, ParameterSource.ENVIRONMENT)),
        Level(str(config_file()), read_config()),
    )
    if not options.keys() & {"url", "cloud_id"}:
        options["url"] = _running_url()
    if "ca_certs" in options:
        options["ca_certs"] = Path(options["ca_certs"])
    return Cluster(**options)


def _given(given: dict[str, Any], place: ParameterSource) -> dict[str, str]:
    """Return what the user said in one place and not by an empty text, which means nothing."""
    source = click.get_current_context().get_parameter_source
    return {name: str(value) for name, value in given.items() if value and source(name) is place}


def _running_url() -> str:
    from es_jina.elastic.running import running_nodes

    nodes = running_nodes()
    if len(nodes) > 1:
        urls = ", ".join(node.url for node in nodes)
        raise RequestError(f"several embedded nodes run ({urls}): choose one with --url")
    return nodes[0].url if nodes else DEFAULT_URL
