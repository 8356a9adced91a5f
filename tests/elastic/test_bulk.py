import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from elasticsearch import ApiError, Elasticsearch
from elasticsearch import ConnectionError as EsConnectionError
from pytest_httpserver import HTTPServer
from werkzeug import Response

from es_jina.elastic import bulk
from es_jina.elastic.bulk import Action, BulkWriter, Outcome
from es_jina.elastic.client import Cluster

from .bulk_double import Double, done, items, refused, some, whole


def index_of(client: Elasticsearch, name: str) -> str:
    client.indices.create(
        index=f"{name}-000001",
        aliases={name: {}},
        mappings={"dynamic": False, "properties": {"n": {"type": "integer"}}},
    )
    return name


@pytest.fixture
def double(httpserver: HTTPServer) -> Double:
    return Double(httpserver)


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def connected(httpserver: HTTPServer) -> Iterator[Elasticsearch]:
    """A client of the double."""
    with Cluster(httpserver.url_for("/").rstrip("/")).connect() as opened:
        yield opened


@pytest.fixture
def writer(connected: Elasticsearch, pauses: list[float]) -> Iterator[BulkWriter]:
    """A writer to the double that notes its pauses and does not make them."""
    with BulkWriter(connected, "docs", sleep=pauses.append) as opened:
        yield opened


# On a real node


def test_documents_are_written_and_replaced(client: Elasticsearch, index: str) -> None:
    writer = BulkWriter(client, index_of(client, index))
    assert list(writer.write(some("a", "b"))) == [Outcome("a", None), Outcome("b", None)]
    numbers = {"n": 2, "text": "日本 \u2028 \n end", "vector": np.array([0.5, 1], np.float32)}
    assert list(writer.write([Action("a", numbers)])) == [Outcome("a", None)]
    source = client.get(index=index, id="a")["_source"]
    assert source == {"n": 2, "text": "日本 \u2028 \n end", "vector": [0.5, 1.0]}
    client.indices.refresh(index=index)
    assert client.count(index=index)["count"] == 2


def test_a_document_that_does_not_fit_fails_alone(client: Elasticsearch, index: str) -> None:
    writer = BulkWriter(client, index_of(client, index))
    outcomes = list(writer.write([*some("a"), Action("bad", {"n": "many"}), *some("c")]))
    assert [outcome.id for outcome in outcomes if outcome.error is None] == ["a", "c"]
    (bad,) = [outcome for outcome in outcomes if outcome.error]
    assert bad.id == "bad"
    # The innermost cause: what is wrong, not only where.
    assert bad.error == '400: For input string: "many"'
    client.indices.refresh(index=index)
    assert client.count(index=index)["count"] == 2


def test_deleting_what_is_gone_is_done_too(client: Elasticsearch, index: str) -> None:
    writer = BulkWriter(client, index_of(client, index))
    list(writer.write(some("a", "b")))
    deletes = [Action("a", None), Action("never", None)]
    assert list(writer.write(deletes)) == [Outcome("a", None), Outcome("never", None)]
    client.indices.refresh(index=index)
    assert client.count(index=index)["count"] == 1


def test_deleting_from_an_index_that_is_gone_is_not_done(client: Elasticsearch, index: str) -> None:
    (outcome,) = BulkWriter(client, index).write([Action("a", None)])
    assert outcome.error == f"404: no such index [{index}]"


def test_of_two_with_one_id_the_later_wins(client: Elasticsearch, index: str) -> None:
    writer = BulkWriter(client, index_of(client, index))
    twice = [Action("a", {"n": 1}), *some("b"), Action("a", {"n": 2})]
    outcomes = list(writer.write(twice))
    assert sorted(outcome.id for outcome in outcomes) == ["a", "a", "b"]
    assert client.get(index=index, id="a")["_source"] == {"n": 2}


