import threading
import time
from collections.abc import Iterator

import pytest

from es_jina.ingest.ahead import Ahead, started_early


def test_items_come_in_order() -> None:
    assert list(Ahead(range(1000), 10)) == list(range(1000))


def test_no_more_is_made_than_may_wait() -> None:
    made = []

    def items() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    ahead = Ahead(items(), most=10, weigh=lambda _: 3)
    _wait_until(lambda: len(made) >= 4)
    time.sleep(0.05)
    # Four of weight three reach the limit of ten; a fifth may have been made and waits outside.
    assert len(made) <= 5
    assert len(ahead.take(most=6)) == 2
    ahead.close()
    assert len(made) < 20


def test_a_heavy_item_comes_alone() -> None:
    ahead = Ahead([1, 9, 1, 1], most=100, weigh=lambda item: item)
    _wait_until(lambda: ahead._ended)
    assert [ahead.take(most=5) for _ in range(4)] == [[1], [9], [1, 1], []]


def test_what_the_thread_raises_comes_behind_its_items() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("gone")

    ahead = Ahead(items(), 10)
    assert ahead.take() == [1]
    with pytest.raises(LookupError, match="gone"):
        ahead.take()
    with pytest.raises(LookupError, match="gone"):
        list(ahead)


def test_closing_ends_a_thread_that_waits_and_runs_its_clean_up() -> None:
    cleaned = threading.Event()

    def items() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            cleaned.set()

    ahead = Ahead(items(), 1)
    ahead.close()
    assert cleaned.is_set()


def test_work_is_started_before_its_turn() -> None:
    started: list[int] = []
    turns = started_early(range(5), started.append, ahead=2)
    assert next(turns)[0] == 0
    assert started == [0, 1, 2]
    assert [item for item, _ in turns] == [1, 2, 3, 4]
    assert started == [0, 1, 2, 3, 4]


def _wait_until(condition: object) -> None:
    deadline = time.monotonic() + 10
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.005)
