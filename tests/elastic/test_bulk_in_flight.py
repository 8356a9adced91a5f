"""Several bulk requests under way at once."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from elasticsearch import ApiError
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from es_jina.elastic import bulk
from es_jina.elastic.bulk import BulkWriter, Outcome
from es_jina.elastic.client import Cluster

from .bulk_double import Double, asked_ids, done, items, refused, some, whole


class Slow:
    """A cluster that answers when it is told to, and counts how many requests wait at once."""

    def __init__(self, server: HTTPServer) -> None:
        self.most = 0
        self.asked: list[list[str]] = []
        self.busy = 0  # how many requests to come are told 429
        self.answer = threading.Event()
        self._waiting = 0
        self._lock = threading.Lock()
        server.expect_request("/docs/_bulk", method="POST").respond_with_handler(self._answer)

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
            BulkWriter(connected, "docs", sleep=lambda _: None) as writer,
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
    assert writer._pace.limit == bulk.IN_FLIGHT


def test_polling_does_not_wait(slow: tuple[Slow, BulkWriter]) -> None:
    cluster, writer = slow
    list(writer.submit(some("a", "b")))
    assert list(writer.poll()) == []
    cluster.answer.set()
    polled: list[str] = []

    def all_there() -> bool:
        polled.extend(outcome.id for outcome in writer.poll())
        return len(polled) == 2

    wait_until(all_there)
    assert polled == ["a", "b"]
    assert list(writer.drain()) == list(writer.poll()) == []


def test_no_more_requests_than_asked_for(slow: tuple[Slow, BulkWriter]) -> None:
    cluster, writer = slow
    cluster.answer.set()
    with BulkWriter(writer._client, "docs", in_flight=1) as one:
        for ident in "abc":
            list(one.submit(some(ident)))
        list(one.drain())
    assert cluster.most == 1


@pytest.mark.parametrize("cut", ["hurry", "close"])
def test_hurrying_ends_the_pauses_and_tries_once_more(httpserver: HTTPServer, cut: str) -> None:
    double = Double(httpserver)
    double.then(*[whole(503)] * 100)
    cluster = Cluster(httpserver.url_for("/").rstrip("/"))
    with cluster.connect() as connected, BulkWriter(connected, "docs", retry_for=600) as writer:
        start = time.monotonic()
        list(writer.submit(some("a")))
        wait_until(lambda: len(double.asked) == 3)  # the next pause is of 1 s or longer
        getattr(writer, cut)()
        with pytest.raises(ApiError, match="503"):
            list(writer.drain())
        assert len(double.asked) in {4, 5}  # 5: it was asking when it was told to hurry
        assert time.monotonic() - start < 20


def test_what_is_submitted_in_a_hurry_is_tried_once(httpserver: HTTPServer) -> None:
    double = Double(httpserver)
    cluster = Cluster(httpserver.url_for("/").rstrip("/"))
    with cluster.connect() as connected, BulkWriter(connected, "docs", retry_for=600) as writer:
        writer.hurry()
        assert list(writer.write(some("a"))) == [Outcome("a", None)]
        double.then(items(done("b"), refused("c", 429, "queue is full")))
        assert list(writer.write(some("b", "c"))) == [
            Outcome("b", None),
            Outcome("c", "429: queue is full; tried for 0 s", gave_up=True),
        ]
        assert double.asked == [["a"], ["b", "c"]]


def test_a_failing_request_takes_nothing_from_the_others(httpserver: HTTPServer) -> None:
    """What is acknowledged is told, before the exception and after it."""
    double = Double(httpserver)
    cluster = Cluster(httpserver.url_for("/").rstrip("/"))
    double.then(
        items(done("a"), refused("b", 429, "queue")),
        whole(400),
        items(done("c")),
        whole(403),
        items(done("e")),
    )
    told: list[Outcome] = []
    refusals = 0
    with (
        cluster.connect() as connected,
        BulkWriter(connected, "docs", in_flight=1, sleep=lambda _: None) as writer,
    ):
        for ids in ("ab", "c", "d", "e"):
            for step in (writer.submit(some(*ids)), writer.drain()):
                try:
                    told.extend(step)
                except ApiError:
                    refusals += 1
    assert told == [Outcome("a", None), Outcome("c", None), Outcome("e", None)]
    assert refusals == 2


def test_a_caller_that_stops_in_the_middle_is_told_the_rest_later(
    slow: tuple[Slow, BulkWriter],
) -> None:
    cluster, writer = slow
    cluster.answer.set()
    list(writer.submit(some("a", "b", "c")))
    first = next(writer.drain())
    assert [first.id, *(outcome.id for outcome in writer.drain())] == ["a", "b", "c"]
