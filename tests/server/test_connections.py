"""Clients that hang up, wait for others, come too often, or are slow; and what is logged then."""

import logging
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import openai
import orjson
import pytest

from es_jina.inputs import Text
from es_jina.providers.local import LocalProvider
from es_jina.server.keys import Keys, add_key
from es_jina.server.limits import Limits
from es_jina.server.protocol import PatientProtocol
from tests.server.running import PATIENCE, Gated, Running, running
from tests.server.wire.asking import MODEL, PATH, body

BULK = {"task": "retrieval.passage"}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A client's key; its file is beside the fixture `slow`."""
    return add_key(tmp_path_factory.getbasetemp() / "keys", "somebody")


@pytest.fixture(scope="module")
def slow(
    provider: LocalProvider, key: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A server with keys, little patience, and a provider whose gate can be closed."""
    keys = Keys(tmp_path_factory.getbasetemp() / "keys")
    with running(Gated(provider), keys=keys, limits=Limits(queue_tokens=20)) as server:
        server.client.headers["Authorization"] = f"Bearer {key}"
        yield server


@pytest.fixture
def closed(slow: Running) -> Iterator[Gated]:
    """The provider, which waits at its gate with a request in its hands."""
    slow.provider.gate.clear()
    slow.provider.busy.clear()
    try:
        with ThreadPoolExecutor() as threads:
            first = threads.submit(slow.post, PATH, body("first", **BULK))
            assert slow.provider.busy.wait(PATIENCE)
            slow.provider.calls.clear()
            yield slow.provider
            slow.provider.gate.set()
            assert first.result(PATIENCE).status_code == 200
    finally:
        slow.provider.gate.set()


def waiting(server: Running) -> float:
    """Return how many inputs wait."""
    told = server.get("/metrics").text
    [line] = [each for each in told.splitlines() if each.startswith("es_jina_queue_size ")]
    return float(line.split()[1])


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def raw(server: Running, key: str, content: bytes, length: int) -> socket.socket:
    """Send a request over a connection of its own, which is returned."""
    url = httpx.URL(server.url)
    connection = socket.create_connection((url.host, url.port or 80), PATIENCE)
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    connection.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + content)
    return connection


def test_what_a_client_waited_for_is_dropped_when_it_hangs_up(
    slow: Running, key: str, closed: Gated, caplog: pytest.LogCaptureFixture
) -> None:
    content = orjson.dumps(body(["gone", "too"], **BULK))
    connection = raw(slow, key, content, len(content))
    until(lambda: waiting(slow) == 2)
    connection.close()
    until(lambda: waiting(slow) == 0)
    closed.gate.set()
    assert slow.post(PATH, body("last", **BULK)).status_code == 200
    assert Text("gone") not in [each for inputs, _ in closed.calls for each in inputs]
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


def test_client_that_hangs_up_in_its_body_is_forgotten(
    slow: Running, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    raw(slow, key, b'{"model": ', 1000).close()
    assert slow.post(PATH, body("rain")).status_code == 200
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


def test_openai_hears_that_too_much_waits(slow: Running, key: str, closed: Gated) -> None:
    with (
        openai.OpenAI(base_url=f"{slow.url}/v1", api_key=key, max_retries=0) as client,
        ThreadPoolExecutor() as threads,
    ):
        second: Future[Any] = threads.submit(slow.post, PATH, body("second", **BULK))
        until(lambda: waiting(slow) == 1)
        with pytest.raises(openai.RateLimitError, match="too much waits") as caught:
            client.embeddings.create(model=MODEL, input="third", extra_body=BULK)
        assert int(caught.value.response.headers["Retry-After"]) >= 1
        assert caught.value.code == "RATE_CONCURRENCY_LIMIT_EXCEEDED"
        closed.gate.set()
        assert second.result(PATIENCE).status_code == 200
        # Many clients retry by themselves.
        assert client.embeddings.create(model=MODEL, input="third", extra_body=BULK).data


def test_openai_needs_a_key(slow: Running, key: str) -> None:
    with openai.OpenAI(base_url=f"{slow.url}/v1", api_key="wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError, match="API key") as caught:
            client.embeddings.create(model=MODEL, input="rain")
        assert caught.value.code == "AUTH_INVALID_API_KEY"
        with_key = client.with_options(api_key=key)
        assert with_key.embeddings.create(model=MODEL, input="rain").data


@pytest.mark.parametrize("path", ["/health", "/live", "/ready", "/docs", "/openapi.json"])
def test_what_tells_nothing_is_open(slow: Running, path: str) -> None:
    assert httpx.get(slow.url + path).status_code == 200
    assert httpx.get(f"{slow.url}/v1/models").status_code == 401


def test_truncation_is_asked_of_the_provider(slow: Running) -> None:
    for path, content in ((PATH, body("rain", truncation=True)), ("/embed", {"inputs": "rain"})):
        slow.provider.calls.clear()
        assert slow.post(path, {**content, "truncate": True}).status_code == 200
        [(_, more)] = slow.provider.calls
        assert more["truncate"] is True


def test_answers_are_counted_by_route_and_reason(slow: Running, key: str) -> None:
    httpx.get(f"{slow.url}/v1/models")
    slow.post(PATH, body("rain", model="another"))
    told = slow.get("/metrics").text
    assert f'es_jina_requests_total{{route="{PATH}",status="400"}}' in told
    assert 'es_jina_rejected_requests_total{code="AUTH_MISSING_API_KEY"}' in told
    assert key not in told


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: local"])
def test_headers_that_do_not_come_end_the_connection(
    served: Running, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(PatientProtocol, "headers_seconds", 0.1)
    with closing(socket.create_connection(_address(served), PATIENCE)) as connection:
        connection.sendall(sent)
        assert connection.recv(100) == b""


def test_headers_that_do_not_end_end_the_connection(served: Running) -> None:
    with closing(socket.create_connection(_address(served), PATIENCE)) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nX-Long: ")
        with pytest.raises(ConnectionError):
            _flood(connection)


def test_connection_that_is_kept_waits_longer_than_headers(
    served: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientProtocol, "headers_seconds", 0.5)
    with httpx.Client(base_url=served.url) as client:
        client.get("/health")
        time.sleep(0.6)
        # On a new connection it would be another port.
        pool = client._transport._pool  # type: ignore[attr-defined]
        assert client.get("/health").status_code == 200
        assert len(pool.connections) == 1


def _flood(connection: socket.socket) -> None:
    for _ in range(10_000):
        connection.sendall(b"a" * 10_000)


def _address(server: Running) -> tuple[str, int]:
    url = httpx.URL(server.url)
    return url.host, url.port or 80
