import asyncio
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, ProviderError, RequestError
from es_jina.inputs import Input, Task, Text
from es_jina.providers.base import V4, ModelInfo, Provider, Want
from es_jina.server.limits import Limits
from es_jina.server.refused import BUSY, INVALID, RefusedError
from es_jina.server.request import EmbedRequest
from es_jina.server.web.service_provider import ServiceProvider
from tests.server.running import PATIENCE

TASK = Task.RETRIEVAL_PASSAGE


class Lengths:
    """A service whose vectors are the lengths of texts; it refuses some."""

    model: ModelInfo = V4
    limits = Limits()

    def __init__(self, refusals: dict[str, RefusedError] | None = None) -> None:
        self.refusals = refusals or {}
        self.asked: list[EmbedRequest] = []

    async def embed(self, request: EmbedRequest) -> list[Embedding]:
        self.asked.append(request)
        (given,) = request.inputs
        assert isinstance(given, Text)
        # The last one is ready first.
        await asyncio.sleep(0.01 / len(given.text))
        if given.text in self.refusals:
            raise self.refusals[given.text]
        return [Embedding(np.array([len(given.text)], np.float32), None, 1)]


def asked(service: Any, ask: Callable[[Provider], Any]) -> Any:
    """Ask a service's provider in a thread."""

    async def call() -> Any:
        return await asyncio.to_thread(ask, ServiceProvider(service))

    return asyncio.run(call())


def embedded(service: Lengths, *texts: str, **more: Any) -> Any:
    inputs: list[Input] = [Text(text) for text in texts]
    return asked(service, lambda provider: provider.embed(inputs, TASK, Want.SINGLE, **more))


def test_what_is_asked_reaches_the_service_in_order() -> None:
    service = Lengths()
    found = embedded(service, "a", "bbb", "cc", max_pixels=784, dimensions=128, truncate=True)
    assert [each.single[0] for each in found] == [1, 3, 2]
    for request in service.asked:
        assert (request.task, request.want) == (TASK, Want.SINGLE)
        assert (request.max_pixels, request.dimensions, request.truncate) == (784, 128, True)
    assert embedded(service) == []
    assert asked(service, lambda provider: provider.model) is V4


def test_an_input_that_is_refused_harms_no_other() -> None:
    refused = RefusedError(400, "a text of too many tokens", INVALID)
    first, second, third = embedded(Lengths({"bb": refused}), "a", "bb", "ccc")
    assert (first.single[0], third.single[0]) == (1, 3)
    assert isinstance(second, ItemError)
    assert str(second) == "a text of too many tokens"
    assert second.__cause__ is refused


@pytest.mark.parametrize(("status", "passing"), [(429, True), (503, True), (500, False)])
def test_a_service_that_cannot_answer_fails_the_call(status: int, passing: bool) -> None:
    refused = RefusedError(status, "no", BUSY, retry_after=5)
    with pytest.raises(ProviderError, match="no") as raised:
        embedded(Lengths({"bb": refused}), "a", "bb", "ccc")
    assert raised.value.passing is passing
    assert raised.value.__cause__ is refused


def test_spans_are_not_embedded() -> None:
    with pytest.raises(RequestError, match="leave late chunking out"):
        asked(Lengths(), lambda provider: provider.embed_spans("ab", [(0, 1)], TASK))


def test_who_waits_is_told_that_the_server_ends() -> None:
    begun = threading.Event()
    told: list[Exception] = []
    threads: list[threading.Thread] = []

    class Never(Lengths):
        async def embed(self, request: EmbedRequest) -> list[Embedding]:
            begun.set()
            await asyncio.sleep(PATIENCE)
            return await super().embed(request)

    def wait(provider: Provider) -> None:
        for _ in range(2):  # while the loop is left, and then
            try:
                provider.embed([Text("a")], TASK, Want.SINGLE)
            except ProviderError as error:
                told.append(error)

    async def serve() -> None:
        threads.append(threading.Thread(target=wait, args=(ServiceProvider(Never()),)))
        threads[0].start()
        assert await asyncio.to_thread(begun.wait, PATIENCE)

    asyncio.run(serve())
    threads[0].join(PATIENCE)
    assert [str(error) for error in told] == ["the server is ending: ask again later"] * 2