def test_a_document_that_is_no_json_fails_alone(client: Elasticsearch, index: str) -> None:
    writer = BulkWriter(client, index_of(client, index))
    broken = Action("bad", {"title": "name-\udcff"})
    outcomes = {o.id: o.error for o in writer.write([*some("a"), broken, *some("c")])}
    assert (outcomes["a"], outcomes["c"]) == (None, None)
    assert str(outcomes["bad"]).startswith("cannot be written as JSON: str is not valid UTF-8")


@pytest.mark.parametrize("ident", ["", "é" * 257])
def test_an_id_that_no_document_may_have_fails_alone(
    client: Elasticsearch, index: str, ident: str
) -> None:
    writer = BulkWriter(client, index_of(client, index))
    outcomes = {o.id: o.error for o in writer.write(some("a", ident, "x" * 512))}
    assert outcomes == {
        "a": None,
        ident: "the id has to have 1 to 512 bytes",
        "x" * 512: None,
    }


def test_no_index_is_made_where_an_alias_is_required(client: Elasticsearch, index: str) -> None:
    writer = BulkWriter(client, index_of(client, index), require_alias=True)
    assert list(writer.write(some("a"))) == [Outcome("a", None)]
    client.indices.delete(index=f"{index}-000001")
    (outcome,) = writer.write(some("b"))
    assert outcome.gave_up
    assert outcome.error is not None
    assert outcome.error.startswith("404: no such index")
    assert not client.indices.exists(index=index)


def test_large_documents_on_a_real_node(client: Elasticsearch, index: str) -> None:
    """Beyond one request's size, together and alone."""
    writer = BulkWriter(client, index_of(client, index))
    texts = {"a": 6_000_000, "b": 6_000_000, "alone": 10_100_000}
    outcomes = list(writer.write(Action(i, {"text": "x" * size}) for i, size in texts.items()))
    assert {outcome.id: outcome.error for outcome in outcomes} == dict.fromkeys(texts)


# Against a double


def test_nothing_to_write_asks_nothing(double: Double, writer: BulkWriter) -> None:
    assert list(writer.write([])) == []
    assert double.asked == []


