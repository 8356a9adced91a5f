"""A service over a provider, without a queue, and what reads the files for it."""

import asyncio

from es_jina.embedding import Embedding
from es_jina.errors import ItemError
from es_jina.providers.base import ModelInfo, Provider
from es_jina.server.limits import Limits
from es_jina.server.pages import Pages
from es_jina.server.refused import INVALID, RefusedError
from es_jina.server.request import EmbedRequest
from es_jina.server.wire.files import Fetch, WireFiles


class PlainService:
    """Asks its provider once for each request, and keeps what it was asked."""

    def __init__(self, provider: Provider, limits: Limits | None = None) -> None:
        self._provider = provider
        self.limits = limits or Limits()
        self.asked: list[EmbedRequest] = []

    @property
    def model(self) -> ModelInfo:
        return self._provider.model

    async def embed(self, request: EmbedRequest) -> list[Embedding]:
        self.asked.append(request)
        found = await asyncio.to_thread(
            self._provider.embed,
            request.inputs,
            request.task,
            request.want,
            max_pixels=request.max_pixels,
            truncate=request.truncate,
        )
        for each in found:
            if isinstance(each, ItemError):
                raise RefusedError(400, str(each), INVALID)
        return [each for each in found if isinstance(each, Embedding)]


def wire_files(limits: Limits | None = None, fetch: Fetch | None = None) -> WireFiles:
    """Return what reads images; pages of PDFs are tiny."""
    limits = limits or Limits()
    return WireFiles(limits, Pages(28 * 28, limits), fetch)
