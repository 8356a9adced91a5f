"""How ``es-jina search`` shows what it found."""

import re
from typing import TYPE_CHECKING

import click

from es_jina.elastic.console import console_request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table
    from rich.text import Text

    from es_jina.providers.base import ModelInfo
    from es_jina.search.hits import Hit, Results
    from es_jina.search.trace import Sent, Stage

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# In the order in which a search goes through them; embed places nothing.
_STAGES = ("words", "coarse", "nearest", "fused", "late", "rerank")


def print_results(results: "Results") -> None:
    """Write a table: rank, score, title, page, snippet."""
    from rich.text import Text

    if not results.hits:
        click.echo("Nothing found.")
        return
    table = _table(results)
    table.add_column("snippet", ratio=1)
    for rank, hit in enumerate(results.hits, start=results.offset + 1):
        # Text, not str: a document's square brackets are no markup.
        snippet = Text(_harmless(_snippet(hit)))
        for first, end in hit.highlights:
            snippet.stylize("bold", first, end)
        table.add_row(*_begin(rank, hit), snippet)
    _print(table)


def print_explained(results: "Results") -> None:
    """Write a table with rank and score in every stage, and how long each stage took."""
    used = [name for name in _STAGES if any(name in hit.stages for hit in results.hits)]
    table = _table(results)
    for name in used:
        table.add_column(name, justify="right", no_wrap=True)
    for rank, hit in enumerate(results.hits, start=results.offset + 1):
        places = [hit.stages.get(name) for name in used]
        cells = [f"{place.rank} ({place.score:.4g})" if place else "-" for place in places]
        table.add_row(*_begin(rank, hit), *cells)
    if results.hits:
        _print(table)
    else:
        click.echo("Nothing found.")
    click.echo(_times(results.stages, results.embed_ms + results.search_ms))


def print_unread(results: "Results") -> None:
    """Say on standard error what a reranker could not read."""
    if blank := results.unread - results.refused:
        click.echo(
            f"Of the best hits the reranker could not read {blank}, which stand behind the others: "
            "they have no text, and no picture on this machine as it was indexed",
            err=True,
        )
    if results.refused:
        click.echo(
            f"Of the best hits the reranker refused {results.refused}, which stand behind the "
            f"others: {_harmless(results.refusal or '')}",
            err=True,
        )


def print_unknown(model: "ModelInfo", query: str) -> None:
    """Say on standard error which words of a query a toy does not know."""
    from es_jina.providers.toy import say_unknown

    if model.toy is not None and (words := model.toy.unknown(query)):
        click.echo(say_unknown(words), err=True)


def print_requests(requests: "Iterable[Sent]") -> None:
    """Write what was sent, to be pasted into Kibana's Dev Tools."""
    for number, sent in enumerate(requests, start=1):
        ours = "docvalue_fields" in sent.body
        note = "; es_jina computes MaxSim from the multi-vectors that come back" if ours else ""
        click.echo(f"# {number}. {sent.stage}{note}")
        click.echo(f"{console_request('POST', sent.path, sent.body)}\n")


def _table(results: "Results") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("#", justify="right")
    table.add_column("score", justify="right")
    table.add_column("title", max_width=36)
    table.add_column("page", justify="right", no_wrap=True)
    return table


def _begin(rank: int, hit: "Hit") -> "list[str | Text]":
    from rich.text import Text

    page = f"{hit.page}/{hit.pages}" if hit.page else ""
    return [str(rank), f"{hit.score:.3f}", Text(_harmless(hit.title)), page]


def _print(table: "Table") -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        # A pipe has no width; 80 columns would cut what somebody wants to grep.
        console = Console(width=120)
    console.print(table)


def _times(stages: "Iterable[Stage]", whole: float) -> str:
    each = " · ".join(f"{stage.name} {stage.ms:.1f}" for stage in stages)
    return f"milliseconds: {each} · in all {whole:.1f}"


def _harmless(text: str) -> str:
    """Return a text without what would steer a terminal: anybody may have written it."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _snippet(hit: "Hit") -> str:
    return hit.snippet or f"({hit.kind}) {hit.name}"
