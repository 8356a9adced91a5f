"""The life of a server's model."""

import asyncio
import threading
from collections.abc import Sequence

from es_jina.providers.base import Provider
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
