"""Units of many requests that share calls."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from es_jina.errors import ProviderError
from es_jina.server.limits import Limits
from es_jina.server.queue import Queue
from es_jina.server.refused import BUSY, RefusedError

from .queue_doubles import KIND, QUERY, Double, asked, asking, chunks, play, settled, unit, units

LIMITS = Limits(batch_tokens=100, queue_tokens=1000)

# A unit whose call may be held for long: so much in that time that the batches behind it are full.
LARGE = unit(0, tokens=10**9)


def test_an_idle_worker_takes_what_is_there_and_the_rest_gathers_meanwhile() -> None:
    async def job() -> None:
        provider, queue = Double(held=True), Queue(LIMITS)
        queue.start([provider])
        first = asking(queue, LARGE)
        await provider.entered()
        others = [asking(queue, unit(number)) for number in range(1, 5)]
        await settled()
        assert (queue.waiting_units, queue.waiting_tokens) == (4, 40)
        provider.let_all_go()
        assert await first == [0]
        assert await asyncio.gather(*others) == [[1], [2], [3], [4]]
        assert provider.calls == [["0"], ["1", "2", "3", "4"]]
        await queue.drain()

    play(job)


def test_a_batch_holds_no_more_than_its_tokens_and_one_kind() -> None:
    async def job() -> None:
        provider, queue = Double(), Queue(LIMITS)
        others = replace(KIND, truncate=True)
        clients = [
            asking(queue, *units(0, 1, tokens=40), unit(2, tokens=30)),
            asking(queue, unit(3, others), unit(4), chunks("5 and 6", (0, 1), (6, 7)), unit(7)),
            asking(queue, unit(8, tokens=500)),
        ]
        await settled()
        queue.start([provider])
        assert await asyncio.gather(*clients) == [[0, 1, 2], [3, 4, 5, 6, 7], [8]]
        # In turn: 0, then the large one, which goes alone, and so on.
        assert provider.calls[:3] == [["0"], ["3"], ["8"]]
        assert all(len(call) == 1 for call in provider.calls if {"8", "5 and 6"} & {*call})
        await queue.drain()

    play(job)


def test_kinds_reach_the_provider() -> None:
    async def job() -> None:
        provider, queue = Double(), Queue(LIMITS)
        queue.start([provider])
        [found] = await queue.submit([unit(1, replace(KIND, truncate=True))], interactive=False)
        assert getattr(found, "truncated") is True  # noqa: B009
        await queue.drain()

    play(job)


def test_nothing_asked_is_nothing_waited_for() -> None:
    async def job() -> None:
        assert await Queue(LIMITS).submit([], interactive=False) == []

    play(job)


def test_queries_go_first_and_bulk_has_its_share() -> None:
    async def job() -> None:
        provider, queue = Double(held=True), Queue(replace(LIMITS, batch_tokens=10))
        queue.start([provider])
        first = asking(queue, unit(0))
        await provider.entered()
        bulk = asking(queue, *units(*range(100, 103)))
        queries = [asking(queue, unit(number, QUERY), query=True) for number in range(1, 21)]
        await settled()
        provider.let_all_go()
        await asyncio.gather(first, bulk, *queries)
        order = [int(text) for call in provider.calls for text in call]
        assert order == [0, *range(1, 9), 100, *range(9, 17), 101, *range(17, 21), 102]
        await queue.drain()

    play(job)


def test_bulk_comes_in_small_batches_while_there_are_queries() -> None:
    async def job() -> None:
        provider, queue = Double(), Queue(LIMITS)
        queue.start([provider])
        await asked(queue, units(*range(20)))
        assert provider.calls[0] == [str(number) for number in range(10)]
        await queue.drain()
        provider, queue = Double(), Queue(LIMITS)
        queue.start([provider])
        await asked(queue, [unit(0, QUERY)], query=True)
        await asked(queue, units(*range(20)))
        assert provider.calls[:2] == [["0"], ["0"]]
        await queue.drain()

    play(job)


def test_a_call_of_queries_is_as_short_as_a_few_of_them() -> None:
    async def job() -> None:
        provider, queue = Double(held=True), Queue(LIMITS)
        clients = [
            asking(queue, *units(*range(first, first + 8), kind=QUERY), query=True)
            for first in (0, 8, 16, 24)
        ]
        await settled()
        queue.start([provider])
        await provider.entered()
        await asyncio.sleep(0.05)  # much for three queries
        provider.let_go()
        await provider.entered()
        lone = asking(queue, unit(100, QUERY), query=True)
        await settled()
        provider.let_all_go()
        assert await lone == [100]
        await asyncio.gather(*clients)
        first, second, *others = provider.calls
        assert len(first) == 3
        assert len(second) in (5, 6)  # twice as many tell the overhead; LIMITS let ten
        # Each of the four has a unit before it.
        assert "100" in {text for call in others[:3] for text in call}
        await queue.drain()

    play(job)


def test_a_large_request_lets_small_ones_take_part() -> None:
    async def job() -> None:
        provider, queue = Double(held=True), Queue(LIMITS)
        queue.start([provider])
        first = asking(queue, LARGE)
        await provider.entered()
        large = asking(queue, *units(*range(100, 160)))
        small = [asking(queue, unit(number)) for number in range(1, 4)]
        await settled()
        provider.let_go(2)
        await provider.entered()
        assert await asyncio.gather(first, *small) == [[0], [1], [2], [3]]
        assert not large.done()
        provider.let_all_go()
        assert await large == list(range(100, 160))
        await queue.drain()

    play(job)


def test_several_workers_share_what_waits() -> None:
    async def job() -> None:
        providers, queue = [Double(held=True) for _ in range(3)], Queue(LIMITS)
        client = asking(queue, *units(*range(9)))
        await settled()
        queue.start(providers)
        for provider in providers:  # all of them hold a part of it at once
            await provider.entered()
        for provider in providers:
            provider.let_all_go()
        assert await client == list(range(9))
        await queue.drain()

    play(job)


def test_what_comes_while_the_model_loads_waits_for_it() -> None:
    async def job() -> None:
        queue = Queue(LIMITS)
        clients = [asking(queue, unit(number)) for number in range(3)]
        await settled()
        queue.start([Double()])
        assert await asyncio.gather(*clients) == [[0], [1], [2]]
        await queue.drain()

    play(job)


def test_what_a_client_no_longer_waits_for_is_not_embedded() -> None:
    async def job() -> None:
        provider, queue = Double(held=True), Queue(LIMITS)
        queue.start([provider])
        first = asking(queue, *units(0, 1, tokens=100))
        await provider.entered()
        second, third = asking(queue, *units(2, 3)), asking(queue, unit(4))
        await settled()
        for client in (first, second):
            client.cancel()
        await asyncio.wait([first, second])
        assert (queue.waiting_units, queue.waiting_tokens) == (1, 10)
        provider.let_all_go()
        assert await third == [4]
        assert provider.calls == [["0"], ["4"]]
        await queue.drain()

    play(job)


async def refused(queue: Queue, *waiting: object, query: bool = False) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        await queue.submit(units(*waiting), interactive=query)
    assert (caught.value.status, caught.value.code) == (429, BUSY)
    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after <= 60
    return caught.value


def test_what_is_too_much_is_refused_and_queries_find_room_beside_bulk() -> None:
    async def job() -> None:
        queue = Queue(replace(LIMITS, queue_tokens=50))
        first = asking(queue, *units(*range(10)))  # over it, but alone
        await settled()
        assert "100 tokens" in (await refused(queue, 11)).detail
        query = asking(queue, *units(12, 13, 14, kind=QUERY), query=True)
        await settled()
        await refused(queue, 15, 16, 17, query=True)
        queue.start([Double()])
        assert await first == list(range(10))
        assert await query == [12, 13, 14]
        assert await asked(queue, [unit(18)]) == [18]
        await queue.drain()

    play(job)


def test_when_to_come_again_grows_with_what_waits() -> None:
    async def job() -> None:
        provider, queue = Double(held=True), Queue(Limits(batch_tokens=10, queue_tokens=10**6))
        queue.start([provider])
        first = asking(queue, unit(0))
        await provider.entered()
        await asyncio.sleep(0.05)
        provider.let_go()
        await first
        second = asking(queue, unit(1))
        await provider.entered()
        large = asking(queue, unit(2, tokens=10**6))
        await settled()
        # A batch of ten tokens takes at least 0.05 seconds; a busy machine is slower.
        assert (await refused(queue, 3)).retry_after in range(1, 60)
        with pytest.raises(RefusedError) as caught:
            await queue.submit([unit(4, tokens=10**6)], interactive=False)
        assert caught.value.retry_after == 60
        provider.let_all_go()
        await asyncio.gather(second, large)
        await queue.drain()

    play(job)


def test_at_the_end_what_waits_is_finished_and_nothing_is_taken() -> None:
    async def job() -> None:
        provider, queue = Double(held=True), Queue(LIMITS)
        queue.start([provider])
        clients = [asking(queue, unit(number)) for number in range(3)]
        await provider.entered()
        end = asyncio.ensure_future(queue.drain())
        await settled()
        assert "about to end" in (await refused(queue, 4)).detail
        assert not end.done()
        provider.let_all_go()
        await end
        assert await asyncio.gather(*clients) == [[0], [1], [2]]
        await queue.drain()  # once more does no harm

    play(job)


def test_at_the_end_nothing_waits_for_a_model_that_never_came() -> None:
    async def job() -> None:
        queue = Queue(LIMITS)
        client = asyncio.ensure_future(queue.submit([unit(0)], interactive=False))
        await settled()
        await queue.drain()
        with pytest.raises(RefusedError, match="about to end"):
            await client
        provider = Double()
        queue.start([provider])
        assert queue.waiting_units == 0

    play(job)


@dataclass
class Heard:
    batches: list[tuple[int, int]] = field(default_factory=list)

    def ran(self, waited: Sequence[float], tokens: int, seconds: float) -> None:
        assert min(*waited, seconds, 0) == 0
        self.batches.append((len(waited), tokens))


def test_somebody_may_count() -> None:
    async def job() -> None:
        heard = Heard()
        queue = Queue(LIMITS, heard)
        client = asking(queue, *units(*range(15)))
        await settled()
        queue.start([Double()])
        await client
        await queue.drain()
        assert heard.batches == [(10, 100), (5, 50)]

    play(job)


def test_an_error_of_the_provider_ends_its_own_request_alone() -> None:
    async def job() -> None:
        provider, queue = Double(held=True), Queue(LIMITS)
        provider.breaking["broken"] = ProviderError("the model failed on cuda")
        waiting = [unit("broken", tokens=100), *units(*range(1, 30))]
        bad = asyncio.ensure_future(queue.submit(waiting, interactive=False))
        good = asking(queue, *units(100, 101))
        await settled()
        queue.start([provider])
        provider.let_go()
        with pytest.raises(ProviderError, match="failed on cuda"):
            await bad
        assert queue.waiting_units <= 2  # what else there was of it no longer waits
        provider.let_all_go()
        assert await good == [100, 101]
        await queue.drain()
        assert "29" not in {text for call in provider.calls for text in call}

    play(job)


def test_errors_of_all_sorts_leave_the_worker_at_work() -> None:
    async def job() -> None:
        provider, queue = Double(), Queue(LIMITS)
        provider.breaking["panic"] = SystemExit("panic")
        queue.start([provider])
        for _ in range(3):
            with pytest.raises(ProviderError, match="SystemExit"):
                await queue.submit(units(1, "panic"), interactive=False)
        assert await asked(queue, units(2, "unreadable")) == [2, "cannot read unreadable"]
        await queue.drain()

    play(job)
