import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.ingest.progress import STAGES, Progress, Stage, slowest


def test_the_counts() -> None:
    progress = Progress()
    progress.find(100)
    progress.find(20)
    progress.finish(100)
    assert (progress.found, progress.found_bytes) == (2, 120)
    assert (progress.done, progress.done_bytes) == (1, 100)


def test_the_bottleneck_is_where_the_time_goes_also_while_it_goes() -> None:
    assert Progress().bottleneck == "reading"
    progress = Progress()
    with progress.waiting("embedding"):
        time.sleep(0.02)
        assert progress.bottleneck == "embedding"
        assert 0.02 <= progress.waits["embedding"] < 5
        assert progress.stage == "embedding"
    assert progress.stage is None
    with progress.waiting("writing"):
        pass
    assert progress.bottleneck == "embedding"
    assert progress.waits == progress.waited


def test_a_stage_that_fails_has_taken_its_time() -> None:
    progress = Progress()

    def fail() -> None:
        with progress.waiting("writing"):
            time.sleep(0.01)
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    assert progress.waited["writing"] >= 0.01
    assert progress.waits == progress.waited


@given(st.fixed_dictionaries({stage: st.floats(0, 1e6) for stage in STAGES}))
def test_no_stage_is_slower_than_the_slowest(waits: dict[Stage, float]) -> None:
    assert waits[slowest(waits)] == max(waits.values())
