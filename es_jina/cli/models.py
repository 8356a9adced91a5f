"""Which model to use and where it runs: the options, and what they stand for."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import click

from es_jina.errors import RequestError

if TYPE_CHECKING:
    from es_jina.providers import ProviderName
    from es_jina.providers.base import ModelInfo, Provider, Reranker, Tokenizer

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What was said of the model; each field is the option of that name."""

    model: str | None
    provider: Any
    server: str | None
    key_file: Path | None
    device: str | None
    dtype: str | None

    @classmethod
    def parted(cls, given: dict[str, Any]) -> tuple[Self, dict[str, Any]]:
        """Part the options of the model from the others of a command."""
        mine = {field.name for field in fields(cls)}
        return (
            cls(**{name: value or None for name, value in given.items() if name in mine}),
            {name: value for name, value in given.items() if name not in mine},
        )

    def chosen(self, indexed: str | None = None) -> Self:
        """Return the same with a provider, and with the model of the index where none was said.

        Args:
            indexed: the model that the index was made for.

        Raises:
            RequestError: the options exclude each other.
        """
        from es_jina.providers import choose_provider
        from es_jina.providers.base import MODEL_ID
        from es_jina.providers.hosted_models import is_hosted_only

        if self.server and self.provider == "local":
            raise RequestError(
                "--provider local runs the model here and --server (ES_JINA_SERVER) elsewhere: "
                "leave one of them out"
            )
        model, provider = self.model, self.provider
        hosted = provider == "hosted" or self.server is not None
        named = indexed is not None and (
            is_hosted_only(indexed) or (indexed != MODEL_ID and not hosted)
        )
        if model is None and named:
            model = indexed
        if model is not None and is_hosted_only(model):
            provider = provider or "hosted"
        return replace(
            self,
            model=model,
            provider=provider or choose_provider(model, self.server, self.key_file),
        )

    @property
    def name(self) -> "ProviderName":
        """The provider, once chosen."""
        name: ProviderName = self.provider
        return name

    @property
    def is_hosted(self) -> bool:
        """Whether a service runs the model, which may count and bill."""
        return bool(self.provider == "hosted")

    def describe(self) -> "ModelInfo":
        """Say what would run, without loading or downloading it; a server is asked."""
        from es_jina.providers import describe

        return describe(self.name, self.model, server=self.server, key_file=self.key_file)

    def open_provider(self, **more: Any) -> "Provider":
        """Load the model, or get ready to ask a service.

        Args:
            more: further arguments of :func:`es_jina.providers.open_provider`.
        """
        from es_jina.providers import open_provider

        return open_provider(self.name, self.model, **self._where, **more)

    def open_workers(self, patience: float) -> "list[Provider]":
        """Load the model once for each GPU that it may use, or get ready to ask a service.

        Args:
            patience: how many seconds to go on trying while the service is busy or out of reach.
        """
        from es_jina.providers import open_workers

        return open_workers(self.name, self.model, **self._where, patience=patience)

    @property
    def _where(self) -> dict[str, Any]:
        """Where it runs, and how."""
        return {
            "device": self.device,
            "dtype": self.dtype,
            "server": self.server,
            "key_file": self.key_file,
        }

    def open_reranker(self, patience: float) -> "Reranker":
        """Get ready to ask the reranker of the service, whoever runs the model.

        Args:
            patience: how many seconds to go on trying while it is busy or out of reach.
        """
        from es_jina.providers import open_reranker

        return open_reranker(server=self.server, key_file=self.key_file, patience=patience)

    def open_tokenizer(self) -> "Tokenizer":
        """Read the model's tokenizer alone."""
        from es_jina.providers import open_tokenizer

        return open_tokenizer(self.name, self.model, server=self.server)


def model_options(command: F) -> F:
    """Add the options."""
    for option in (
        click.option(
            "--dtype",
            type=click.Choice(["float32", "bfloat16", "float16"]),
            help="Precision of the local model: by default bfloat16 on a GPU, float32 on a CPU.",
        ),
        click.option(
            "--device",
            envvar="ES_JINA_DEVICE",
            help="cuda, mps or cpu for the local model; by default the best there is.",
        ),
        click.option(
            "--key-file",
            envvar="JINA_API_KEY_FILE",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="File that holds the key of the hosted API, in place of JINA_API_KEY.",
        ),
        click.option(
            "--server",
            envvar="ES_JINA_SERVER",
            metavar="URL",
            help="Ask the model at this address, in the hosted API's format; the key in "
            "JINA_API_KEY is sent there.",
        ),
        click.option(
            "--provider",
            type=click.Choice(["local", "hosted"]),
            envvar="ES_JINA_PROVIDER",
            help="Who runs the model; by default hosted with --server, with --key-file, or if "
            "JINA_API_KEY is set and no model is named; else local.",
        ),
        click.option(
            "--model",
            envvar="ES_JINA_MODEL",
            help="jinaai/jina-embeddings-v4 or a checkpoint folder; hosted also jina-embeddings-v3 "
            "or jina-clip-v2. By default the index's own, for a setup the first.",
        ),
    ):
        command = option(command)
    return command
