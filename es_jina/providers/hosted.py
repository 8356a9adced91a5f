"""The hosted Jina API as a provider."""

from collections.abc import Sequence
from typing import Self

from es_jina.embedding import Embedding
from es_jina.errors import ItemError
from es_jina.inputs import Input, Task
from es_jina.providers.base import ModelInfo, Want
from es_jina.providers.encodings import EmbeddingType
from es_jina.providers.hosted_async import AsyncHostedProvider, Preview
from es_jina.providers.loop_thread import LazyLoop
from es_jina.providers.service import BASE_URL, PATIENCE
from es_jina.providers.usage import Usage


class HostedProvider:
    """Embeds with the hosted Jina API; several threads may share it.

    It is :class:`AsyncHostedProvider` in an event loop of its own.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str = BASE_URL,
        model: str = "jina-embeddings-v4",
        embedding_type: EmbeddingType = "base64",
        patience: float = PATIENCE,
        max_tokens: int | None = None,
    ) -> None:
        """Open the provider, see :class:`AsyncHostedProvider`; nothing is sent yet.

        Raises:
            ProviderError: the key or the address cannot be right.
            RequestError: no such model or embedding type.
        """
        self._api = AsyncHostedProvider(
            api_key,
            base_url=base_url,
            model=model,
            embedding_type=embedding_type,
            patience=patience,
            max_tokens=max_tokens,
        )
        self._loop = LazyLoop()

    def __repr__(self) -> str:
        return repr(self._api).replace("Async", "", 1)

    @property
    def model(self) -> ModelInfo:
        """What the API runs; a service at another address is asked once, at the first need.

        Raises:
            ProviderError, RequestError: as :meth:`AsyncHostedProvider.ask_model`.
        """
        if self._api.is_known:
            return self._api.model
        return self._loop.call(self._api.ask_model())

    @property
    def usage(self) -> Usage:
        """What was answered and is billed so far."""
        return self._api.usage

    def embed(
        self,
        inputs: Sequence[Input],
        task: Task,
        want: Want,
        *,
        max_pixels: int | None = None,
        dimensions: int | None = None,
        truncate: bool = False,
    ) -> list[Embedding | ItemError]:
        """Embed inputs, see :meth:`AsyncHostedProvider.embed`."""
        return self._loop.call(
            self._api.embed(
                inputs,
                task,
                want,
                max_pixels=max_pixels,
                dimensions=dimensions,
                truncate=truncate,
            )
        )

    def embed_spans(
        self,
        text: str,
        spans: Sequence[tuple[int, int]],
        task: Task,
        want: Want = Want.SINGLE,
        *,
        dimensions: int | None = None,
    ) -> list[Embedding | ItemError]:
        """Embed parts of one text, see :meth:`AsyncHostedProvider.embed_spans`."""
        return self._loop.call(
            self._api.embed_spans(text, spans, task, want, dimensions=dimensions)
        )

    def preview(
        self,
        inputs: Sequence[Input],
        task: Task,
        want: Want,
        *,
        max_pixels: int | None = None,
        dimensions: int | None = None,
        truncate: bool = False,
    ) -> Preview:
        """Return what :meth:`embed` would send, see :meth:`AsyncHostedProvider.preview`."""
        return self._loop.call(
            self._api.preview(
                inputs,
                task,
                want,
                max_pixels=max_pixels,
                dimensions=dimensions,
                truncate=truncate,
            )
        )

    def close(self) -> None:
        """Close the connections and end the loop."""
        self._loop.close(self._api.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
