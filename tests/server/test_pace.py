"""What is known of a provider's pace, and how much bulk it is therefore given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.server.pace import Pace
from es_jina.server.sizing import Sizing

SIZES = [20, 500, 3000, 20, 16_000, 700, 20, 1200]
SECONDS = st.floats(1e-6, 10)


def paced(overhead: float, per_token: float, sizes: list[int] = SIZES) -> Pace:
    pace = Pace()
    for size in sizes:
        pace.saw(size, overhead + per_token * size)
    return pace


@given(overhead=SECONDS, per_token=st.floats(1e-6, 0.1))
def test_the_overhead_of_a_call_is_told_from_its_tokens(overhead: float, per_token: float) -> None:
    pace = paced(overhead, per_token)
    # A token costs something in any case; where it hardly does, that is all that is wrong.
    if per_token * 16_000 > overhead:
        assert pace.overhead == pytest.approx(overhead, rel=1e-3, abs=1e-4)
        assert pace.seconds(5000) == pytest.approx(overhead + 5000 * per_token, rel=1e-3)
        assert pace.tokens(pace.seconds(5000)) == pytest.approx(5000, rel=1e-3)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.floats(0, 1e4)), min_size=1))
def test_nothing_measured_makes_nonsense(calls: list[tuple[int, float]]) -> None:
    pace = Pace()
    for tokens, seconds in calls:
        pace.saw(tokens, seconds)
    assert pace.overhead >= 0
    assert 0 < pace.seconds(10) <= pace.seconds(1000)
    assert pace.tokens(0) == 0 <= pace.tokens(1) < pace.tokens(1e9)


def test_a_pace_that_changes_is_noticed() -> None:
    pace = paced(0.01, 1e-4)
    for _ in range(8):
        for size in SIZES:
            pace.saw(size, 0.02 + 2e-4 * size)
    assert pace.seconds(1000) == pytest.approx(0.22, rel=0.05)


def test_before_the_first_call_nothing_is_known() -> None:
    pace = Pace()
    assert not pace.known
    assert (pace.seconds(10), pace.tokens(10), pace.overhead) == (0, 0, 0)


def test_bulk_is_large_until_a_query_comes_and_some_seconds_after() -> None:
    sizing, pace = Sizing(16_384), paced(0.01, 1e-5)
    assert sizing.bulk_tokens(Pace(), now=0) == 16_384
    assert sizing.bulk_tokens(pace, now=0) == 16_384
    sizing.saw_query(20, now=1)
    assert sizing.bulk_tokens(Pace(), now=2) == 20
    assert sizing.bulk_tokens(pace, now=2) < 1000
    assert sizing.bulk_tokens(pace, now=60) == 16_384


@given(overhead=st.floats(1e-4, 0.1), per_token=st.floats(1e-6, 1e-3), query=st.integers(5, 200))
def test_a_query_waits_no_longer_than_it_takes_itself_and_half_more(
    overhead: float, per_token: float, query: int
) -> None:
    sizing, pace = Sizing(16_384), paced(overhead, per_token)
    sizing.saw_query(query, now=0)
    tokens = sizing.bulk_tokens(pace, now=1)
    assert query <= tokens <= 16_384
    assert pace.seconds(tokens) <= 1.5 * pace.seconds(query) + 1e-9


def test_without_queries_a_call_ends_in_a_second_unless_overhead_matters() -> None:
    sizing = Sizing(16_384)
    slow = sizing.bulk_tokens(paced(0.0, 1e-3), now=0)
    assert slow == pytest.approx(1000, rel=0.01)
    far = sizing.bulk_tokens(paced(0.5, 1e-3), now=0)
    assert far == pytest.approx(9500, rel=0.01)


PACES = {"overhead": st.floats(1e-4, 1.0), "per_token": st.floats(1e-6, 1e-2)}


@given(**PACES, query=st.integers(5, 200))
def test_queries_wait_no_longer_for_others_than_what_makes_calls_worth_it(
    overhead: float, per_token: float, query: int
) -> None:
    sizing, pace = Sizing(16_384), paced(overhead, per_token)
    sizing.saw_query(query, now=0)
    tokens = sizing.query_tokens(pace)
    assert query <= tokens <= 16_384
    longest = max(0.05, 3 * pace.seconds(query), 6 * pace.overhead)
    assert pace.seconds(tokens) <= longest + 1e-9


@given(**PACES, query=st.integers(5, 200))
def test_many_single_queries_are_as_fast_as_calls_with_all_of_them(
    overhead: float, per_token: float, query: int
) -> None:
    sizing, pace = Sizing(16_384), paced(overhead, per_token)
    sizing.saw_query(query, now=0)
    together = 64 * query
    taken = min(sizing.query_tokens(pace), together)
    shares = (taken / pace.seconds(taken)) / (together / pace.seconds(together))
    assert shares > 0.8


def test_overhead_is_found_though_all_queries_are_alike() -> None:
    """Else a device that takes as long for one as for a hundred would go on with one."""
    sizing, pace = Sizing(16_384), Pace()
    sizing.saw_query(20, now=0)
    for _ in range(20):
        tokens = sizing.query_tokens(pace) // 20 * 20
        pace.saw(tokens, 0.04 + 1e-5 * tokens)
    assert sizing.query_tokens(pace) > 64 * 20


def test_the_first_call_with_queries_is_small() -> None:
    sizing = Sizing(16_384)
    sizing.saw_query(20, now=0)
    assert sizing.query_tokens(Pace()) == 60
