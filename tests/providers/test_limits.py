"""What a key may do is learned from answers and refusals: the numbers."""

from math import inf

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from es_jina.providers.limits import (
    MOST_IN_FLIGHT,
    SLACK,
    SPAN_SECONDS,
    Excess,
    InFlight,
    Rate,
    Spending,
)

MINUTE = SPAN_SECONDS * SLACK


def in_flight_with(most: int, steps: int, named: bool) -> tuple[list[int], list[int]]:
    """Play a service that takes `most` at once; return the windows and the steps of refusals."""
    learned, under_way = InFlight(), list[int]()
    windows, refused = [], []
    for step in range(steps):
        while learned.now < learned.window:
            learned.now += 1
            if len(under_way) < most:
                under_way.append(learned.now)
                continue
            refused.append(step)
            learned.refused(Excess(most + 1, most) if named else None)
            learned.now -= 1
        learned.answered(under_way.pop(0), full=True)
        learned.now -= 1
        windows.append(learned.window)
    return windows, refused


@settings(max_examples=30)
@given(most=st.integers(1, 60), told=st.booleans())
def test_in_flight_converges_to_what_is_allowed(most: int, told: bool) -> None:
    steps = 60 * most
    windows, refused = in_flight_with(most, steps, told)
    settled = windows[steps // 2 :]
    assert most - 1 <= min(settled) <= max(settled) <= most + 1
    assert sum(settled) / len(settled) > most - 0.5
    # It is tried again all the same, about once in ten rounds.
    assert sum(step >= steps // 2 for step in refused) <= len(settled) / most / 5 + 1


def test_in_flight_doubles_with_every_round_and_has_an_end() -> None:
    windows, _ = in_flight_with(10_000, 1000, False)
    assert windows[1] == 4
    assert windows[5] == 8
    assert windows[-1] == MOST_IN_FLIGHT


def test_fewer_come_back_from_a_pause_and_never_less_than_at_first() -> None:
    learned = InFlight()
    for _ in range(30):
        learned.answered(30, full=True)
    windows = []
    for _ in range(3):
        learned.paused()
        windows.append(learned.window)
    assert windows == [8, 2, 2]


def test_in_flight_does_not_grow_where_nothing_waits() -> None:
    learned = InFlight()
    for _ in range(100):
        learned.answered(1, full=False)
    assert learned.window == 2


@given(numbers=st.lists(st.integers(1, 3) | st.none(), min_size=1, max_size=30))
def test_one_request_may_always_be_in_flight(numbers: list[int | None]) -> None:
    learned = InFlight()
    for number in numbers:
        learned.now = 1
        learned.refused(Excess(number + 1, number) if number else None)
        assert learned.window >= 1


@settings(max_examples=50)
@example(limit=2, steps=[(1, 0.0)] * 3 + [(1, 0.5), (1, 0.0), (2, 0.0)], late=0)
@given(
    limit=st.integers(1, 1000),
    steps=st.lists(st.tuples(st.integers(1, 400), st.floats(0, 30)), min_size=1, max_size=40),
    late=st.integers(0, 4),
)
def test_no_more_than_the_limit_within_any_minute(
    limit: int, steps: list[tuple[int, float]], late: int
) -> None:
    """Once it is told, and however late answers are."""
    rate, now, sent = Rate(), 0.0, list[tuple[float, int]]()
    told: list[tuple[int, Spending]] = []
    for wanted, gap in steps:
        amount = min(wanted, limit)
        now += gap
        while (delay := rate.delay(amount, now)) > 0:
            now += max(delay, 1e-6)
        sent.append((now, amount))
        used = sum(each for at, each in sent if at > now - 60 + 1e-6)
        assert used <= limit or rate.limit == inf
        told.append((limit - used, rate.spend(amount, now)))
        if len(told) > late or rate.limit == inf:
            rate.told(*told.pop(0), now)


def test_the_whole_limit_is_used() -> None:
    rate, sent = Rate(), 0
    now = 0.0
    while now < 600:
        now += max(rate.delay(10, now), 0.01)
        if rate.delay(10, now) == 0:
            spending, sent = rate.spend(10, now), sent + 10
            rate.told(max(0.0, 1000 - rate._total), spending, now)
    assert sent >= 10 * 1000


def test_a_later_request_knows_better() -> None:
    rate = Rate()
    first, second = rate.spend(10, 0), rate.spend(10, 1)
    rate.told(70, second, 2)
    rate.told(20, first, 3)
    assert rate.limit == 90


def test_what_is_a_minute_old_is_no_part_of_the_limit() -> None:
    rate = Rate()
    rate.spend(100, 0)
    rate.told(70, rate.spend(30, 61), 62)  # of 100
    assert rate.limit == 100


def test_an_answer_after_more_than_a_minute_tells_nothing() -> None:
    rate = Rate()
    slow = rate.spend(30, 0)
    rate.spend(30, 30)
    rate.told(70, slow, 61)
    assert rate.limit == inf


def test_something_larger_than_the_limit_waits_for_a_minute_of_its_own() -> None:
    rate = Rate()
    rate.told(90, rate.spend(10, 0), 0)
    assert rate.delay(500, 1) == pytest.approx(MINUTE - 1)
    assert rate.delay(500, MINUTE) == 0


def test_tokens_are_counted_as_they_turn_out() -> None:
    rate = Rate()
    spending = rate.spend(80, 0)
    rate.told(20, spending, 0)
    rate.correct(spending, 30)
    assert rate.delay(70, 1) == 0
    assert rate.delay(71, 1) == pytest.approx(MINUTE - 1)


def test_what_was_accepted_is_the_limit_where_none_is_named() -> None:
    rate = Rate()
    for at in range(5):
        rate.spend(10, at)
    rate.refused(10, None, 5)
    assert rate.limit == 50
    assert rate.delay(10, 5) == pytest.approx(MINUTE - 5)  # until the first of them is a minute old


def test_a_refusal_of_the_first_request_names_no_limit() -> None:
    rate = Rate()
    rate.refused(10, None, 0)
    assert rate.limit == inf


def test_what_others_spend_is_waited_for_but_is_no_limit() -> None:
    """So it is behind another run with the same key."""
    rate = Rate()
    rate.spend(1, 0)
    rate.refused(1, Excess(101, 100), 1)
    assert rate.limit == 100
    assert rate.delay(1, 1) == pytest.approx(MINUTE - 1)  # until it is a minute old
    assert rate.delay(100, 1 + MINUTE) == 0


def test_a_limit_that_nobody_tells_is_tried_again_slowly() -> None:
    rate = Rate()
    rate.spend(100, 0)
    rate.refused(10, None, 1)
    for at in range(2, 52):
        rate.answered(rate.spend(2, at))
    assert rate.limit == pytest.approx(110)


def test_a_limit_that_was_guessed_is_doubled_by_each_minute_without_a_refusal() -> None:
    rate = Rate()
    rate.spend(3, 0)
    rate.refused(1, None, 1)
    for minute in range(1, 11):
        rate.answered(rate.spend(1, 2 + minute * (MINUTE + 1)))
    assert rate.limit == 3 * 2**10


def test_a_pause_that_is_asked_for_begins_a_new_minute() -> None:
    rate = Rate()
    rate.spend(100, 0)
    rate.resumes(None, 1)
    assert rate.limit == inf
    rate.spend(100, 2)
    rate.resumes(Excess(110, 100), 3)
    assert (rate.limit, rate.delay(100, 3)) == (100, 0)


def test_a_service_that_took_more_than_it_names_is_trusted() -> None:
    rate = Rate()
    rate.spend(150, 0)
    rate.resumes(Excess(110, 100), 1)
    assert rate.limit == 150
