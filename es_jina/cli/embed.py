"""``es-jina embed``."""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from es_jina.cli.embed_options import EmbedOptions, embed_options
from es_jina.cli.models import ModelOptions, model_options
from es_jina.cli.ordered import OrderedCommand, in_order
from es_jina.errors import EXIT_PARTIAL, EXIT_SPENT, EsJinaError, ItemError, UnsentError

if TYPE_CHECKING:
    from es_jina.cli.embed_inputs import Given
    from es_jina.providers.base import ModelInfo, Provider


@click.command(name="embed", cls=OrderedCommand)
@click.argument("inputs", nargs=-1, metavar="[INPUT]...")
@click.option(
    "--text",
    "texts",
    multiple=True,
    metavar="TEXT",
    help="A text, also where it is the name of a file or an address; repeatable.",
)
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="PATH|URL",
    help="A picture; repeatable.",
)
@embed_options
@model_options
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> int:
    """Print the vectors of each INPUT, one JSON object a line, in their order.

    An INPUT that is an http(s) address is the picture there, one that names a file is that file: a
    picture, or a text in UTF-8. `-` is standard input, each line a text. Anything else is a text
    itself.

    An input that fails has its error in its place, on stderr too, and the exit code is 3. With the
    hosted API, what it bills is said at the end.

    The weights of jina-embeddings-v4 are for NON-COMMERCIAL use (Qwen Research License, CC BY-NC
    4.0); the hosted API is the commercial way.
    """
    from es_jina.cli.embed_groups import HOSTED, LOCAL, groups
    from es_jina.cli.embed_inputs import Reader, check_named
    from es_jina.cli.embed_preview import preview

    options, others = EmbedOptions.parted(given)
    model, _ = ModelOptions.parted(others)
    chosen = model.chosen()
    options.check(hosted=chosen.is_hosted)
    if sys.stdout is None:  # before anything is billed
        raise EsJinaError("the output cannot be written: standard output is closed")
    named = in_order(ctx, "inputs", "texts", "images")
    stdin = None if sys.stdin is None else sys.stdin.buffer
    check_named(named, stdin)
    found = Reader(stdin, None if chosen.is_hosted else _fetching()).read(named)
    with chosen.open_provider(**options.provider) as provider:
        size = HOSTED if chosen.is_hosted else LOCAL
        if options.dry_run:
            max_pixels = options.max_pixels or _assumed(chosen).max_pixels
            return preview(provider, groups(found, size, max_pixels), options)
        grouped = groups(found, size, options.max_pixels or provider.model.max_pixels)
        # Of nothing: a missing key, and options that go with no input, are told before anything is
        # read.
        provider.embed([], **options.call)
        try:
            return embed(provider, grouped, options)
        finally:
            _tell_bill(provider, options.price)


def embed(provider: "Provider", grouped: Iterable[list["Given"]], options: EmbedOptions) -> int:
    """Print vectors, group by group; return the exit code."""
    from es_jina.cli.embed_groups import beside, readable
    from es_jina.cli.embed_output import Output

    output = Output(sys.stdout.buffer, options.embedding_type or "float")
    for group in grouped:
        inputs = readable(group)
        results = provider.embed(inputs, **options.call) if inputs else []
        for given, result in beside(group, results):
            if isinstance(result, UnsentError):
                output.flush()
                if result.cause is not None:
                    raise result.cause
                click.echo(
                    f"Stopped at --max-tokens {options.max_tokens:,}: input {output.index} and all "
                    "behind it were not sent.",
                    err=True,
                )
                return EXIT_SPENT
            if isinstance(result, ItemError):
                output.not_embedded(given, result)
            else:
                output.embedded(given, result)
        output.flush()
    return EXIT_PARTIAL if output.failed else 0


def _assumed(chosen: ModelOptions) -> "ModelInfo":
    """Return what a service probably runs, which is not asked."""
    from es_jina.providers.hosted_models import hosted_model

    return hosted_model(chosen.model, server=chosen.server is not None).info


def _fetching() -> Callable[[str], bytes]:
    """Return what downloads pictures, and learns which hosts are away."""
    from es_jina.ingest.hosts import Hosts
    from es_jina.ingest.record_images import MAX_BYTES
    from es_jina.ingest.web import fetch

    return partial(fetch, limit=MAX_BYTES, hosts=Hosts())


def _tell_bill(provider: "Provider", price: float | None) -> None:
    from es_jina.cli.billing import Bill, Billed

    usage = provider.usage if isinstance(provider, Billed) else None
    for line in Bill(usage, price).used:
        click.echo(line, err=True)
