"""The socket, and what is left behind."""

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from es_jina.testing import KEY, Slow, StubApi

from .calls import NO_TLS, V4, client, post

BODY = {"model": V4, "input": ["a"]}


def test_a_connection_is_used_again(api: StubApi) -> None:
    with client(api) as opened:
        for _ in range(3):
            assert opened.post("/v1/embeddings", json=BODY).status_code == 200
    assert api.connections == 1


def test_what_came_is_recorded(api: StubApi) -> None:
    before = time.monotonic()
    post(api, ["a"])
    [seen] = api.requests
    assert seen.path == "/v1/embeddings"
    assert seen.headers["accept-encoding"] == "identity"
    assert seen.body == BODY == api.bodies[0]
    assert before <= seen.at <= time.monotonic()
    assert seen.status == 200


def test_a_long_run_is_not_recorded() -> None:
    with StubApi(record=False) as api:
        assert post(api, ["a"]).status_code == 200
        assert api.requests == api.bodies == []
        assert api.billed_tokens == 3


def test_answers_are_packed_for_those_who_like_it(api: StubApi) -> None:
    with client(api) as opened:
        plain = opened.post("/v1/embeddings", json=BODY)
        opened.headers["Accept-Encoding"] = "gzip"
        packed = opened.post("/v1/embeddings", json=BODY)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json()["data"] == plain.json()["data"]


def test_a_client_that_takes_it_for_a_proxy(api: StubApi) -> None:
    with httpx.Client(proxy=api.url, verify=NO_TLS, trust_env=False) as opened:
        headers = {"Authorization": f"Bearer {api.key}"}
        url = "http://api.example/v1/embeddings"
        assert opened.post(url, json=BODY, headers=headers).status_code == 200
    assert api.requests[0].headers["host"] == "api.example"


def test_a_body_without_a_length(api: StubApi) -> None:
    with client(api) as opened:
        assert opened.post("/v1/embeddings", content=iter([b"{}"])).status_code == 411


def test_a_client_that_goes_before_it_has_sent_all(api: StubApi) -> None:
    host, port = api.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as opened:
        opened.sendall(b"POST /v1/embeddings HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
    assert post(api, ["a"]).status_code == 200
    assert len(api.requests) == 1


def test_nothing_is_left_behind() -> None:
    threads, files = threading.active_count(), open_files()
    with ThreadPoolExecutor(1) as waiting:
        with StubApi() as api, client(api) as opened:
            url = api.url
            # One connection is idle, the other waits for an answer when the stub ends.
            opened.post("/v1/embeddings", json=BODY)
            api.queue(Slow(60))
            slow = waiting.submit(happened, api)
            while len(api.requests) < 2:
                time.sleep(0.005)
            started = time.monotonic()
        assert slow.result(2) in (200, "dropped")
        assert time.monotonic() - started < 2
    gc.collect()
    assert threading.active_count() == threads
    assert open_files() == files
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, verify=NO_TLS, trust_env=False)


def open_files() -> int:
    return len([*Path("/dev/fd").iterdir()])


def happened(api: StubApi) -> object:
    try:
        return post(api, ["a"]).status_code
    except httpx.RemoteProtocolError:
        return "dropped"


def test_an_error_of_a_test_is_raised_on_leaving() -> None:
    def broken(item: dict[str, str]) -> str | None:
        raise KeyError(item["none"])

    def run() -> None:
        with StubApi() as api:
            api.refuses = broken
            response = post(api, ["a"])
            assert response.status_code == 501
            assert "the stub broke: KeyError('none')" in response.text

    with pytest.raises(KeyError, match="none"):
        run()


def test_it_is_there_inside_with_alone() -> None:
    with pytest.raises(RuntimeError, match="use it as `with StubApi"):
        StubApi().url  # noqa: B018


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_of_its_own(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "es_jina.testing", "--requests-per-minute", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        headers = {"Authorization": f"Bearer {KEY}"}
        answers = [
            httpx.post(f"{url}/v1/embeddings", json=BODY, headers=headers, verify=NO_TLS)
            for _ in range(2)
        ]
        process.send_signal(number)
        assert process.wait(10) == 0
    assert [answer.status_code for answer in answers] == [200, 429]


def test_a_port_that_is_taken(api: StubApi) -> None:
    port = api.url.rpartition(":")[2]
    command = [sys.executable, "-m", "es_jina.testing", "--port", port]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.endswith("argument --port: Address already in use\n")


def test_without_the_extra() -> None:
    program = (
        "import sys; sys.modules['jsonschema'] = None\n"
        "from es_jina.errors import RequestError\n"
        "try:\n    import es_jina.testing\n"
        "except RequestError as error:\n    print(error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert ended.stdout == "es_jina.testing needs jsonschema: pip install 'es_jina[testing]'\n"
