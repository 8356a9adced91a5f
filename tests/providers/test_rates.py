from types import SimpleNamespace

import pytest

from es_jina.providers.limits import SLACK, SPAN_SECONDS, Excess, Kind, Limits, Rate

SPAN = SPAN_SECONDS * SLACK
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_a_minute_is_a_little_longer_than_one_by_our_clock() -> None:
    rate = Rate()
    rate.limit = 10
    rate.spend(10, now=0)
    assert rate.delay(1, now=SPAN_SECONDS) == pytest.approx(SPAN - SPAN_SECONDS)
    assert rate.delay(1, now=SPAN) == pytest.approx(0)


def test_an_answer_after_a_long_time_still_tells_the_limit() -> None:
    rate = Rate()
    rate.spend(40, now=0)
    slow = rate.spend(60, now=SPAN_SECONDS - 5)
    rate.spend(1, now=SPAN_SECONDS + 5)  # by now, what was spent first is older than a minute
    rate.told(900, slow, SPAN_SECONDS + 5)
    assert rate.limit == 1000


def test_a_turn_of_the_minute_by_the_clock_raises_no_limit_that_was_named() -> None:
    rate = Rate()
    rate.refused(10, Excess(110, 100), now=1)
    accepted = [rate.spend(10, now=SPAN + second) for second in range(10)]
    rate.told(90, accepted[-1], SPAN + 10)  # of a new minute, which began with this one
    assert rate.limit == 100


def test_a_limit_that_is_raised_is_noticed_by_what_remains() -> None:
    rate = Rate()
    rate.refused(10, Excess(110, 100), now=1)
    rate.told(490, rate.spend(10, now=SPAN + 2), SPAN + 3)
    assert rate.limit == 500


def test_good_answers_raise_no_limit_that_was_named() -> None:
    rate = Rate()
    rate.refused(10, Excess(110, 100), now=1)
    for second in range(100):
        rate.answered(rate.spend(50, now=2 + second))
    assert rate.limit == 100


async def test_a_refusal_that_our_own_spending_explains_is_waited_out_and_no_longer() -> None:
    clock = SimpleNamespace(now=0.0)
    limits = Limits(lambda: clock.now)
    async with limits.turn(90):
        pass
    clock.now = SPAN - 0.5
    async with limits.turn(20) as turn:
        limits.refused(turn, Kind.TOKENS, Excess(110, 100), 0.0)
    assert limits.pause == pytest.approx(0.5)


async def test_a_refusal_that_nothing_explains_is_answered_by_longer_and_longer_pauses() -> None:
    clock = SimpleNamespace(now=0.0)
    limits = Limits(lambda: clock.now)
    pauses = []
    for _ in range(4):
        async with limits.turn(20) as turn:
            limits.refused(turn, Kind.TOKENS, None, 0.0)
        pauses.append(limits.pause)
        clock.now += limits.pause + 1
    assert pauses == sorted(pauses)
    assert pauses[0] >= 1.5
