import ssl
import threading
from itertools import islice

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig, TlsError
from elasticsearch import (
    ApiError,
    ConnectionTimeout,
    Elasticsearch,
    SerializationError,
)
from elasticsearch import ConnectionError as EsConnectionError
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import SSLError

from es_jina.elastic.client import Cluster
from es_jina.elastic.patience import is_transient, may_pass, patient, pauses


def refusal(status: int, body: object = None) -> ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.0, NodeConfig("http", "localhost", 9200))
    return ApiError("refused", meta, body)


BLOCK = {"type": "cluster_block_exception", "reason": "index [x] blocked by: [FORBIDDEN/12/..."}


@given(st.floats(0, 1000))
def test_pauses_grow_and_end_with_patience(retry_for: float) -> None:
    now = 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("es_jina.elastic.patience.time.monotonic", lambda: now)
        made = []
        for pause in pauses(retry_for):
            made.append(pause)
            now += pause
    assert sum(made) == pytest.approx(retry_for)
    assert all(0 < pause <= 22.5 for pause in made)
    assert all(min(0.25 * 2**n, 7.5) <= pause for n, pause in enumerate(made[:-1]))
    assert len(made) < 150


def test_pauses_of_several_differ() -> None:
    assert len({next(pauses(120)) for _ in range(10)}) > 1


def test_pauses_can_be_shorter() -> None:
    assert max(islice(pauses(120, first=0.01, longest=0.02), 20)) <= 0.03


def test_patience_counts_from_the_first_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("es_jina.elastic.patience.time.monotonic", lambda: now)
    waits = pauses(10)
    now = 60.0  # a request that took a minute to fail
    assert next(waits, None) is not None


@pytest.mark.parametrize(
    "error",
    [
        *[refusal(status) for status in (429, 502, 503, 504)],
        refusal(403, {"error": BLOCK, "status": 403}),
        refusal(
            403, {"error": {"type": "search_phase_execution_exception", "root_cause": [BLOCK]}}
        ),
        EsConnectionError("connection refused"),
        ConnectionTimeout("timed out"),
        TlsError("cut off", errors=(SSLError(ssl.SSLEOFError("EOF")),)),
    ],
    ids=str,
)
def test_what_may_pass(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        *[refusal(status) for status in (400, 401, 403, 404, 413, 500)],
        refusal(403, {"error": {"type": "security_exception", "root_cause": []}}),
        refusal(403, {"error": "a text"}),
        refusal(403, "a page of a proxy"),
        TlsError("no trust", errors=(SSLError(ssl.SSLCertVerificationError("self-signed")),)),
        SerializationError("no JSON"),
        ValueError("a bug"),
    ],
    ids=str,
)
def test_what_does_not_pass(error: Exception) -> None:
    assert not is_transient(error)


def test_items_are_judged_alike() -> None:
    assert may_pass(403, BLOCK)
    assert may_pass(429, None)
    assert not may_pass(400, {"type": "document_parsing_exception"})


def test_a_call_is_made_until_it_is_answered() -> None:
    answers: list[Exception | str] = [refusal(503), ConnectionTimeout("slow"), "yes", "no"]
    made: list[float] = []

    def call() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert patient(call, 60, made.append) == "yes"
    assert answers == ["no"]
    assert len(made) == 2


@pytest.mark.parametrize(("status", "retry_for"), [(400, 60), (503, 0)])
def test_a_call_that_is_refused(status: int, retry_for: float) -> None:
    made: list[float] = []

    def call() -> None:
        made.append(0)
        raise refusal(status)

    with pytest.raises(ApiError, match="refused"):
        patient(call, retry_for, made.append)
    assert made == [0]


def test_waiting_can_be_ended_from_outside() -> None:
    class StopError(Exception):
        pass

    def sleep(_: float) -> None:
        raise StopError

    def call() -> None:
        raise refusal(503)

    with pytest.raises(StopError):
        patient(call, 60, sleep)


def test_nobody_at_the_address_is_waited_for() -> None:
    made: list[float] = []
    with Cluster("http://127.0.0.1:9").connect() as client, pytest.raises(EsConnectionError):
        patient(client.options(max_retries=0).cluster.health, 0.05, made.append)
    assert made


def test_an_index_block_of_a_real_node_is_waited_for(client: Elasticsearch, index: str) -> None:
    name = f"{index}-000001"
    client.indices.create(index=name)
    client.indices.add_block(index=name, block="write")
    made: list[float] = []

    def sleep(seconds: float) -> None:
        made.append(seconds)
        if len(made) == 2:
            client.indices.put_settings(index=name, settings={"index.blocks.write": False})

    def write() -> str:
        answer: str = client.options(max_retries=0).index(index=name, document={})["result"]
        return answer

    assert patient(write, 60, sleep) == "created"
    assert len(made) == 2


def test_waiting_by_default_is_sleeping() -> None:
    ready = threading.Event()
    threading.Timer(0.1, ready.set).start()

    def call() -> str:
        if not ready.is_set():
            raise refusal(429)
        return "yes"

    assert patient(call, 30) == "yes"
