"""What a server tells, and what it does not, when clients or its own end cut requests off."""

import logging
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from es_jina.providers.local import LocalProvider
from es_jina.server import run
from tests.server.running import PATIENCE, Gated, Running, running
from tests.server.wire.asking import PATH, body


def test_requests_that_the_end_cuts_off_leave_no_traceback(
    provider: LocalProvider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(run, "_LEAVING_SECONDS", 0.05)
    gated = Gated(provider)
    with running(gated) as server, ThreadPoolExecutor() as threads:
        gated.gate.clear()
        gated.busy.clear()
        try:
            asked = threads.submit(server.post, PATH, body("rain"))
            assert gated.busy.wait(PATIENCE)
            server.process.stop()
            assert asked.result(PATIENCE).status_code == 500
        finally:
            gated.gate.set()
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == [
        "Cancel 1 running task(s), timeout graceful shutdown exceeded"
    ]


@pytest.mark.parametrize(
    "sent",
    [b"garbage\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: y\r\n\r\n"],
)
def test_garbage_is_answered_and_not_logged(
    sent: bytes, served: Running, caplog: pytest.LogCaptureFixture
) -> None:
    url = httpx.URL(served.url)
    with socket.create_connection((url.host, url.port or 80), PATIENCE) as connection:
        connection.sendall(sent)
        assert connection.recv(1000).startswith(b"HTTP/1.1 4")
    assert caplog.records == []
