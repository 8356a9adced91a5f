"""``es-jina serve``."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from es_jina.cli.models import ModelOptions, model_options
from es_jina.cli.options import cluster_options, open_cluster
from es_jina.cli.parted import Parted
from es_jina.errors import RequestError
from es_jina.paths import data_folder
from es_jina.server.limits import Limits

if TYPE_CHECKING:
    from es_jina.providers.base import ModelInfo

F = TypeVar("F", bound=Callable[..., Any])

_MEGABYTE = 1024 * 1024
# What a service behind this one may be out of reach: those who ask here wait meanwhile.
_PATIENCE = 10.0
_DEFAULT = Limits()


@dataclass(frozen=True, slots=True)
class LimitOptions(Parted):
    """What was said of limits; each field is the option of that name, its default the limit's."""

    max_body_mb: int
    max_items: int
    max_request_tokens: int
    max_image_mb: int
    max_image_pixels: int
    max_pdf_pages: int
    max_queue_tokens: int
    batch_tokens: int

    def limits(self) -> Limits:
        """Return the limits."""
        return Limits(
            body_bytes=self.max_body_mb * _MEGABYTE,
            items=self.max_items,
            tokens=self.max_request_tokens,
            image_bytes=self.max_image_mb * _MEGABYTE,
            image_pixels=self.max_image_pixels,
            pdf_pages=self.max_pdf_pages,
            queue_tokens=self.max_queue_tokens,
            batch_tokens=self.batch_tokens,
        )


def limit_options(command: F) -> F:
    """Add the options."""
    for name, default, told in (
        ("--batch-tokens", _DEFAULT.batch_tokens, "Tokens that are embedded in one call."),
        (
            "--max-queue-tokens",
            _DEFAULT.queue_tokens,
            "Tokens that may wait; what comes then gets 429.",
        ),
        ("--max-pdf-pages", _DEFAULT.pdf_pages, "Pages of a PDF."),
        ("--max-image-pixels", _DEFAULT.image_pixels, "Pixels of an image."),
        ("--max-image-mb", _DEFAULT.image_bytes // _MEGABYTE, "Megabytes of an image or a PDF."),
        ("--max-request-tokens", _DEFAULT.tokens, "Tokens of a request."),
        ("--max-items", _DEFAULT.items, "Inputs of a request."),
        (
            "--max-body-mb",
            _DEFAULT.body_bytes // _MEGABYTE,
            "Megabytes of a request's body, and of its files together.",
        ),
    ):
        option = click.option(
            name, type=click.IntRange(min=1), default=default, show_default=True, help=told
        )
        command = option(command)
    return command


@click.command(name="serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: a free one."
)
@click.option(
    "--keys",
    "key_list",
    envvar="ES_JINA_SERVER_KEYS_FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The clients' keys, as `es-jina key` writes them; or their lines in ES_JINA_SERVER_KEYS.",
)
@click.option("--no-auth", is_flag=True, help="Serve everybody who reaches --host, without keys.")
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="Name that clients may call this machine by; others than those and its own are refused.",
)
@click.option(
    "--tls-cert", type=click.Path(path_type=Path, dir_okay=False), help="Certificate, a PEM file."
)
@click.option(
    "--tls-key", type=click.Path(path_type=Path, dir_okay=False), help="Its private key, PEM."
)
@click.option(
    "--index",
    "indices",
    multiple=True,
    metavar="NAME",
    help="Index that the search page searches, and whose documents rerank requests may name; may "
    "be given several times.",
)
@click.option(
    "--public-thumbnails",
    is_flag=True,
    help="Show the indices' thumbnails to clients without a key, too: the tables of Kibana send "
    "none. Whoever knows a document's id sees its small picture then.",
)
@click.option(
    "--add",
    is_flag=False,
    flag_value="",
    metavar="[FOLDER]",
    help="Let clients add files to the indices; they are kept in FOLDER, by default `uploads` in "
    "the data folder.",
)
@click.option(
    "--allow-image-urls",
    is_flag=True,
    help="Fetch images and PDFs that requests name by address, from public addresses alone.",
)
@limit_options
@model_options
@cluster_options
def command(
    *,
    host: str,
    port: int,
    key_list: Path | None,
    no_auth: bool,
    allowed_hosts: tuple[str, ...],
    tls_cert: Path | None,
    tls_key: Path | None,
    indices: tuple[str, ...],
    public_thumbnails: bool,
    add: str | None,
    allow_image_urls: bool,
    **others: Any,
) -> int:
    """Serve the model over HTTP, in the hosted API's format.

    The same address serves OpenAI's clients, Elasticsearch's inference endpoints (`es-jina setup
    INDEX --server URL`) and es-jina itself (--server URL); with --index, browsers find a search
    page there. It runs until Ctrl-C or SIGTERM, and then finishes what it has taken.
    """
    require_server_extra()
    from es_jina.elastic.assets import require_profile
    from es_jina.server.binding import check_binding, served_hosts, tls_arguments
    from es_jina.server.keys import Keys
    from es_jina.server.run import listen
    from es_jina.server.serving import Served, Settings, assemble, url_of

    if public_thumbnails and not indices:
        raise RequestError(
            "--public-thumbnails needs the index of what they show: name it with --index"
        )
    asked, others = LimitOptions.parted(others)
    model, cluster = ModelOptions.parted(others)
    keys = Keys(key_list)
    check_binding(host, keys=bool(len(keys)), no_auth=no_auth)
    settings = Settings(
        limits=asked.limits(),
        keys=keys if len(keys) else None,
        hosts=served_hosts(host, allowed_hosts, keys=bool(len(keys))),
        tls=tls_arguments(tls_cert, tls_key),
        indices=indices,
        allow_image_urls=allow_image_urls,
        public_thumbnails=public_thumbnails,
        uploads=None if add is None else _uploads(add, indices),
    )
    client = open_cluster(**cluster) if indices else None
    chosen = model.chosen(require_profile(client, indices[0]).model if client else None)
    served = Served(
        chosen.describe(),
        partial(chosen.open_workers, _PATIENCE),
        chosen.open_tokenizer,
        client,
    )
    listening = listen(host, port)
    process, app = assemble(listening, served, settings, _say)
    _introduce(served.model, url_of(listening, tls=bool(settings.tls)))
    code = process.run(app)
    if process.cut_short:
        _leave(code)
    return code


