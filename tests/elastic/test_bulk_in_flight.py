"""Several bulk requests under way at once."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from es_jina.elastic import bulk
from es_jina.elastic.bulk import BulkWriter
from es_jina.elastic.client import Cluster

from .bulk_double import Double, asked_ids, some, whole


class Slow:
    """A cluster that answers when it is told to, and counts how many requests wait at once."""

    def __init__(self, server: HTTPServer) -> None:
        self.most = 0
        self.asked: list[list[str]] = []
        self.busy = 0  # how many requests to come are told 429
        self.answer = threading.Event()
        self._waiting = 0
        self._lock = threading.Lock()
        server.expect_request("/docs/_bulk", method="PUT").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        ids = asked_ids(request)
        with self._lock:
            self.asked.append(ids)
            self._waiting += 1
            self.most = max(self.most, self._waiting)
            busy = self.busy > 0
            self.busy -= busy
        self.answer.wait(20)
        with self._lock:
            self._waiting -= 1
        return whole(429) if busy else Double.take(ids)


@pytest.fixture
def slow() -> Iterator[tuple[Slow, BulkWriter]]:
    with HTTPServer(threaded=True) as server:
        cluster = Cluster(server.url_for("/").rstrip("/"))
        with (
            cluster.connect() as connected,
            BulkWriter(connected, "docs", lambda _: None) as writer,
        ):
            yield Slow(server), writer


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_submitting_does_not_wait_for_the_answer(slow: tuple[Slow, BulkWriter]) -> None:
    cluster, writer = slow
    for ident in "abc":
        assert list(writer.submit(some(ident))) == []
    wait_until(lambda: len(cluster.asked) == 3)
    assert cluster.most == bulk.IN_FLIGHT == 3
    cluster.answer.set()
    outcomes = [*writer.submit(some("d")), *writer.drain()]
    assert {outcome.id for outcome in outcomes} == {"a", "b", "c", "d"}
    assert list(writer.drain()) == []


def test_one_id_is_never_in_two_requests_at_once(slow: tuple[Slow, BulkWriter]) -> None:
    cluster, writer = slow
    list(writer.submit(some("a", "b")))
    wait_until(lambda: len(cluster.asked) == 1)
    second = threading.Thread(target=lambda: list(writer.submit(some("b", "c"))))
    second.start()
    second.join(0.3)
    assert second.is_alive()
    assert len(cluster.asked) == 1
    cluster.answer.set()
    second.join(20)
    list(writer.drain())
    assert cluster.asked == [["a", "b"], ["b", "c"]]


def test_a_busy_cluster_gets_fewer_requests_at_a_time(
    slow: tuple[Slow, BulkWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MAX_ACTIONS", 1)
    cluster, writer = slow
    cluster.busy = 3
    cluster.answer.set()
    first = some(*(f"busy-{number}" for number in range(6)))
    assert all(outcome.error is None for outcome in writer.write(first))
    cluster.most = 0
    assert len(list(writer.write(some(*(f"later-{number}" for number in range(15)))))) == 15
    assert cluster.most <= 2
    # After a run without a 429 it is trusted with more again.
    assert len(list(writer.write(some(*(f"long-{number}" for number in range(60)))))) == 60
    assert writer._slots._limit == bulk.IN_FLIGHT
