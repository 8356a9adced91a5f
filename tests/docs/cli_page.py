"""`docs/cli.md`: what every command says with `--help`."""

from collections.abc import Iterator

import click

from es_jina.cli.main import cli

WIDTH = 100
TOP = """\
# Every command, and its options

What `es-jina COMMAND --help` prints. This page is generated (`make docs`); what the commands are
for is told in [the other documents](README.md).
"""


def text() -> str:
    """Return the page."""
    return "".join([TOP, *(_section(context) for context in _contexts(_context(cli, "es-jina")))])


def _section(context: click.Context) -> str:
    return f"\n## {context.command_path}\n\n```text\n{context.get_help().rstrip()}\n```\n"


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from _contexts(_context(command, name, context))


def _context(
    command: click.Command, name: str, parent: click.Context | None = None
) -> click.Context:
    settings = {**cli.context_settings, "max_content_width": WIDTH}
    return click.Context(command, parent, name, terminal_width=WIDTH, **settings)
