"""The hosted reranker."""

from collections.abc import Sequence
from typing import Self

from es_jina.inputs import Input
from es_jina.providers.base import ModelInfo, Ranked
from es_jina.providers.loop_thread import LazyLoop
from es_jina.providers.reranker_async import RERANKER, AsyncHostedReranker
from es_jina.providers.service import BASE_URL, PATIENCE
from es_jina.providers.usage import Usage


class HostedReranker:
    """Orders documents by their relevance to a query; several threads may share it.

    It is :class:`AsyncHostedReranker` in an event loop of its own.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str = BASE_URL,
        model: str = RERANKER,
        patience: float = PATIENCE,
    ) -> None:
        """Open the reranker, see :class:`AsyncHostedReranker`; nothing is sent yet.

        Raises:
            ProviderError: there is no key, or the key or the address cannot be right.
            RequestError: no such model.
        """
        self._api = AsyncHostedReranker(api_key, base_url=base_url, model=model, patience=patience)
        self._loop = LazyLoop()

    def __repr__(self) -> str:
        return repr(self._api).replace("Async", "", 1)

    @property
    def model(self) -> ModelInfo:
        """What the API runs."""
        return self._api.model

    @property
    def usage(self) -> Usage:
        """What was answered and is billed so far."""
        return self._api.usage

    def rerank(
        self,
        query: Input,
        documents: Sequence[Input],
        *,
        top_n: int | None = None,
        truncate: bool = False,
    ) -> list[Ranked]:
        """Order documents, see :meth:`AsyncHostedReranker.rerank`."""
        return self._loop.call(self._api.rerank(query, documents, top_n=top_n, truncate=truncate))

    def close(self) -> None:
        """Close the connections and end the loop."""
        self._loop.close(self._api.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
