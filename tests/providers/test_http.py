import json
import socket
import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from es_jina.errors import ProviderError
from es_jina.providers.http import JsonClient, RefusedError

from .fake_api import KEY, Fault, answer, busy, hang_up


class Script:
    """Serves the given answers in turn, the last one for ever."""

    def __init__(self, server: HTTPServer) -> None:
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        server.expect_request("/base/route").respond_with_handler(self._serve)

    def _serve(self, request: Request) -> Response:
        self.requests.append(request)
        return self.faults[min(len(self.requests), len(self.faults)) - 1](request)


@pytest.fixture
def script(httpserver: HTTPServer) -> Script:
    return Script(httpserver)


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(httpserver: HTTPServer, pauses: list[float]) -> Iterator[JsonClient]:
    opened = JsonClient(httpserver.url_for("/base/"), KEY, sleep=pauses.append)
    yield opened
    opened.close()


def ok(request: Request) -> Response:
    return answer(200, {"echo": json.loads(request.data)})


def says(status: int, body: object) -> Fault:
    return lambda request: answer(status, body)


def test_posts_json_with_the_key(client: JsonClient, script: Script) -> None:
    script.faults = [ok]
    assert client.post("/route", {"a": "é"}) == {"echo": {"a": "é"}}
    [request] = script.requests
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.content_type == "application/json"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_asks_again_with_growing_pauses(
    client: JsonClient, script: Script, pauses: list[float], status: int
) -> None:
    script.faults = [busy(status, "SOME_CODE")] * 3 + [ok]
    assert client.post("/route", 1) == {"echo": 1}
    assert len(script.requests) == 4
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1 <= pauses[2] <= 2


def test_honours_retry_after_in_seconds(
    client: JsonClient, script: Script, pauses: list[float]
) -> None:
    script.faults = [busy(429, "RATE_TOKEN_LIMIT_EXCEEDED", {"Retry-After": "7"}), ok]
    client.post("/route", 1)
    assert pauses == [7]


def test_honours_retry_after_as_a_date(
    client: JsonClient, script: Script, pauses: list[float]
) -> None:
    date = formatdate(time.time() + 20, usegmt=True)
    script.faults = [busy(503, "SERVICE_UNAVAILABLE", {"Retry-After": date}), ok]
    client.post("/route", 1)
    assert 15 < pauses[0] <= 20


@pytest.mark.parametrize("value", ["soon", "-1", "²", "Mon, 99 Jan 2020 99:00:00 GMT"])
def test_a_strange_retry_after_is_as_none(
    client: JsonClient, script: Script, pauses: list[float], value: str
) -> None:
    script.faults = [busy(429, "RATE_REQUEST_LIMIT_EXCEEDED", {"Retry-After": value}), ok]
    client.post("/route", 1)
    assert 0.25 <= pauses[0] <= 0.5


def test_does_not_wait_beyond_the_total_time(
    client: JsonClient, script: Script, pauses: list[float]
) -> None:
    script.faults = [busy(429, "RATE_TOKEN_LIMIT_EXCEEDED", {"Retry-After": "3600"})]
    with pytest.raises(ProviderError, match=r"429 \(RATE_TOKEN_LIMIT_EXCEEDED\): Try again\.; "):
        client.post("/route", 1)
    assert pauses == []


def test_gives_up_on_a_service_that_stays_busy(httpserver: HTTPServer, script: Script) -> None:
    script.faults = [busy(503, "SERVICE_UNAVAILABLE")]
    client = JsonClient(httpserver.url_for("/base"), KEY, total_seconds=0.6)
    with pytest.raises(ProviderError, match="503") as caught:
        client.post("/route", 1)
    client.close()
    assert caught.value.passing
    assert 1 <= len(script.requests) <= 2


def test_survives_dropped_connections(
    client: JsonClient, script: Script, pauses: list[float]
) -> None:
    script.faults = [hang_up, hang_up, ok]
    assert client.post("/route", 1) == {"echo": 1}
    assert len(pauses) == 2


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        client = JsonClient(f"http://127.0.0.1:{port}", KEY, total_seconds=0)
        with pytest.raises(ProviderError, match=f"127.0.0.1:{port} cannot be reached") as caught:
            client.post("/route", 1)
        client.close()
        assert caught.value.passing


