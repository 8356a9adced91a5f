"""``es-jina embed --dry-run``."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from es_jina.errors import EXIT_PARTIAL, ItemError

if TYPE_CHECKING:
    from es_jina.cli.embed_inputs import Given
    from es_jina.cli.embed_options import EmbedOptions
    from es_jina.providers.base import Provider


def preview(provider: "Provider", grouped: Iterable[list["Given"]], options: "EmbedOptions") -> int:
    """Print the bodies that would be sent, and what they would use; return the exit code.

    Args:
        provider: the hosted one.
        grouped: the inputs.
        options: of the command.
    """
    import orjson

    from es_jina.cli.billing import Bill, counted
    from es_jina.cli.embed_groups import beside, readable
    from es_jina.cli.embed_output import tell_failure
    from es_jina.providers.hosted import HostedProvider
    from es_jina.providers.usage import Usage

    assert isinstance(provider, HostedProvider)  # noqa: S101 - the options ask for it
    usage, index, failed = Usage(), 0, 0
    for group in grouped:
        inputs = readable(group)
        told = provider.preview(inputs, **options.call)
        for body in told.bodies:
            click.echo(orjson.dumps(body))
        usage += told.usage
        for given, error in beside(group, [told.failed.get(at) for at in range(len(inputs))]):
            if isinstance(error, ItemError):
                tell_failure(index, given, error)
                failed += 1
            index += 1
    requests, tokens = counted(usage.requests, "request"), counted(usage.tokens, "token")
    money = Bill(usage, options.price).money
    click.echo(f"{requests}, about {tokens}{money}; nothing was sent", err=True)
    return EXIT_PARTIAL if failed else 0
