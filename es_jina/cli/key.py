"""``es-jina key``."""

from pathlib import Path

import click


@click.command(name="key")
@click.argument("name")
@click.option(
    "--file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The server's file of keys; the hash of the new one is added to it.",
)
def command(*, name: str, file: Path) -> None:
    """Make an API key for a client of `es-jina serve`, called NAME.

    The key is printed once, on standard output; the file keeps its hash alone, in a line of its
    own. A key is revoked by deleting its line: a running server follows the file.
    """
    from es_jina.server.keys import VARIABLE, add_key

    click.echo(add_key(file, name))
    click.echo(
        f"The key of {name!r}, which is not shown again: {file} keeps its hash alone.\n"
        "Clients send it as `Authorization: Bearer KEY`; es-jina itself takes it from "
        "JINA_API_KEY.\n"
        f"The server reads the file with `es-jina serve --keys {file}`, or its lines from "
        f"{VARIABLE}.",
        err=True,
    )
