import asyncio
import threading
from collections.abc import Iterator

import pytest

from es_jina.server.refused import BUSY, RefusedError
from es_jina.server.threads import Threads


class Calls:
    """Calls that end when they are told to."""

    def __init__(self) -> None:
        self.started = 0
        self.end = threading.Event()

    def __call__(self) -> int:
        self.started += 1
        assert self.end.wait(60)
        return self.started

    async def have_started(self, number: int) -> None:
        async with asyncio.timeout(60):
            while self.started < number:
                await asyncio.sleep(0.001)


@pytest.fixture
def calls() -> Iterator[Calls]:
    made = Calls()
    yield made
    made.end.set()


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_who_hangs_up_keeps_the_thread_until_it_ends(calls: Calls) -> None:
    async def ask() -> None:
        threads = Threads(2, waiting=9, patience=60)
        for _ in range(3):
            asked = [asyncio.create_task(threads.run(calls)) for _ in range(5)]
            await calls.have_started(2)
            for each in asked:
                each.cancel()
            assert len(await asyncio.gather(*asked, return_exceptions=True)) == 5
        assert calls.started == 2
        last = asyncio.create_task(threads.run(calls))
        await turns()
        assert calls.started == 2
        calls.end.set()
        assert await last == 3

    asyncio.run(ask())


def test_when_many_wait_the_next_is_refused_at_once(calls: Calls) -> None:
    async def ask() -> None:
        threads = Threads(1, waiting=2, patience=60)
        asked = [asyncio.create_task(threads.run(calls)) for _ in range(3)]
        await turns()
        with pytest.raises(RefusedError, match="ask again in 5 seconds") as raised:
            await threads.run(calls)
        assert (raised.value.status, raised.value.code) == (429, BUSY)
        assert raised.value.retry_after == 5
        # One who waits makes way for another.
        asked.pop().cancel()
        await turns()
        asked.append(asyncio.create_task(threads.run(calls)))
        calls.end.set()
        assert await asyncio.gather(*asked) == [1, 2, 3]

    asyncio.run(ask())


def test_nobody_waits_for_long(calls: Calls) -> None:
    async def ask() -> None:
        threads = Threads(1, waiting=1, patience=0.01)
        first = asyncio.create_task(threads.run(calls))
        await calls.have_started(1)
        with pytest.raises(RefusedError) as raised:
            await threads.run(calls)
        assert raised.value.status == 429
        calls.end.set()
        assert await first == 1

    asyncio.run(ask())


def test_a_failure_frees_the_thread() -> None:
    def fail() -> None:
        raise ValueError("no")

    async def ask() -> None:
        threads = Threads(1, waiting=1, patience=60)
        for _ in range(3):
            with pytest.raises(ValueError, match="no"):
                await threads.run(fail)

    asyncio.run(ask())
