"""The hosted provider in an event loop of the caller's."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from es_jina.embedding import Embedding
from es_jina.errors import ProviderError, RequestError
from es_jina.inputs import Image, Input, Text
from es_jina.providers.base import Want
from es_jina.providers.hosted_async import AsyncHostedProvider
from es_jina.testing import Cut, Faults, HangUp, Slow, StubApi, StubLimits, unavailable

from .asking import BOTH, TASK, assert_multis, assert_singles, failures, parted, picture, texts

pytestmark = pytest.mark.usefixtures("quick")

Job = Callable[[AsyncHostedProvider], Awaitable[None]]


def play(api: StubApi, job: Job, max_tokens: int | None = None) -> None:
    async def playing() -> None:
        async with AsyncHostedProvider(
            api.key, base_url=api.url, max_tokens=max_tokens
        ) as provider:
            await job(provider)

    asyncio.run(playing())


def test_it_does_all_that_the_other_does(api: StubApi) -> None:
    async def job(provider: AsyncHostedProvider) -> None:
        results = await provider.embed(texts(3), TASK, BOTH)
        assert_singles(results, ["text 0", "text 1", "text 2"])
        assert_multis(results, ["text 0", "text 1", "text 2"])
        assert failures(await provider.embed_spans(*parted(["a", "b"]), TASK)) == []
        preview = await provider.preview(texts(3), TASK, BOTH)
        assert all(body in api.bodies for body in preview.bodies)
        assert provider.usage.requests == len(api.requests) == 3
        assert provider.model.name == "jinaai/jina-embeddings-v4"
        assert repr(provider).startswith("AsyncHostedProvider(127.0.0.1:")

    play(api, job)


def test_many_items_arrive_complete_and_in_order_whatever_happens() -> None:
    inputs: list[Input] = [
        Image(picture(30 + number % 40, 30)) if number % 20 == 0 else Text(f"text {number}")
        for number in range(2000)
    ]
    kinds = (unavailable(), HangUp(), Cut(), Slow(0.01))

    async def job(provider: AsyncHostedProvider) -> None:
        results = await provider.embed(inputs, TASK, Want.SINGLE)
        assert failures(results) == []
        at = [number for number in range(2000) if number % 20]
        assert_singles([results[number] for number in at], [f"text {number}" for number in at])

    with StubApi(limits=StubLimits(items=16), faults=Faults(0.05, 7, kinds)) as api:
        play(api, job)


def test_calls_run_side_by_side(api: StubApi) -> None:
    together = threading.Barrier(2)

    def meet(item: dict[str, str]) -> None:
        together.wait(10)  # breaks where they come one after the other

    api.refuses = meet

    async def job(provider: AsyncHostedProvider) -> None:
        calls = [provider.embed([Text(name)], TASK, Want.SINGLE) for name in ("a", "b")]
        for results, name in zip(await asyncio.gather(*calls), ("a", "b"), strict=True):
            assert_singles(results, [name])

    play(api, job)


@pytest.mark.parametrize("max_tokens", [None, 20_000])
def test_a_cancelled_call_leaves_it_usable(api: StubApi, max_tokens: int | None) -> None:
    """What it had set aside is there again, and its places in flight too."""
    api.queue(*[Slow(0.3)] * 2)

    async def job(provider: AsyncHostedProvider) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(provider.embed(texts(1200), TASK, BOTH), 0.1)
        results = await asyncio.wait_for(provider.embed(texts(10), TASK, BOTH), 5)
        assert failures(results) == []
        assert provider._service.purse._reserved == 0

    play(api, job, max_tokens)


def test_the_error_of_one_call_does_not_end_another(api: StubApi) -> None:
    async def job(provider: AsyncHostedProvider) -> None:
        wrong = AsyncHostedProvider("jina_wrong", base_url=api.url)
        calls = [provider.embed(texts(2), TASK, BOTH), wrong.embed(texts(2), TASK, BOTH)]
        good, bad = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(bad, ProviderError)
        assert isinstance(good, list)
        assert isinstance(good[0], Embedding)
        await wrong.close()

    play(api, job)


def test_a_closed_provider_says_so(api: StubApi) -> None:
    async def job(provider: AsyncHostedProvider) -> None:
        await provider.close()
        await provider.close()
        with pytest.raises(RequestError, match="is closed: open another"):
            await provider.embed([*texts(1), Image(picture(40, 40))], TASK, BOTH)
        with pytest.raises(RequestError, match="is closed"):
            await provider.embed_spans("a", [(0, 1)], TASK)

    play(api, job)


def test_it_may_be_opened_outside_of_a_loop(api: StubApi) -> None:
    provider = AsyncHostedProvider(api.key, base_url=api.url)

    async def job() -> None:
        async with provider:
            assert_singles(await provider.embed(texts(1), TASK, Want.SINGLE), ["text 0"])

    asyncio.run(job())
