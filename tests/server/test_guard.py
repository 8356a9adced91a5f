"""The guard in front of a small application, behind a real server."""

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import uvicorn

from es_jina.server import incoming
from es_jina.server.guard import Guard, Scope
from es_jina.server.incoming import Message, Receive
from es_jina.server.keys import Keys, add_key
from es_jina.server.outgoing import Send

LIMIT = 1000
# While it is not set, /wait gets no answer.
GATE = threading.Event()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what came through."""
    size, more = 0, True
    while more:
        message = await receive()
        assert message["type"] == "http.request"
        size += len(message["body"])
        more = message["more_body"]
    while scope["path"] == "/wait" and not GATE.is_set():
        await asyncio.sleep(0.01)
    body = json.dumps({"size": size, **scope["state"]}).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


class Answer:
    """What came back, down to the bytes."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.content = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        parted = [line.partition(": ") for line in lines]
        self.headers = {name.lower(): value for name, _, value in parted}
        self.json: dict[str, Any] = json.loads(self.content or b"{}")


class Asker:
    """Speaks to the server, byte by byte where need be."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.port = port

    def __call__(
        self, method: str = "GET", path: str = "/", *, body: bytes = b"", **said: str
    ) -> Answer:
        if body or method == "POST":
            said = {"content_length": str(len(body)), **said}
        return self.raw(self.head(method, path, **said), body)

    def head(self, method: str, path: str, **said: str) -> bytes:
        headers = {"host": self.host, "connection": "close", **said}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()

    def raw(self, *parts: bytes) -> Answer:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            for part in parts:
                connection.sendall(part)
            return Answer(b"".join(iter(lambda: connection.recv(65536), b"")))


@contextmanager
def running(**options: Any) -> Iterator[Asker]:
    app: Any = Guard(echo, body_bytes=LIMIT, **options)
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, lifespan="off", ws="none", access_log=False)
    )
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield Asker(listening.getsockname()[1])
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def local() -> Iterator[Asker]:
    """A server for this machine, without keys."""
    with running(hosts=["Search.example.org"]) as asker:
        yield asker


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Asker, str]]:
    """A server that asks for a key, and one."""
    file = tmp_path_factory.mktemp("keys") / "keys"
    key = add_key(file, "kibana")
    with running(keys=Keys(file)) as asker:
        yield asker, key


def assert_refused(answer: Answer, status: int, code: str) -> None:
    assert answer.status == status
    assert answer.json["code"] == answer.json["error"]["code"] == code
    assert answer.json["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_request_gets_through_with_a_name(local: Asker) -> None:
    answer = local("POST", "/v1/embeddings", body=b"x" * 500)
    assert answer.status == 200
    assert answer.json["size"] == 500
    assert re.fullmatch("[0-9a-f]{32}", answer.json["request_id"])
    assert answer.headers["x-request-id"] == answer.json["request_id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert local().json["request_id"] != local().json["request_id"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-1.2_3", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("ä", False)],
)
def test_the_name_that_the_client_gives(given: str, kept: bool, local: Asker) -> None:
    assert (local(x_request_id=given).headers["x-request-id"] == given) == kept


def test_keys(keyed: tuple[Asker, str]) -> None:
    ask, key = keyed
    answer = ask("POST", "/v1/embeddings", body=b"{}", authorization=f"Bearer {key}")
    assert answer.status == 200
    assert answer.json.keys() == {"size", "request_id"}
    assert ask(authorization=f"bearer   {key}").status == 200
    for path in ("/health", "/ready", "/live"):
        assert ask(path=path).status == 200
        assert ask("HEAD", path).status == 200


@pytest.mark.parametrize("said", [{}, {"authorization": "Bearer"}, {"authorization": "Basic eDp5"}])
def test_no_key(said: dict[str, Any], keyed: tuple[Asker, str]) -> None:
    ask, _ = keyed
    for method, path in (
        ("POST", "/v1/embeddings"),
        ("POST", "/health"),
        ("GET", "/health/"),
        ("GET", "/metrics"),
        ("GET", "/v1/models"),
        ("OPTIONS", "/v1/embeddings"),
    ):
        answer = ask(method, path, **said)
        assert_refused(answer, 401, "AUTH_MISSING_API_KEY")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("wrong", ["ej_x", "{}x", "x {}", "ä"])
def test_a_wrong_key(wrong: str, keyed: tuple[Asker, str]) -> None:
    ask, key = keyed
    answer = ask("POST", body=b"{}", authorization=f"Bearer {wrong.format(key)}")
    assert_refused(answer, 401, "AUTH_INVALID_API_KEY")
    assert key not in str(answer.json)


def test_a_large_body_without_a_key_is_answered_all_the_same(keyed: tuple[Asker, str]) -> None:
    ask, _ = keyed
    assert_refused(ask("POST", body=b"x" * 3_000_000), 401, "AUTH_MISSING_API_KEY")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]", "[::1]:8", "search.example.org"],
)
def test_names_of_this_machine(host: str, local: Asker) -> None:
    assert local(host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["rebound.example", "rebound.example:8080", "localhost.rebound.example", "[::2]", "127.0.0.2"],
)
def test_other_names_are_refused_where_no_key_is_asked_for(
    host: str, local: Asker, keyed: tuple[Asker, str]
) -> None:
    assert_refused(local(host=host, path="/health"), 403, "AUTHZ_RESOURCE_LIMIT_EXCEEDED")
    ask, key = keyed
    assert ask(host=host, authorization=f"Bearer {key}").status == 200


def test_no_name_at_all(local: Asker) -> None:
    assert local.raw(b"GET / HTTP/1.0\r\n\r\n").status == 403
    assert local.raw(b"GET / HTTP/1.0\r\nOrigin: null\r\n\r\n").status == 403


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost", "file://", "http://127.0.0.1:1"]
)
def test_pages_of_other_sites_are_refused(
    method: str, origin: str, local: Asker, keyed: tuple[Asker, str]
) -> None:
    preflight: dict[str, Any] = (
        {"access_control_request_method": "POST"} if method == "OPTIONS" else {}
    )
    answer = local(method, "/v1/embeddings", origin=origin, **preflight)
    assert_refused(answer, 403, "AUTHZ_RESOURCE_LIMIT_EXCEEDED")
    ask, key = keyed
    assert ask(method, origin=origin, authorization=f"Bearer {key}").status == 403


def test_our_own_page_is_let_in(local: Asker) -> None:
    assert local("POST", origin=f"http://{local.host}").status == 200
    assert local("POST", host="localhost", origin="https://localhost").status == 200  # a TLS proxy


def chunked(size: int, times: int, end: bytes = b"0\r\n\r\n") -> list[bytes]:
    return [b"%x\r\n%s\r\n" % (size, b"x" * size)] * times + [end]


def test_the_limit_of_a_body(local: Asker) -> None:
    head = local.head("POST", "/", transfer_encoding="chunked")
    assert local("POST", body=b"x" * LIMIT).json["size"] == LIMIT
    assert local.raw(head, *chunked(100, 10)).json["size"] == LIMIT
    for too_large in (
        local("POST", body=b"x" * (LIMIT + 1)),
        local("POST", body=b"x" * 3_000_000),
        local.raw(head, *chunked(500, 3)),
        local.raw(head, *chunked(50_000, 60)),
    ):
        assert_refused(too_large, 413, "INPUT_INVALID")


def test_a_length_over_the_limit_is_refused_before_the_body_comes(
    local: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "DRAIN_SECONDS", 0.05)
    answer = local.raw(local.head("POST", "/", content_length="99999999999"))
    assert_refused(answer, 413, "INPUT_INVALID")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("said", [{"content_length": "10"}, {"transfer_encoding": "chunked"}])
def test_a_body_that_does_not_come(
    said: dict[str, Any], local: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(incoming, "DRAIN_SECONDS", 0.05)
    assert_refused(local.raw(local.head("POST", "/", **said), b"1"), 408, "INPUT_INVALID")


def send_for_ever(connection: socket.socket, part: bytes) -> None:
    while True:
        connection.sendall(part)


def test_an_endless_body_ends_with_its_connection(
    local: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "DRAIN_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", local.port), timeout=20) as connection:
        connection.sendall(local.head("POST", "/", transfer_encoding="chunked", connection="keep"))
        with pytest.raises(OSError, match=r"reset|[Bb]roken pipe"):
            send_for_ever(connection, chunked(5000, 1)[0])


def test_a_client_that_hangs_up_leaves_no_trace(
    local: Asker, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", local.port)) as connection:
        connection.sendall(local.head("POST", "/", content_length="10") + b"12345")
    assert local().status == 200
    assert caplog.messages == []


def test_a_compressed_body_is_refused(local: Asker) -> None:
    assert_refused(local("POST", body=b"x", content_encoding="gzip"), 415, "INPUT_INVALID")
    assert local("POST", body=b"x", content_encoding="identity").status == 200


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def crowd(local: Asker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., socket.socket]]:
    """Opens connections that stay until the end, and sends something on each."""
    monkeypatch.setattr(incoming, "SMALL_BYTES", 100)
    monkeypatch.setattr(incoming, "DRAIN_SECONDS", 0.1)
    with ExitStack() as stack:

        def opened(sent: bytes) -> socket.socket:
            connection = socket.create_connection(("127.0.0.1", local.port), timeout=20)
            stack.enter_context(connection).sendall(sent)
            return connection

        yield opened
    until(lambda: local("POST", body=b"x" * LIMIT).status == 200)


def test_what_is_only_announced_takes_no_room(
    local: Asker, crowd: Callable[..., socket.socket]
) -> None:
    for said in ({"content_length": str(LIMIT)}, {"transfer_encoding": "chunked"}):
        for _ in range(10):
            crowd(local.head("POST", "/", **said))
    assert local("POST", body=b"x" * LIMIT).status == 200


def test_small_bodies_do_not_refuse_each_other(
    local: Asker, crowd: Callable[..., socket.socket]
) -> None:
    head = local.head("POST", "/", transfer_encoding="chunked")
    first, *others = chunked(50, 1)
    together = [crowd(head + first) for _ in range(9)]
    for connection in together:
        connection.sendall(b"".join(others))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_large_bodies_that_come_together_are_bounded(
    local: Asker, crowd: Callable[..., socket.socket]
) -> None:
    sent = local.head("POST", "/", content_length=str(LIMIT)) + b"x" * (LIMIT - 1)
    for _ in range(8):
        crowd(sent)
    until(lambda: local("POST", body=b"x" * 500).status == 429)
    refused = local("POST", body=b"x" * 500)
    assert_refused(refused, 429, "RATE_CONCURRENCY_LIMIT_EXCEEDED")
    assert int(refused.headers["retry-after"]) > 0
    assert local("POST", body=b"x" * 50).status == 200
    assert local().status == 200


def test_a_body_takes_room_until_it_is_answered(
    local: Asker, crowd: Callable[..., socket.socket]
) -> None:
    GATE.clear()
    try:
        sent = local.head("POST", "/wait", content_length=str(LIMIT)) + b"x" * LIMIT
        waiting = [crowd(sent) for _ in range(8)]
        until(lambda: local("POST", body=b"x" * 500).status == 429)
    finally:
        GATE.set()
    for connection in waiting:
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    until(lambda: local("POST", body=b"x" * 500).status == 200)


def test_a_connection_serves_many_requests(local: Asker) -> None:
    request = local.head("POST", "/", content_length="3", connection="keep-alive") + b"abc"
    with socket.create_connection(("127.0.0.1", local.port), timeout=20) as connection:
        for _ in range(3):
            connection.sendall(request)
            assert b'"size": 3' in connection.recv(65536)


def alone(scope: Scope, receive: Receive, app: Callable[..., Any] = echo) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Guard(app, body_bytes=LIMIT)(scope, receive, send))
    return sent


def test_websockets_are_closed_and_the_lifespan_is_the_applications() -> None:
    async def receive() -> Message:
        return {"type": "websocket.connect"}

    assert alone({"type": "websocket", "headers": []}, receive) == [
        {"type": "websocket.close", "code": 1008}
    ]
    seen: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    assert alone({"type": "lifespan"}, receive, app) == []
    assert seen == ["lifespan"]


def test_after_the_body_the_application_learns_that_the_client_hung_up() -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.request", "body": b"b"},
        {"type": "http.disconnect"},
    ]
    seen: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        seen.extend([await receive(), await receive()])

    alone(
        {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-length", b"2")]},
        receive,
        app,
    )
    assert seen == [
        {"type": "http.request", "body": b"ab", "more_body": False},
        {"type": "http.disconnect"},
    ]
