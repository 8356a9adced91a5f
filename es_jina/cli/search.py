"""``es-jina search``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import click

from es_jina.cli.options import choose_model, cluster_options, model_options, open_cluster
from es_jina.errors import ItemError, RequestError

if TYPE_CHECKING:
    from es_jina.search.searcher import Hit, Results

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@click.command(name="search")
@click.argument("index")
@click.argument("query", required=False)
@click.option(
    "--image",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Search by a picture instead of words.",
)
@click.option(
    "--mode",
    type=click.Choice(["text", "dense", "late", "hybrid"]),
    default="hybrid",
    show_default=True,
    help="text: BM25. dense: nearest single vectors. late: nearest 50, ordered by MaxSim. hybrid: "
    "BM25 and nearest fused by reciprocal rank, the first 50 ordered by MaxSim.",
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Only hits with that value, such as kind=page, or that match a query in JSON; repeatable.",
)
@click.option("-n", "--size", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@model_options
@cluster_options
def command(
    *,
    index: str,
    query: str | None,
    image: Path | None,
    mode: Any,
    filters: tuple[str, ...],
    size: int,
    as_json: bool,
    model: str | None,
    provider: str | None,
    device: str | None,
    dtype: str | None,
    **cluster: Any,
) -> None:
    """Search INDEX by the words of QUERY or by a picture."""
    from es_jina.elastic.assets import require_profile
    from es_jina.elastic.capabilities import Capabilities
    from es_jina.inputs import Image, Text
    from es_jina.providers import open_provider
    from es_jina.search.filters import parse_filter
    from es_jina.search.searcher import Searcher

    if (query is None) == (image is None):
        raise RequestError("give either a QUERY or --image FILE")
    wanted = [parse_filter(told) for told in filters]
    client = open_cluster(**cluster)
    profile = require_profile(client, index)
    name, model = choose_model(model, provider, profile.model)
    opened = None if mode == "text" else open_provider(name, model, device=device, dtype=dtype)
    try:
        searcher = Searcher(client, index, profile, Capabilities.detect(client), opened)
        asked = Image(image) if image else Text(query or "")
        results = searcher.search(asked, mode, size, wanted)
    except ItemError as error:
        raise RequestError(f"the query cannot be used: {error}") from error
    finally:
        if opened is not None:
            opened.close()
    if as_json:
        import orjson

        click.echo(orjson.dumps(results.to_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        print_results(results)


def print_results(results: "Results") -> None:
    """Write a table: rank, score, title, page, snippet."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not results.hits:
        click.echo("Nothing found.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("#", justify="right")
    table.add_column("score", justify="right")
    table.add_column("title", max_width=36)
    table.add_column("page", justify="right", no_wrap=True)
    table.add_column("snippet", ratio=1)
    for rank, hit in enumerate(results.hits, start=1):
        # Text, not str: a document's square brackets are no markup.
        title, snippet = Text(_harmless(hit.title)), Text(_harmless(_snippet(hit)))
        table.add_row(str(rank), f"{hit.score:.3f}", title, _page(hit), snippet)
    console = Console()
    if not console.is_terminal:
        # A pipe has no width; 80 columns would cut what somebody wants to grep.
        console = Console(width=120)
    console.print(table)


def _harmless(text: str) -> str:
    """Return a text without what would steer a terminal: anybody may have written it."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _page(hit: "Hit") -> str:
    return f"{hit.page}/{hit.pages}" if hit.page else ""


def _snippet(hit: "Hit") -> str:
    return hit.snippet or f"({hit.kind}) {Path(unquote(urlsplit(hit.uri).path)).name}"
