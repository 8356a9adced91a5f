"""The options of ``es-jina ingest``."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from es_jina.cli.numbers import Finite
from es_jina.cli.parted import Parted
from es_jina.cli.spending import LONGEST, check_billed, retry_for, spending
from es_jina.errors import RequestError

if TYPE_CHECKING:
    from es_jina.ingest.files import Filters
    from es_jina.ingest.records import RecordFields
    from es_jina.ingest.run import Options

# Most of a call is waiting for the API, which works on several requests of one key at once: on 50
# where the key is paid for, on 2 to 5 where it is free, and the provider keeps within that. More
# calls would fill memory with pages: a batch of them is up to 80 MB.
_HOSTED_CALLS = 4


F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class IngestOptions(Parted):
    """What was said behind the command; each field is the option of that name."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    id_field: str | None
    text_field: str | None
    image_field: str | None
    keep: tuple[str, ...]
    chunk_tokens: int
    late_chunking: bool
    pdf: Any
    page_seconds: float
    page_memory: int
    prune: bool
    yes: bool
    dry_run: bool
    retry_dead: Path | None
    dead_letter: Path | None
    retry_for: float
    fast_load: bool
    max_tokens: int | None
    price: float | None
    as_json: bool

    def check(self, targets: tuple[str, ...], *, terminal: bool) -> None:
        """Refuse what cannot be meant.

        Args:
            targets: what is to be ingested.
            terminal: whether somebody can be asked.

        Raises:
            RequestError: naming the options.
        """
        if not targets and self.retry_dead is None:
            raise RequestError("nothing to ingest: name a file, a folder or `-`; see --help")
        if targets and self.retry_dead is not None:
            raise RequestError("--retry-dead names what to ingest: leave out PATH")
        if self.prune and self.retry_dead is not None:
            raise RequestError("--prune looks below the files and folders named: leave it out here")
        if self.prune and not (self.yes or self.dry_run or terminal):
            raise RequestError(
                "--prune asks before it removes, and nobody is there to answer: look with "
                "--dry-run, then say --yes"
            )
        if (self.id_field or self.keep) and not (self.text_field or self.image_field):
            raise RequestError("--id-field and --keep need --text-field or --image-field")

    def check_billed(self, provider: str) -> None:
        """Refuse what is of money where nothing is paid for.

        Raises:
            RequestError: naming the option.
        """
        check_billed(self.max_tokens, self.price, hosted=provider == "hosted")

    def check_model(self, model: str) -> None:
        """Refuse what the index's model cannot do, before anything is read.

        Raises:
            RequestError: naming the option.
        """
        from es_jina.providers.hosted_models import hosted_model

        if self.late_chunking and not hosted_model(model, server=True).late_chunking:
            raise RequestError(f"{model} knows no late chunking: leave --late-chunking out")

    @property
    def filters(self) -> "Filters":
        """For the files within folders."""
        from es_jina.ingest.files import Filters

        return Filters(self.include, self.exclude)

    @property
    def record_fields(self) -> "RecordFields | None":
        """Of records, where any are named."""
        from es_jina.ingest.records import RecordFields

        if not (self.text_field or self.image_field):
            return None
        return RecordFields(self.id_field, self.text_field, self.image_field, self.keep)

    def run_options(self, provider: str) -> "Options":
        """For the run, with one of the providers."""
        from es_jina.ingest.run import Options
        from es_jina.ingest.units import Cutting

        return Options(
            Cutting(self.chunk_tokens, self.late_chunking, self.pdf),
            self.retry_for,
            self.page_seconds,
            self.page_memory,
            _HOSTED_CALLS if provider == "hosted" else 1,
        )


def ingest_options(command: F) -> F:
    """Add them to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--include",
        multiple=True,
        metavar="GLOB",
        help="Of folders, take only what matches, such as '*.pdf' or 'reports/**'; repeatable.",
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="GLOB",
        help="Of folders: leave out what matches; repeatable. Files named .esjinaignore do the "
        "same, in the manner of .gitignore.",
    ),
    click.option(
        "--id-field",
        metavar="FIELD",
        help="Of records: what names one; records from standard input need it.  [default: row]",
    ),
    click.option("--text-field", metavar="FIELD", help="Of records: the text to embed."),
    click.option(
        "--image-field",
        metavar="FIELD",
        help="Of records: the image to embed, as a path, an address, a data URI or base64.",
    ),
    click.option(
        "--keep",
        multiple=True,
        metavar="FIELD",
        help="Of records: a further field to keep, found under fields.FIELD; repeatable.",
    ),
    click.option(
        "--chunk-tokens",
        type=click.IntRange(16, 32_000),
        default=512,
        show_default=True,
        help="The longest chunk of a text.",
    ),
    click.option(
        "--late-chunking",
        is_flag=True,
        help="Embed each chunk as a part of the text around it.",
    ),
    click.option(
        "--pdf",
        type=click.Choice(["pages", "text", "both"]),
        default="pages",
        show_default=True,
        help="Take the pictures of PDF pages, chunks of their text layer, or both.",
    ),
    click.option(
        "--page-seconds",
        type=Finite(min=0.1, max=LONGEST),
        default=30.0,
        show_default=True,
        help="A page that takes longer to render fails.",
    ),
    click.option(
        "--page-memory",
        type=click.IntRange(min=64),
        default=1024,
        show_default=True,
        metavar="MB",
        help="A page that needs more memory fails.",
    ),
    click.option(
        "--prune",
        is_flag=True,
        help="At the end, remove from the index what is gone from the files and folders named; it "
        "is listed first.",
    ),
    click.option("--yes", is_flag=True, help="Do not ask before --prune removes anything."),
    click.option(
        "--dry-run",
        is_flag=True,
        help="Only say what would happen: nothing is embedded or written.",
    ),
    click.option(
        "--retry-dead",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Ingest what an earlier run wrote to this dead-letter file.",
    ),
    click.option(
        "--dead-letter",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Where failures go, one JSON object a line.  [default: INDEX.dead-letter.ndjson]",
    ),
    retry_for("a cluster or a model service"),
    click.option(
        "--fast-load",
        is_flag=True,
        help="No refresh and no replicas until the end; put back even after a crash, by the next "
        "run or by `es-jina doctor`.",
    ),
    *spending("The run ends there, with exit code 7 and without --prune; run it again to go on."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON events, one a line."),
)
