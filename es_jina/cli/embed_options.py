"""The options of ``es-jina embed``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from es_jina.cli.parted import Parted
from es_jina.cli.spending import check_billed, retry_for, spending
from es_jina.errors import RequestError
from es_jina.inputs import Task

if TYPE_CHECKING:
    from es_jina.providers.base import Want

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class EmbedOptions(Parted):
    """What was said behind the command; each field is the option of that name."""

    task: Any
    vectors: str
    dimensions: int | None
    embedding_type: Any
    max_pixels: int | None
    truncate: bool
    max_tokens: int | None
    price: float | None
    retry_for: float
    dry_run: bool

    def check(self, *, hosted: bool) -> None:
        """Refuse what cannot be meant.

        Args:
            hosted: whether a service runs the model.

        Raises:
            RequestError: naming the options.
        """
        if self.vectors == "multi" and self.dimensions is not None:
            raise RequestError(
                "--dimensions cuts single vectors, and --vectors multi asks for none: leave out one"
            )
        if hosted:
            return
        if self.dry_run:
            raise RequestError(
                "--dry-run prints what would be sent to the hosted API: add --provider hosted"
            )
        check_billed(self.max_tokens, self.price, hosted=hosted)

    @property
    def want(self) -> "Want":
        """The vectors to ask for."""
        from es_jina.providers.base import Want

        both = Want.SINGLE | Want.MULTI
        return {"single": Want.SINGLE, "multi": Want.MULTI, "both": both}[self.vectors]

    @property
    def provider(self) -> dict[str, Any]:
        """What the provider is opened with."""
        return {
            "patience": self.retry_for,
            "max_tokens": self.max_tokens,
            # Base64 is exact, and a quarter as long as numbers.
            "embedding_type": self.embedding_type or "base64",
        }

    @property
    def call(self) -> dict[str, Any]:
        """What each call is made with, beside the inputs."""
        return {
            "task": Task(self.task),
            "want": self.want,
            "max_pixels": self.max_pixels,
            "dimensions": self.dimensions,
            "truncate": self.truncate,
        }


def embed_options(command: F) -> F:
    """Add them to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--task",
        type=click.Choice([task.value for task in Task]),
        default=Task.TEXT_MATCHING.value,
        show_default=True,
        help="What the vectors are for. The default is the hosted API's own; an index of es_jina "
        "holds vectors of retrieval.passage and is asked with those of retrieval.query. "
        "jina-clip-v2 has these two alone, jina-embeddings-v3 none for code.",
    ),
    click.option(
        "--vectors",
        type=click.Choice(["single", "multi", "both"]),
        default="single",
        show_default=True,
        help="One vector for each input, one for each of its tokens, or both, which the hosted "
        "API bills twice.",
    ),
    click.option(
        "--dimensions",
        type=click.IntRange(min=1),
        metavar="N",
        help="Cut single vectors to a Matryoshka size, such as 256.  [default: the full size]",
    ),
    click.option(
        "--embedding-type",
        type=click.Choice(["float", "base64", "binary", "ubinary"]),
        help="How vectors are printed, and what the hosted API is asked for.  [default: printed "
        "as numbers; asked for as base64, which is exact and shorter]",
    ),
    click.option(
        "--max-pixels",
        type=click.IntRange(min=1),
        metavar="N",
        help="The area that larger images are scaled down to.  [default: the model's]",
    ),
    click.option(
        "--truncate",
        is_flag=True,
        help="Cut off the end of a text that is too long; otherwise it fails.",
    ),
    *spending("The output ends there, with exit code 7."),
    retry_for("a model service"),
    click.option(
        "--dry-run",
        is_flag=True,
        help="Of the hosted API: print the JSON of each request, a line each, and send nothing; no "
        "key is needed.",
    ),
)
