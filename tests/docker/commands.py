"""Command lines of es-jina, read by the real commands and not run."""

from collections.abc import Sequence

import click

from es_jina.cli.main import cli


def parse(arguments: Sequence[str]) -> click.Context:
    """Read a command line, and the environment, as `es-jina` itself would.

    Raises:
        click.UsageError: it would be refused.
    """
    group: click.Command = cli
    context = click.Context(cli, info_name="es-jina", **cli.context_settings)
    left = list(arguments)
    while isinstance(group, click.Group):
        name, found, left = group.resolve_command(context, left)
        assert found is not None
        group = found
        if not isinstance(found, click.Group):
            return found.make_context(name, left, parent=context)
        context = click.Context(found, info_name=name, parent=context)
    raise AssertionError("there is no command")
