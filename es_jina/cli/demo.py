"""``es-jina demo``, what ``make demo`` runs."""

import os
import shlex
import signal
import sys
import tempfile
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from es_jina.cli.models import ModelOptions, model_options
from es_jina.cli.serve import require_server_extra
from es_jina.errors import RequestError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from es_jina.demo.page import DemoPage
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
    """Start a real Elasticsearch, load sample documents, search them, and serve the search page.

    Without --model, --server and a key in JINA_API_KEY it runs a toy: a tiny trained checkpoint
    that reads only its own words. Models that run here need pip install 'es_jina[local]'. It stays
    up until Ctrl-C, or where standard input is no terminal, until that ends.
    """
    require_server_extra()
    from es_jina.elastic.node import Node
    from es_jina.paths import data_folder

    chosen = ModelOptions.parted(model)[0].chosen()
    _check(chosen)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    _end_with_make()
    _step("Starting Elasticsearch on this machine")
    place = folder or data_folder() / "demo"
    with Node(place) as node:
        _done(f"Elasticsearch {node.version} answers at {node.url}")
        _Demo(node, chosen, place / "uploads").run()
    click.echo("Elasticsearch is stopped; its data stay. Again with")
    click.echo(f"  {_program()} node start --folder {node.folder}")


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


class _Demo:
    """What is shown once the node runs."""

    def __init__(self, node: "Node", chosen: ModelOptions, uploads: Path) -> None:
        from es_jina.demo.run import demo_checkpoint

        self.node, self.uploads = node, uploads
        self.toy = not chosen.is_hosted and chosen.model is None
        self.chosen = replace(chosen, model=str(demo_checkpoint())) if self.toy else chosen
        # What is to be typed for the same model; the index knows its model by itself.
        self.server = f" --server {shlex.quote(chosen.server)}" if chosen.server else ""

    def run(self) -> None:
        """Set up, ingest, search, and serve the page."""
        from es_jina.elastic.client import Cluster

        _step("Loading the model")
        with Cluster(self.node.url).connect() as client, self.chosen.open_provider() as opened:
            _say_model(opened, toy=self.toy, hosted=self.chosen.is_hosted)
            index = self._search(client, opened)
            self._serve(client, opened, index)

    def _search(self, client: "Elasticsearch", opened: "Provider") -> str:
        """Set up, ingest and search; return the name of the index."""
        from es_jina.demo.run import EXAMPLES, demo_index
        from es_jina.elastic.capabilities import Capabilities
        from es_jina.elastic.setup import set_up
        from es_jina.ingest.run import Ingest
        from es_jina.providers import profile_for
        from es_jina.search.searcher import Searcher

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
                open_tokenizer=self.chosen.open_tokenizer,
            ),
            client,
        )
        for example in EXAMPLES:
            results = searcher.search(example.input, example.mode, size=3)
            _print_search(example, example.arguments(index) + self.server, results)
        return index

    def _serve(self, client: "Elasticsearch", opened: "Provider", index: str) -> None:
        from es_jina.demo.page import DemoPage
        from es_jina.demo.run import CHIPS

        page = DemoPage(
            client,
            index,
            opened,
            self.chosen.open_tokenizer,
            uploads=self.uploads,
            examples=CHIPS,
            on_ready=lambda: self._ready(page, index),
        )
        page.run()

    def _ready(self, page: "DemoPage", index: str) -> None:
        from es_jina.demo.run import SAMPLE
        from es_jina.demo.since import since_make

        es_jina = _program()
        click.secho("\n==> The search page", bold=True)
        _done(page.url)
        if (since := since_make()) is not None:
            _done(since)
        click.secho("\nWhat to type next, in a second terminal:", bold=True)
        click.echo(f'  {es_jina} search {index} "home battery price" --mode text')
        click.echo(f"  {es_jina} ingest {index} {SAMPLE}{self.server}   # embeds nothing again")
        click.echo(f"  {es_jina} ingest {index} YOUR/FOLDER{self.server}")
        click.echo(f"  curl '{self.node.url}/{index}/_mapping?pretty'   # the profile is in _meta")
        if sys.stdin is not None and sys.stdin.isatty():
            click.echo("Ctrl-C stops the page and the node; the data stay.")
            return
        click.echo("Standard input is no terminal: all of it stops when that ends.")
        threading.Thread(target=_stop_at_end, args=(page,), daemon=True).start()


def _stop_at_end(page: "DemoPage") -> None:
    """End the page with standard input, which may be closed already."""
    if sys.stdin is not None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
    page.stop()


def _say_model(provider: "Provider", *, toy: bool, hosted: bool) -> None:
    from es_jina.providers.base import LICENCE

    if provider.model.toy is not None:
        for line in textwrap.wrap(provider.model.toy.about, 92):
            _done(line)
    else:
        _done(provider.model.name)
    if toy:
        _done("The real one: `es-jina demo --model jinaai/jina-embeddings-v4`, or a key in")
        _done("JINA_API_KEY.")
    _done(LICENCE)
    if hosted:
        _done("What a service answers may be used by that service's own terms.")


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
