"""``es-jina search``."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from es_jina.cli.models import ModelOptions, model_options
from es_jina.cli.options import cluster_options, open_cluster
from es_jina.cli.search_display import (
    print_explained,
    print_requests,
    print_results,
    print_unknown,
    print_unread,
)
from es_jina.errors import ItemError, RequestError

# Somebody is waiting at the prompt: they rather ask again than look at nothing for two minutes.
_PATIENCE_SECONDS = 20.0


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
    help="text: BM25. dense: nearest single vectors. late: the nearest, ordered by MaxSim. hybrid: "
    "BM25 and nearest fused by reciprocal rank, then ordered by MaxSim.",
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Only hits with that value, such as kind=page, or that match a query in JSON; repeatable.",
)
@click.option("-n", "--size", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option(
    "--from",
    "offset",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Skip so many: the second page of ten is --from 10. Give all pages the same -n or "
    "--window.",
)
@click.option(
    "--window",
    type=click.IntRange(1, 10_000),
    help="How many candidates are fused and ordered by MaxSim; others follow as they were.  "
    "[default: 50, or as many as -n says]",
)
@click.option("--collapse", is_flag=True, help="Only the best unit of each source.")
@click.option(
    "--coarse",
    type=int,
    metavar="DIMS",
    help="Find candidates by a smaller dense field, such as 128; the largest one orders them.",
)
@click.option(
    "--bits",
    is_flag=True,
    help="Compare signs with signs, where multi-vectors are bits: faster, a little less exact.",
)
@click.option(
    "--rerank",
    is_flag=True,
    help="Let jina-reranker-m0 of the hosted API (or of --server) read the best hits, 20 or twice "
    "as many as are shown, and order them: by their text, pages by their text layer, images by "
    "their files on this machine. It bills what it reads.",
)
@click.option(
    "--explain", is_flag=True, help="Show rank and score in every stage, and how long each took."
)
@click.option(
    "--print-request",
    is_flag=True,
    help="Print what is sent to Elasticsearch, for Kibana's Dev Tools, and not what is found.",
)
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
    as_json: bool,
    explain: bool,
    print_request: bool,
    size: int,
    offset: int,
    window: int | None,
    collapse: bool,
    coarse: int | None,
    bits: bool,
    rerank: bool,
    **others: Any,
) -> None:
    """Search INDEX by the words of QUERY or by a picture."""
    from es_jina.elastic.assets import require_profile
    from es_jina.elastic.capabilities import Capabilities
    from es_jina.inputs import Image, Text
    from es_jina.search.filters import parse_filter
    from es_jina.search.searcher import Searcher

    if (query is None) == (image is None):
        raise RequestError("give either a QUERY or --image FILE")
    wanted = [parse_filter(told) for told in filters]
    options, cluster = ModelOptions.parted(others)
    client = open_cluster(**cluster)
    profile = require_profile(client, index)
    chosen = options.chosen(profile.model)
    if mode != "text" and not chosen.is_hosted:
        # Before it is loaded, or even downloaded; else it is checked when it is opened.
        info = chosen.describe()
        profile.check_model(info.name, info.revision, index)
    with ExitStack() as stack:
        # A key that is missing is told before a model is loaded.
        reranker = stack.enter_context(chosen.open_reranker(_PATIENCE_SECONDS)) if rerank else None
        opened = None
        if mode != "text":
            opened = stack.enter_context(chosen.open_provider(patience=_PATIENCE_SECONDS))
        capabilities = Capabilities.detect(client, fields=False)
        searcher = Searcher(client, index, profile, capabilities, opened, reranker=reranker)
        asked = Image(image) if image else Text(query or "")
        try:
            results = searcher.search(
                asked,
                mode,
                filters=wanted,
                size=size,
                offset=offset,
                window=window,
                collapse=collapse,
                coarse=coarse,
                bits=bits,
                explain=explain,
                rerank=rerank,
            )
        except ItemError as error:
            what = f"the picture {image}" if image else "the query"
            raise RequestError(f"{what} cannot be used: {error}") from error
        if opened is not None and query is not None:
            print_unknown(opened.model, query)
    if print_request:
        print_requests(results.requests)
    elif as_json:
        import orjson

        click.echo(orjson.dumps(results.to_json(), option=orjson.OPT_INDENT_2).decode())
    elif explain:
        print_explained(results)
    else:
        print_results(results)
    print_unread(results)
