from hypothesis import given
from hypothesis import strategies as st

from es_jina.ingest.batches import FIRST_TOKENS, MOST_TOKENS, SECONDS, BatchSize


def test_a_quick_model_gets_more_at_a_time_step_by_step() -> None:
    size = BatchSize()
    for expected in (2, 4, 8, 8):
        size.learn(size.tokens, size.tokens, 0.01)
        assert size.tokens == expected * FIRST_TOKENS
    assert size.tokens == MOST_TOKENS


def test_a_slow_model_gets_less() -> None:
    size = BatchSize()
    for _ in range(40):
        size.learn(size.tokens, size.tokens, 3600)
    assert size.tokens == 1


def test_it_settles_where_a_batch_takes_the_time_wanted() -> None:
    size, rate = BatchSize(), 1500
    for _ in range(10):
        size.learn(size.tokens, size.tokens, size.tokens / rate)
    assert abs(size.tokens - rate * SECONDS) < 10


def test_batches_that_were_begun_together_are_one_step() -> None:
    size = BatchSize()
    for _ in range(4):
        size.learn(FIRST_TOKENS, FIRST_TOKENS, 0.01)
        assert size.tokens == 2 * FIRST_TOKENS
    for _ in range(4):
        size.learn(2 * FIRST_TOKENS, 2 * FIRST_TOKENS, 3600)
        assert size.tokens == FIRST_TOKENS


def test_it_does_not_fall_below_the_least() -> None:
    size = BatchSize(least=3000)
    for _ in range(4):
        size.learn(size.tokens, size.tokens, 3600)
    assert size.tokens == 3000


@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 1e4)), max_size=30))
def test_it_stays_within_bounds(batches: list[tuple[int, float]]) -> None:
    size = BatchSize()
    for tokens, seconds in batches:
        size.learn(size.tokens, tokens, seconds)
        assert 1 <= size.tokens <= MOST_TOKENS