def test_a_connection_that_drops_again_and_again_may_pass(
    httpserver: HTTPServer, script: Script
) -> None:
    script.faults = [hang_up]
    client = JsonClient(httpserver.url_for("/base"), KEY, total_seconds=0)
    with pytest.raises(ProviderError, match="cannot be reached") as caught:
        client.post("/route", 1)
    client.close()
    assert caught.value.passing


def test_a_broken_answer_does_not_pass(httpserver: HTTPServer, script: Script) -> None:
    def garbled(request: Request) -> Response:
        return Response(b"no gzip", headers={"Content-Encoding": "gzip"})

    script.faults = [garbled]
    client = JsonClient(httpserver.url_for("/base"), KEY, total_seconds=0)
    with pytest.raises(ProviderError, match="cannot be reached") as caught:
        client.post("/route", 1)
    client.close()
    assert not caught.value.passing


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (413, {"detail": "Too long.", "code": "SOME_CODE"}, ("Too long.", "SOME_CODE")),
        (400, {"detail": {"message": "Too long.", "code": "A_CODE"}}, ("Too long.", "A_CODE")),
        (422, {"detail": "Too long.", "errors": [{"field": "body"}]}, ("Too long.", None)),
        (422, {"detail": [{"loc": ["body"], "msg": "Too long."}]}, ("Too long.", None)),
    ],
)
def test_reads_every_shape_of_a_refusal(
    client: JsonClient, script: Script, status: int, body: object, expected: tuple[str, str | None]
) -> None:
    script.faults = [says(status, body)]
    with pytest.raises(RefusedError, match=rf"answered {status}.*Too long\.") as caught:
        client.post("/route", 1)
    assert caught.value.status == status
    assert (caught.value.said, caught.value.code) == expected
    assert not caught.value.passing
    assert len(script.requests) == 1


@pytest.mark.parametrize("body", [None, [], "no", {}, {"detail": None}, {"detail": [1]}])
def test_an_unknown_shape_still_names_the_status(
    client: JsonClient, script: Script, body: object
) -> None:
    script.faults = [says(400, body)]
    with pytest.raises(RefusedError, match="400: BAD REQUEST"):
        client.post("/route", 1)


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "check the API key"), (402, "top it up"), (403, "balance"), (302, "address")],
)
def test_other_answers_end_at_once(
    client: JsonClient, script: Script, status: int, advice: str
) -> None:
    script.faults = [busy(status, "SOME_CODE")]
    with pytest.raises(ProviderError, match=advice) as caught:
        client.post("/route", 1)
    assert not isinstance(caught.value, RefusedError)
    assert not caught.value.passing
    assert len(script.requests) == 1


def test_a_web_page_is_no_answer(client: JsonClient, script: Script) -> None:
    script.faults = [lambda request: Response("<html>", 200)]
    with pytest.raises(ProviderError, match="without JSON"):
        client.post("/route", 1)


def test_messages_are_one_short_line_without_the_key(client: JsonClient, script: Script) -> None:
    script.faults = [says(401, {"detail": f"bad key\n{KEY}\n" + "x" * 9999})]
    with pytest.raises(ProviderError) as caught:
        client.post("/route", 1)
    message = str(caught.value)
    assert KEY not in message
    assert "bad key [key] xxx" in message
    assert "\n" not in message
    assert len(message) < 500
    assert KEY not in repr(client)


@pytest.mark.parametrize("key", ["", f"{KEY}\n", f"Bearer {KEY}", f"é{KEY}"])
def test_an_impossible_key_is_not_repeated(key: str) -> None:
    with pytest.raises(ProviderError, match="copy it again") as caught:
        JsonClient("https://api.jina.ai", key)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("url", ["api.jina.ai", "ftp://api.jina.ai", "https://", "http://a:b"])
def test_an_impossible_address(url: str) -> None:
    with pytest.raises(ProviderError, match="is not an address"):
        JsonClient(url, KEY)