def test_requests_are_bounded_and_each_keeps_its_order(
    double: Double, connected: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MAX_BYTES", 1000)
    actions = [Action(f"{n}", {"text": "x" * (n % 5) * 80}) for n in range(60)]
    with BulkWriter(connected, "docs") as writer:
        outcomes = list(writer.write(actions))
    assert sorted(int(outcome.id) for outcome in outcomes if outcome.error is None) == [*range(60)]
    runs = sorted([int(ident) for ident in ids] for ids in double.asked)
    assert [number for run in runs for number in run] == [*range(60)]
    assert max(double.sizes) <= 1000
    # And not one request for each.
    assert len(double.asked) < 20


def test_writing_starts_before_all_actions_are_there(
    double: Double, connected: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MAX_BYTES", 100)
    made = []

    def actions() -> Iterator[Action]:
        for n in range(100):
            made.append(n)
            yield Action(f"{n}", {"text": "x" * 80})

    with BulkWriter(connected, "docs") as writer:
        first = next(writer.write(actions()))
    assert first.error is None
    assert int(first.id) < bulk.IN_FLIGHT
    assert len(made) <= bulk.IN_FLIGHT + 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_cluster_is_asked_again_with_growing_pauses(
    double: Double, writer: BulkWriter, pauses: list[float], status: int
) -> None:
    double.then(*[whole(status)] * 4)
    assert list(writer.write(some("a", "b"))) == [Outcome("a", None), Outcome("b", None)]
    # One request for each pause: the client must not hammer in between.
    assert double.asked == [["a", "b"]] * 5
    assert len(pauses) == 4
    assert 0.25 <= pauses[0] <= 0.75
    assert 2 <= pauses[3] <= 6


def test_only_what_was_refused_is_sent_again(
    double: Double, writer: BulkWriter, pauses: list[float]
) -> None:
    double.then(
        items(done("a"), refused("b", 429, "queue"), refused("c", 400, "bad"), done("d")),
        items(refused("b", 503, "no shard")),
    )
    outcomes = list(writer.write(some("a", "b", "c", "d")))
    assert outcomes == [
        Outcome("a", None),
        Outcome("c", "400: bad"),
        Outcome("d", None),
        Outcome("b", None),
    ]
    assert double.asked == [["a", "b", "c", "d"], ["b"], ["b"]]
    assert len(pauses) == 2


def test_a_refusal_for_good_is_not_sent_again(
    double: Double, writer: BulkWriter, pauses: list[float]
) -> None:
    double.then(whole(400))
    with pytest.raises(ApiError, match="400"):
        list(writer.write(some("a", "b")))
    assert double.asked == [["a", "b"]]
    assert pauses == []


def test_patience_with_a_cluster_ends(
    double: Double, connected: Elasticsearch, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("es_jina.elastic.patience.time.monotonic", lambda: now[0])

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    patient = BulkWriter(connected, "docs", retry_for=90, sleep=sleep)
    double.then(*[whole(503)] * 1000)
    with pytest.raises(ApiError, match="503"):
        list(patient.write(some("a")))
    assert sum(pauses) == pytest.approx(90)
    assert len(double.asked) == len(pauses) + 1 < 30

    # The same with one document: it fails, and the others do not.
    double.answers.clear()
    double.then(*[lambda ids: items(*[refused(i, 429, "queue is full") for i in ids])] * 1000)
    error = "429: queue is full; tried for 90 s"
    assert list(patient.write(some("a"))) == [Outcome("a", error, gave_up=True)]


@pytest.mark.parametrize("in_whole", [False, True])
def test_a_document_that_is_always_too_much_fails_alone(
    double: Double,
    connected: Elasticsearch,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
    in_whole: bool,
) -> None:
    monkeypatch.setattr(bulk, "MAX_BYTES", 200)

    def busy_with_large(ids: list[str]) -> Response:
        if "large" not in ids:
            return Double.take(ids)
        return whole(429) if in_whole else items(*[refused(i, 429, "too much") for i in ids])

    double.then(*[busy_with_large] * 1000)
    actions = [*some("a"), Action("large", {"text": "x" * 300}), *some("b")]
    with BulkWriter(connected, "docs", retry_for=0.05, sleep=pauses.append) as writer:
        outcomes = {outcome.id: outcome for outcome in writer.write(actions)}
    assert outcomes["a"].error is outcomes["b"].error is None
    large = outcomes["large"]
    assert not large.gave_up
    assert large.error is not None
    assert large.error.startswith("429: ")
    assert pauses


@pytest.mark.parametrize("status", [403, 429, 503])
def test_an_index_that_is_read_only_is_waited_for(
    double: Double, writer: BulkWriter, pauses: list[float], status: int
) -> None:
    block = {"error": {"type": "cluster_block_exception", "reason": "blocked"}, "status": status}
    double.then(whole(status, block), items(refused("a", status, "b", "cluster_block_exception")))
    assert list(writer.write(some("a"))) == [Outcome("a", None)]
    assert len(pauses) == 2


def test_a_forbidden_document_is_not_sent_again(
    double: Double, writer: BulkWriter, pauses: list[float]
) -> None:
    double.then(items(refused("a", 403, "no privilege", "security_exception")))
    assert list(writer.write(some("a"))) == [Outcome("a", "403: no privilege")]
    assert pauses == []


def at_most(size: int) -> Callable[[list[str]], Response]:
    """Take requests of so many actions, none of them named huge."""
    return lambda ids: whole(413) if len(ids) > size or "huge" in ids else Double.take(ids)


def test_a_request_that_is_too_large_is_split(
    double: Double, writer: BulkWriter, pauses: list[float]
) -> None:
    double.then(*[at_most(2)] * 100)
    ids = ["a", "b", "c", "huge", "d", "e", "f"]
    outcomes = list(writer.write(some(*ids)))
    assert [outcome.id for outcome in outcomes] == ids
    errors = {outcome.id: outcome.error for outcome in outcomes}
    refusal = "413: 33 bytes are too many; raise the cluster's http.max_content_length"
    assert errors.pop("huge") == refusal
    assert set(errors.values()) == {None}
    assert pauses == []


def test_the_size_that_was_refused_is_remembered(double: Double, writer: BulkWriter) -> None:
    double.then(*[at_most(5)] * 100)
    assert len(list(writer.write(some(*"abcdefgh")))) == 8
    assert [len(ids) for ids in double.asked] == [8, 4, 4]
    assert len(list(writer.write(some(*"ijklmnopq")))) == 9
    assert sorted(len(ids) for ids in double.asked[3:]) == [1, 4, 4]


def test_a_split_request_is_patient_too(
    double: Double, writer: BulkWriter, pauses: list[float]
) -> None:
    double.then(whole(413), whole(429), items(done("a")), items(refused("b", 429, "queue")))
    assert list(writer.write(some("a", "b"))) == [Outcome("a", None), Outcome("b", None)]
    assert double.asked == [["a", "b"], ["a"], ["a"], ["b"], ["b"]]
    assert len(pauses) == 2


class Dropping:
    """A server that takes whole requests and hangs up on the first ones without an answer."""

    def __init__(self, drops: int) -> None:
        self.drops = drops
        self.requests = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                self._one(connection, lines)

    def _one(self, connection: socket.socket, lines: Any) -> None:
        length = 0
        while (line := lines.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = lines.read(length)
        if not body:
            return
        self.requests += 1
        if self.requests <= self.drops:
            return
        ids = [json.loads(line)["index"]["_id"] for line in body.splitlines()[::2]]
        told = json.dumps({"errors": False, "items": [done(ident) for ident in ids]}).encode()
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"X-Elastic-Product: Elasticsearch\r\nContent-Length: {len(told)}\r\n\r\n"
        )
        connection.sendall(head.encode() + told)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@pytest.fixture
def dropping() -> Iterator[Callable[[int], Dropping]]:
    servers = []

    def start(drops: int) -> Dropping:
        servers.append(Dropping(drops))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_a_lost_connection_is_tried_again(
    dropping: Callable[[int], Dropping], pauses: list[float]
) -> None:
    server = dropping(2)
    with Cluster(server.url).connect() as connected:
        outcomes = list(BulkWriter(connected, "docs", sleep=pauses.append).write(some("a", "b")))
    assert outcomes == [Outcome("a", None), Outcome("b", None)]
    assert server.requests == 3
    assert len(pauses) == 2


def test_a_cluster_that_is_started_again_is_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = HTTPServer("127.0.0.1", port)
    double = Double(server)
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            server.start()

    try:
        with Cluster(f"http://127.0.0.1:{port}").connect() as connected:
            outcomes = list(BulkWriter(connected, "docs", sleep=sleep).write(some("a", "b")))
    finally:
        server.stop()
    assert outcomes == [Outcome("a", None), Outcome("b", None)]
    assert double.asked == [["a", "b"]]


def test_a_cluster_that_stays_away(
    dropping: Callable[[int], Dropping], pauses: list[float]
) -> None:
    server = dropping(1000)
    with Cluster(server.url).connect() as connected:
        writer = BulkWriter(connected, "docs", retry_for=0, sleep=pauses.append)
        with pytest.raises(EsConnectionError):
            list(writer.write(some("a")))
    assert server.requests == 1


def test_a_refusal_that_cuts_the_sending_short_is_heard(pauses: list[float]) -> None:
    """A server that has read only the head of a request says 413 and resets the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(
                    b"HTTP/1.1 413 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )

        thread = threading.Thread(target=serve)
        thread.start()
        with Cluster(url).connect() as connected:
            writer = BulkWriter(connected, "docs", sleep=pauses.append)
            (outcome,) = writer.write([Action("a", {"text": "x" * 8_000_000})])
        thread.join(10)
    assert str(outcome.error).startswith("413: 8,0")
    assert pauses == []
