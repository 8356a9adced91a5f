"""The ``es-jina`` command: a table of subcommands, each loaded only when it is called."""

import errno
import importlib
import os
import sys
from typing import Any

import click

from es_jina import __version__
from es_jina.errors import EXIT_INTERRUPTED, EsJinaError

# One line each, here and not in the command's own file: `es-jina --help` imports none of them.
COMMANDS = {
    "convert-multi": "Move multi-vectors between binary fields and rank_vectors.",
    "demo": "A real Elasticsearch, sample documents, three searches.",
    "doctor": "Say what is wrong with the cluster and the indices, and how to mend it.",
    "embed": "Print the vectors of texts and images.",
    "ingest": "Embed files and folders into an index.",
    "key": "Make an API key for a client of the server.",
    "kibana": "Make an index usable from Kibana: search templates, a data view, a dashboard.",
    "node": "Start, stop and inspect the embedded Elasticsearch.",
    "search": "Search an index by text or by image.",
    "serve": "Serve the model over HTTP, in the hosted API's format.",
    "setup": "Create the templates and the index for a profile.",
}

HELP = """jina-embeddings-v4 in Elasticsearch: text, images and PDF pages in; hybrid and
late-interaction search out.

The weights of jina-embeddings-v4 are for NON-COMMERCIAL use (Qwen Research License, CC BY-NC 4.0);
the hosted API is the commercial way.
"""

EXIT_CODES = """\
\b
Exit codes:
  0  done
  1  an error without a code of its own; doctor: a problem is left to be solved
  2  what was asked cannot be done: an option, a file, an index
  3  some units failed; they are in the dead-letter file, all others are in the index; embed: in
     the output, with their errors
  4  Elasticsearch cannot be reached, or refused
  5  the model could not be loaded or asked
  6  the embedded Elasticsearch could not be fetched, started or stopped
  7  all tokens that may be spent (--max-tokens) are spent; run it again to go on
  130  interrupted by Ctrl-C
"""

# What says that standard output takes nothing: a full disk or quota, a broken or closed file.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


class _ReaderGoneError(Exception):
    """The reader of our output went away (`es-jina search ... | head`): not an error."""


class LazyGroup(click.Group):
    """A group whose commands are modules of this package, imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command and return its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"es_jina.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Call a command; click itself would end with exit code 1 where the reader went away."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    help=HELP,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="es-jina")
def cli() -> None:
    """Hold the subcommands together."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every error that is ours becomes one line and its exit code."""
    try:
        code = _run(arguments)
    except OSError as error:
        code = _not_written(error)
    sys.exit(code)


def _run(arguments: list[str] | None) -> int:
    try:
        result: Any = cli.main(args=arguments, prog_name="es-jina", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return EXIT_INTERRUPTED
    except EsJinaError as error:
        click.echo(f"Error: {error}", err=True)
        return error.exit_code
    except _ReaderGoneError:
        _drop_output()
        return 0
    return result if isinstance(result, int) else 0


def _not_written(error: OSError) -> int:
    # Of a file that was opened by name we would know the name.
    if error.filename is not None or error.errno not in _UNWRITABLE:
        raise error
    click.echo(f"Error: the output cannot be written: {error.strerror}", err=True)
    _drop_output()
    return EsJinaError.exit_code


def _drop_output() -> None:
    """Keep Python from trying once more, at its end, to write what nobody takes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
