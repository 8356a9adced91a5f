"""``es-jina convert-multi``."""

import time
from typing import TYPE_CHECKING, Any

import click

from es_jina.cli.interrupt import interruptible
from es_jina.cli.options import cluster_options, open_cluster

if TYPE_CHECKING:
    from es_jina.elastic.convert import Converted

_EVERY = 1.0  # seconds between two lines of progress


@click.command(name="convert-multi")
@click.argument("index")
@click.option(
    "--to",
    "store",
    type=click.Choice(["binary", "rank_vectors"]),
    required=True,
    help="binary works on any licence; rank_vectors need an Enterprise licence for as long as the "
    "index lives.",
)
@click.option("--yes", is_flag=True, help="Put rank_vectors on a licence that will end, a trial.")
@cluster_options
def command(*, index: str, store: Any, yes: bool, **cluster: Any) -> int:
    """Move the multi-vectors of INDEX between binary fields and rank_vectors.

    Nothing is embedded again. The documents are copied into the next index, which then takes the
    place of the first behind the alias in one step. Searches go on; writes are refused until it is
    done (`es-jina ingest` waits). Ctrl-C leaves INDEX as it was, and so does a second run after one
    that was killed, before it begins anew.
    """
    from es_jina.elastic.capabilities import Capabilities
    from es_jina.elastic.convert import Conversion, StoppedError

    with open_cluster(**cluster) as client:
        conversion = Conversion(client, index, store, Capabilities.detect(client), _Progress())
        try:
            with interruptible(conversion.stop):
                done = conversion.run(accept_lapse=yes)
        except StoppedError as stopped:
            click.echo(f"{stopped}.", err=True)
            return stopped.exit_code
    if done is None:
        click.echo(f"The multi-vectors of {index!r} are {store} already.")
    else:
        _tell(index, done)
    return 0


class _Progress:
    """Writes a line when something has been copied, but not too often."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, copied: int, total: int) -> None:
        if time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            click.echo(f"{copied:,} of {total:,} documents copied", err=True)


def _tell(index: str, done: "Converted") -> None:
    click.echo(
        f"Converted {index!r}: {done.documents:,} documents, {done.multi_vectors:,} with "
        f"multi-vectors, copied from {done.source} to {done.target} in {done.seconds:.1f} s"
    )
    click.echo(f"  {done.profile.summary}")
    if done.template_edits:
        click.echo(
            f"  the index template es-jina-{index} was edited; the edits are kept, and all that "
            "was changed in it is:"
        )
        for line in done.template_edits:
            click.echo(f"    {line}")
    click.echo(
        f"  {done.source} is kept, write-blocked and behind no alias; when nobody needs it any "
        f"more: DELETE /{done.source}"
    )
