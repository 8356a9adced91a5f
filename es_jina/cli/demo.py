"""``es-jina demo``, what ``make demo`` runs."""

import os
import shlex
import signal
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from es_jina.cli.models import ModelOptions, model_options
from es_jina.errors import RequestError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from es_jina.demo.run import Example
    from es_jina.elastic.node import Node
    from es_jina.ingest.run import Ingest
    from es_jina.providers.base import Provider
    from es_jina.search.hits import Results


@click.command(name="demo")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the demo's node keeps its data.  [default: in the user's data folder]",
)
@model_options
def command(*, folder: Path | None, **model: Any) -> None:
    """Start a real Elasticsearch, load sample documents, print three searches.

    Without --model, --server and a key in JINA_API_KEY it runs a tiny UNTRAINED checkpoint:
    everything works, but what is found is found by shared words. Models that run here need
    pip install 'es_jina[local]'. On a terminal the node stays up until Ctrl-C.
    """
    from es_jina.elastic.node import Node
    from es_jina.paths import data_folder

    chosen = ModelOptions.parted(model)[0].chosen()
    _check(chosen)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    _end_with_make()
    _step("Starting Elasticsearch on this machine")
    with Node(folder or data_folder() / "demo") as node:
        _done(f"Elasticsearch {node.version} answers at {node.url}")
        # What is to be typed for the same model; the index knows its model by itself.
        server = f" --server {shlex.quote(chosen.server)}" if chosen.server else ""
        index = _show(node, chosen, server)
        _stay(node, index, server)


def _check(chosen: ModelOptions) -> None:
    """Refuse a model that cannot do what the demo shows, before anything starts.

    Raises:
        RequestError: it has no multi-vectors, or what runs it is not installed.
        ProviderError: it is no checkpoint, or there is no key to ask a service with.
    """
    from es_jina.inputs import Task
    from es_jina.providers.base import Want

    if chosen.describe().multi_dims is None:
        raise RequestError(
            f"the demo shows late interaction, and {chosen.model} has no multi-vectors: leave "
            "--model out"
        )
    if chosen.is_hosted:
        with chosen.open_provider() as opened:
            opened.embed([], Task.RETRIEVAL_QUERY, Want.SINGLE)  # only asks for the key


def _show(node: "Node", chosen: ModelOptions, server: str) -> str:
    """Set up, ingest and search; return the name of the index."""
    from es_jina.demo.run import EXAMPLES, demo_checkpoint, demo_index
    from es_jina.elastic.capabilities import Capabilities
    from es_jina.elastic.client import Cluster
    from es_jina.elastic.setup import set_up
    from es_jina.ingest.run import Ingest
    from es_jina.providers import profile_for
    from es_jina.search.searcher import Searcher

    _step("Loading the model")
    toy = not chosen.is_hosted and chosen.model is None
    chosen = replace(chosen, model=str(demo_checkpoint())) if toy else chosen
    with Cluster(node.url).connect() as client, chosen.open_provider() as opened:
        _say_model(opened, toy, hosted=chosen.is_hosted)
        capabilities = Capabilities.detect(client)
        profile = profile_for(opened.model)
        index = demo_index(client, profile)
        created = set_up(client, index, profile, capabilities).created
        _step(f"Loading the sample into {'a new' if created else 'the'} index {index!r}")
        searcher = Searcher(client, index, profile, capabilities, opened)
        _ingest(
            Ingest(
                client,
                index,
                profile,
                capabilities,
                open_provider=lambda: opened,
                open_tokenizer=chosen.open_tokenizer,
            ),
            client,
        )
        for example in EXAMPLES:
            results = searcher.search(example.input, example.mode, size=3)
            _print_search(example, example.arguments(index) + server, results)
    return index


def _say_model(provider: "Provider", toy: bool, *, hosted: bool) -> None:
    from es_jina.providers.base import LICENCE

    if toy:
        _done(
            "A tiny UNTRAINED checkpoint in the layout of jina-embeddings-v4: it knows no language"
        )
        click.echo("    and no pictures, so its rankings mean little beyond shared words.")
        click.echo(
            "    Real results: `es-jina demo --model jinaai/jina-embeddings-v4`, or a key in"
        )
        click.echo("    JINA_API_KEY.")
    else:
        _done(provider.model.name)
    click.echo(f"    {LICENCE}")
    if hosted:
        click.echo("    What a service answers may be used by that service's own terms.")


def _ingest(ingest: "Ingest", client: "Elasticsearch") -> None:
    from es_jina.cli.progress import open_display
    from es_jina.demo.run import SAMPLE
    from es_jina.ingest.targets import Setting, Targets

    with (
        tempfile.TemporaryDirectory(prefix="es-jina-") as scratch,
        open_display(ingest.progress, json=False),
    ):
        report = ingest.run(Targets([str(SAMPLE)], Setting(client, Path(scratch))))
    _done(f"{report.sources} files: {report.embedded} units embedded, {report.unchanged} unchanged")


def _print_search(example: "Example", arguments: str, results: "Results") -> None:
    from es_jina.cli.search_display import print_results

    click.secho(f"\n$ {_program()} {arguments}", bold=True)
    click.echo(
        f"  {example.why}; {results.embed_ms:.0f} ms model + {results.search_ms:.0f} ms search"
    )
    print_results(results)


def _stay(node: "Node", index: str, server: str) -> None:
    """Say what to type next; stay up where somebody is there to type it."""
    from es_jina.demo.run import SAMPLE

    es_jina = _program()
    click.secho("\nWhat to type next, in a second terminal:", bold=True)
    click.echo(f'  {es_jina} search {index} "home battery price" --mode text')
    click.echo(f"  {es_jina} ingest {index} {SAMPLE}{server}   # embeds nothing again")
    click.echo(f"  {es_jina} ingest {index} YOUR/FOLDER{server}")
    click.echo(f"  curl '{node.url}/{index}/_mapping?pretty'   # the profile is in _meta")
    if sys.stdin is None or not sys.stdin.isatty():
        click.echo(
            "Nothing is attached to this terminal: the node stops now, its data stay. Again with"
        )
        click.echo(f"  {es_jina} node start --folder {node.folder}")
        return
    click.echo("Ctrl-C stops the node; its data stay.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo("\nStopping Elasticsearch ...")


def _program() -> str:
    """Return how this command was called, so that what we print can be typed as it stands."""
    return sys.argv[0] if Path(sys.argv[0]).name == "es-jina" else "es-jina"


def _end_with_make() -> None:
    """End when the ``make`` that started us does, even by SIGKILL: it cannot pass that on."""
    if "MAKELEVEL" in os.environ:
        threading.Thread(target=_watch_parent, args=(os.getppid(),), daemon=True).start()


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _step(text: str) -> None:
    click.secho(f"==> {text} ...", bold=True)


def _done(text: str) -> None:
    click.echo(f"    {text}")
