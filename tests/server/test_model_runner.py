"""The life of a server's model."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from es_jina.errors import ItemError, ProviderError
from es_jina.providers.base import V4, Provider
from es_jina.server.health import Health
from es_jina.server.limits import Limits
from es_jina.server.model_runner import ModelRunner
from es_jina.server.queue import Queue


def test_the_thread_that_loads_the_model_ends_with_that() -> None:
    """OpenMP's threads of one that lasts would slow down every lone input."""
    threads: list[threading.Thread] = []

    def open_providers() -> Sequence[Provider]:
        threads.append(threading.current_thread())
        return []

    async def run() -> None:
        health = Health()
        runner = ModelRunner(Queue(Limits()), health, open_providers)
        await runner.start()
        assert health.ready
        await asyncio.to_thread(threads[0].join, 10)
        assert not threads[0].is_alive()
        await runner.stop()

    asyncio.run(run())


def test_it_stops_once_whoever_asks() -> None:
    ends: list[str] = []

    async def run() -> None:
        runner = ModelRunner(Queue(Limits()), Health(), list, at_end=lambda: ends.append("end"))
        await runner.start()
        first = asyncio.ensure_future(runner.stop())
        await asyncio.sleep(0)
        first.cancel()  # the one who asked first does not wait; the next still does
        await runner.stop()
        assert ends == ["end"]
        await runner.stop()

    asyncio.run(run())
    assert ends == ["end"]


def test_what_cannot_be_warmed_up_is_told_once_all_threads_have_ended() -> None:
    slow = threading.Event()

    class Broken:
        model = V4

        def embed(self, *_: object) -> list[ItemError]:
            threading.Timer(0.05, slow.set).start()
            return [ItemError("no")]

    class Slow(Broken):
        def embed(self, *_: object) -> list[ItemError]:
            assert slow.wait(10)
            return []

    async def run() -> None:
        providers: list[Any] = [Broken(), Slow()]
        runner = ModelRunner(Queue(Limits()), Health(), lambda: providers)
        with pytest.raises(ProviderError, match="does not work: no"):
            await runner.start()
        assert slow.is_set()

    asyncio.run(run())
