"""The server's own model, for code that asks a provider in a thread: everything queues together."""

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future, wait
from copy import copy
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any, Self, TypeVar

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, ProviderError, RequestError
from es_jina.inputs import Input, Task
from es_jina.providers.base import ModelInfo, Want
from es_jina.server.refused import RefusedError
from es_jina.server.request import EmbedRequest
from es_jina.server.service import Service
from es_jina.server.together import together

T = TypeVar("T")

# How long a thread waits before it sees whether the server still runs.
_LOOK_SECONDS = 1.0
_OF_THE_INPUT = frozenset({400, 413, 422})
_PASSING = frozenset({429, 503})


class ServiceProvider:
    """A service that is asked from threads, as a provider; never from its event loop.

    Each input is a request of its own: one that cannot be embedded does no harm to the others, and
    the queue puts them together again.
    """

    def __init__(self, service: Service) -> None:
        """Remember the event loop that this is called in, which runs the service."""
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._interactive: bool | None = None

    def in_bulk(self) -> "ServiceProvider":
        """Return one whose inputs wait behind those that somebody may be waiting for."""
        other = copy(self)
        other._interactive = False
        return other

    @property
    def model(self) -> ModelInfo:
        """What is served."""
        return self._service.model

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
        """Embed inputs in input order; see :meth:`es_jina.providers.base.Provider.embed`.

        Errors that come of a refusal have it as their ``__cause__``.
        """
        requests = [
            EmbedRequest(
                (each,),
                task,
                want,
                dimensions,
                truncate=truncate,
                max_pixels=max_pixels,
                interactive=self._interactive,
            )
            for each in inputs
        ]
        return self._called(self._all(requests))

    def embed_spans(
        self,
        text: str,
        spans: Sequence[tuple[int, int]],
        task: Task,
        want: Want = Want.SINGLE,
        *,
        dimensions: int | None = None,
    ) -> list[Embedding | ItemError]:
        """Late chunking is not asked of a server's own model.

        Raises:
            RequestError: always.
        """
        raise RequestError("the server embeds no spans of a text: leave late chunking out")

    def close(self) -> None:
        """Nothing: the server keeps its model."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _called(self, asking: Coroutine[Any, Any, T]) -> T:
        """Have the event loop do something, and wait for it.

        Raises:
            ProviderError: the loop is being left, or was.
        """
        answer: Future[T]
        try:
            answer = asyncio.run_coroutine_threadsafe(asking, self._loop)
        except RuntimeError as error:
            raise _ending(asking) from error
        while not answer.done():
            wait([answer], _LOOK_SECONDS)
            if not (answer.done() or self._loop.is_running()):
                raise _ending(asking)
        if answer.cancelled():
            raise _ending(asking)
        return answer.result()

    async def _all(self, requests: Sequence[EmbedRequest]) -> list[Embedding | ItemError]:
        found = await together(map(self._one, requests))
        for each in found:
            if isinstance(each, ProviderError):
                raise each
        return [each for each in found if not isinstance(each, ProviderError)]

    async def _one(self, request: EmbedRequest) -> Embedding | ItemError | ProviderError:
        try:
            (embedding,) = await self._service.embed(request)
        except RefusedError as refused:
            return _told(refused)
        return embedding


def _ending(asking: Coroutine[Any, Any, Any]) -> ProviderError:
    if getcoroutinestate(asking) == CORO_CREATED:
        asking.close()
    return ProviderError("the server is ending: ask again later", passing=True)


def _told(refused: RefusedError) -> ItemError | ProviderError:
    """Return a refusal as providers tell it."""
    error: ItemError | ProviderError
    if refused.status in _OF_THE_INPUT:
        error = ItemError(refused.detail)
    else:
        error = ProviderError(refused.detail, passing=refused.status in _PASSING)
    error.__cause__ = refused
    return error