def _leave(code: int) -> NoReturn:
    """End the process without waiting for the threads that load the model, or fetch it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def require_server_extra() -> None:
    """Say what to install where the server's libraries are missing.

    Raises:
        RequestError: one is.
    """
    from importlib.util import find_spec

    needed = ("fastapi", "uvicorn", "httptools", "prometheus_client")
    if missing := [module for module in needed if find_spec(module) is None]:
        raise RequestError(
            f"the server needs {' and '.join(missing)}: pip install 'es_jina[server]'"
        )


def _uploads(named: str, indices: tuple[str, ...]) -> Path:
    """Return the folder for files that are added; it is there.

    Args:
        named: behind the option; empty for the default.
        indices: that are served.

    Raises:
        RequestError: it cannot be made, or there is nothing to add files to.
    """
    if not indices:
        raise RequestError("--add needs an index to add files to: name it with --index")
    try:
        folder = Path(named).absolute() if named else data_folder() / "uploads"
        folder.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"--add: {error.filename}: {error.strerror}") from error
    return folder


def _introduce(model: "ModelInfo", url: str) -> None:
    from es_jina.providers.base import LICENCE, MODEL_ID
    from es_jina.server.wire.names import model_id

    asked_for = model_id(model)
    named = asked_for if model.name.endswith(asked_for) else f"{model.shown} as {asked_for}"
    _say(f"{named} at {url}; what is asked before it is loaded waits")
    if model.name == MODEL_ID:
        _say(LICENCE)
    if model.toy is not None:
        _say(model.toy.about)


def _say(told: str) -> None:
    click.echo(told, err=True)
