"""How much a worker takes at once."""

from hypothesis import given
from hypothesis import strategies as st

from es_jina.server.pace import Pace
from es_jina.server.sizing import Sizing


@given(st.floats(0.05, 10.0))
def test_calls_of_one_size_are_followed_by_one_of_twice_that_size(seconds: float) -> None:
    pace, sizing = Pace(), Sizing(batch_tokens=100)
    sizing.saw_query(10, now=0.0)
    # Three queries: as many as a call may hold, however long it took.
    pace.saw(30, seconds)
    assert sizing.query_tokens(pace) == 60
