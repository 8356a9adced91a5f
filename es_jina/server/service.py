"""One model, asked by every wire format."""

from typing import Protocol

from es_jina.embedding import Embedding
from es_jina.providers.base import ModelInfo
from es_jina.server.limits import Limits
from es_jina.server.request import EmbedRequest


class Service(Protocol):
    """What embeds for the wire formats."""

    @property
    def model(self) -> ModelInfo:
        """What is served."""
        ...

    @property
    def limits(self) -> Limits:
        """Of a request."""
        ...

    async def embed(self, request: EmbedRequest) -> list[Embedding]:
        """Embed all inputs of a request, in their order; cancelled, what still waits is dropped.

        Raises:
            RefusedError: an input cannot be embedded, or too much waits already.
        """
        ...
