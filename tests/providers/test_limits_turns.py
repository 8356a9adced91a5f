"""Whose turn it is, and for how long nobody's; a hand turns the clock."""

from math import inf, nan

import anyio
import pytest

from es_jina.providers.limits import Excess, Kind, Limits

HALF_A_SECOND = 0.5


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    return Limits(clock)


def test_pauses_are_no_longer_than_a_minute(limits: Limits, clock: Clock) -> None:
    limits.hold(3600)
    assert limits.pause == 60
    clock.now += 45
    limits.hold(5)
    assert limits.pause == 15
    clock.now += 16
    assert limits.pause == 0


def refuse(limits: Limits, kind: Kind = Kind.REQUESTS, retry_after: float = 0.0) -> float:
    """Let a lonely request be refused; return the pause."""

    async def refused() -> None:
        async with limits.turn(10) as turn:
            limits.refused(turn, kind, None, retry_after)

    anyio.run(refused)
    return limits.pause


def test_pauses_double_until_an_answer_comes(limits: Limits, clock: Clock) -> None:
    for longest in (2, 4, 8, 16, 32, 60, 60):
        assert 0.75 * longest <= refuse(limits) <= longest
        clock.now += 61

    async def answered() -> None:
        async with limits.turn(10) as turn:
            limits.answered(turn, {}, None)

    anyio.run(answered)
    clock.now += 61
    assert refuse(limits) <= 2


def test_what_the_service_asks_for_is_waited_for(limits: Limits) -> None:
    assert refuse(limits, retry_after=17) == 17


@pytest.mark.parametrize("named", [None, Excess(41, 40)])
def test_requests_go_again_behind_the_pause_that_was_asked_for(
    limits: Limits, clock: Clock, named: Excess | None
) -> None:
    async def play() -> None:
        for _ in range(40):
            async with limits.turn(1) as turn:
                limits.answered(turn, {}, None)
        async with limits.turn(1) as turn:
            limits.refused(turn, Kind.REQUESTS, named, 2.0)
        clock.now += 2
        with anyio.fail_after(1):
            for _ in range(40):
                async with limits.turn(1):
                    pass

    anyio.run(play)


def test_a_refusal_that_names_nothing_is_no_limit_unless_it_comes_again(
    limits: Limits, clock: Clock
) -> None:
    async def play() -> list[float]:
        pauses = []
        async with limits.turn(10) as turn:
            limits.answered(turn, {}, None)
        for _ in range(3):
            async with limits.turn(10) as turn:
                limits.refused(turn, Kind.TOKENS, None, 0.0)
            pauses.append(limits.pause)
            clock.now += limits.pause
        return pauses

    first, second, third = anyio.run(play)
    assert first <= 2
    assert second <= 4
    assert third > 45  # until what was accepted is a minute old


@pytest.mark.parametrize("remaining", [-1.0, inf, -inf, nan])
def test_strange_headers_tell_of_no_limit(limits: Limits, remaining: float) -> None:
    async def play() -> None:
        for _ in range(9):
            with anyio.fail_after(1):
                async with limits.turn(10) as turn:
                    limits.answered(turn, {Kind.REQUESTS: remaining, Kind.TOKENS: remaining}, 10)

    anyio.run(play)
    assert limits.most_tokens == inf


def test_too_many_at_once_pauses_nobody(limits: Limits) -> None:
    assert refuse(limits, Kind.CONCURRENCY) == 0
    assert refuse(limits, Kind.CONCURRENCY, retry_after=3) == 3


def test_refusals_of_requests_that_were_in_flight_together_pause_once(
    limits: Limits, clock: Clock
) -> None:
    async def both() -> None:
        async with limits.turn(10) as first, limits.turn(10) as second:
            clock.now += 1
            limits.refused(first, Kind.TOKENS, Excess(1010, 1000), 0.0)
            pause = limits.pause
            clock.now += HALF_A_SECOND
            limits.refused(second, Kind.TOKENS, Excess(1010, 1000), 0.0)
            assert limits.pause == pause - HALF_A_SECOND

    anyio.run(both)


def test_a_refused_request_spends_nothing(limits: Limits) -> None:
    async def play() -> None:
        async with limits.turn(30) as turn:
            limits.answered(turn, {Kind.TOKENS: 70, Kind.REQUESTS: 1}, 30)
        async with limits.turn(70) as turn:
            limits.refused(turn, Kind.CONCURRENCY, None, 0.0)
        with anyio.fail_after(1):
            async with limits.turn(70):
                pass

    anyio.run(play)


def test_first_come_first_served(limits: Limits) -> None:
    served = list[int]()

    async def ask(number: int) -> None:
        async with limits.turn(1):
            served.append(number)
            await anyio.sleep(0.001)

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for number in range(30):
                group.start_soon(ask, number)
                await anyio.sleep(0)

    anyio.run(all_of_them)
    assert served == [*range(30)]


def test_one_that_gives_up_waiting_makes_room(limits: Limits) -> None:
    """Others may wait for nothing else than that it does."""
    made = list[str]()

    async def wait() -> None:
        async with limits.turn(1):
            pass

    async def room() -> None:
        await limits.room()
        made.append("room")

    async def play() -> None:
        limits.hold(60)
        with anyio.fail_after(2):
            async with anyio.create_task_group() as group, anyio.create_task_group() as waiting:
                waiting.start_soon(wait)
                waiting.start_soon(wait)
                await anyio.sleep(0.01)
                group.start_soon(room)
                await anyio.sleep(0.01)
                assert made == []
                waiting.cancel_scope.cancel()

    anyio.run(play)
    assert made == ["room"]
