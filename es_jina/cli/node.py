"""``es-jina node``: the embedded Elasticsearch as a thing that stays."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from es_jina.elastic.distribution import DEFAULT_VERSION, RELEASES
from es_jina.elastic.node import DEFAULT_HEAP, Node
from es_jina.elastic.running import NodeState, read_state, running_nodes, stop_node
from es_jina.errors import NodeError, RequestError
from es_jina.paths import data_folder

folder_option = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the node.",
)


@click.group("node")
def command() -> None:
    """Start, stop and inspect the embedded Elasticsearch.

    A node listens on this machine only. Other commands find it by themselves.
    """


@command.command("start")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where it keeps its data [default: one for each version, in the user's data folder].",
)
@click.option(
    "--version",
    type=click.Choice(list(RELEASES)),
    default=DEFAULT_VERSION,
    show_default=True,
    help="The version of Elasticsearch.",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), help="[default: that of the last start, if free]"
)
@click.option("--heap", default=DEFAULT_HEAP, show_default=True, help="Memory of the JVM.")
def start(folder: Path | None, version: str, port: int | None, heap: str) -> None:
    """Start a node that runs until `es-jina node stop`."""
    folder = (folder or data_folder() / f"node-{version}").expanduser().absolute()
    state = read_state(folder)
    if state is not None:
        click.echo(f"Elasticsearch {state.version} already runs at {state.url}")
    else:
        click.echo(f"Starting Elasticsearch {version} on {folder} ...", err=True)
        node = Node(folder, version=version, heap=heap, port=port)
        node.start()
        state = node.state
        node.detach()
        click.echo(f"Elasticsearch {version} runs at {state.url}")
    click.echo("Next: es-jina setup INDEX      (to end it: es-jina node stop)")


@command.command("stop")
@folder_option
def stop(folder: Path | None) -> None:
    """Stop the node; its data stay."""
    states = _running(folder)
    if not states:
        click.echo("No embedded node runs.")
        return
    if len(states) > 1:
        folders = ", ".join(state.folder for state in states)
        raise RequestError(f"{len(states)} nodes run; choose one with --folder: {folders}")
    stop_node(Path(states[0].folder))
    click.echo(f"Stopped Elasticsearch {states[0].version}; its data stay in {states[0].folder}")


@command.command("status")
@folder_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def status(folder: Path | None, as_json: bool) -> None:
    """Print the nodes that run; exit 6 when none does."""
    states = _running(folder)
    if as_json:
        click.echo(json.dumps([asdict(state) for state in states]))
    else:
        for state in states:
            click.echo(
                f"Elasticsearch {state.version} at {state.url} (pid {state.pid}, {state.folder})"
            )
    if not states:
        raise NodeError("no embedded node runs; start one with `es-jina node start`")


def _running(folder: Path | None) -> list[NodeState]:
    if folder is None:
        return running_nodes()
    state = read_state(folder.expanduser().absolute())
    return [] if state is None else [state]
