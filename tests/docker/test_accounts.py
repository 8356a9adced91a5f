"""Elasticsearch's users, as accounts.sh makes them; and the certificate that it is asked by."""

import base64
import json
import os
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.docker.scripts import ACCOUNTS, NEEDED, run, text

pytestmark = NEEDED


class Security(BaseHTTPRequestHandler):
    """Elasticsearch's security API, as far as its documentation says what it takes."""

    password = ""
    # How often it is still busy.
    busy = 0
    puts: ClassVar[dict[str, Any]] = {}

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        basic = base64.b64encode(f"elastic:{self.password}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {basic}":
            self._answer(401, {"error": "unable to authenticate user [elastic]"})
        elif Security.busy > 0:
            Security.busy -= 1
            self._answer(503, {"error": "the security index is not there yet"})
        else:
            assert self.headers["Content-Type"] == "application/json"
            self.puts[self.path.removeprefix("/_security/")] = body
            self._answer(200, {})

    def _answer(self, status: int, answer: dict[str, str]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listening(stack: Path) -> Iterator[int]:
    """The port of an Elasticsearch that shows the certificate of the stack."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(stack / "elasticsearch/node.crt", stack / "elasticsearch/node.key")
    Security.password = text(stack / "elasticsearch/elastic.password")
    Security.puts = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Security) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_the_certificate_is_what_strict_clients_want(stack: Path, listening: int) -> None:
    context = ssl.create_default_context(cafile=str(stack / "app/ca.crt"))
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    for name in ("localhost", "elasticsearch", "127.0.0.1"):
        with (
            socket.create_connection(("127.0.0.1", listening), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=name) as secured,
        ):
            assert secured.version() == "TLSv1.3"


def accounts(stack: Path, port: int, index: str = "docs", code: int = 0, **more: str) -> str:
    return run(
        ACCOUNTS,
        code=code,
        CONFIG=str(stack / "elasticsearch"),
        ELASTICSEARCH=f"https://localhost:{port}",
        INDEX=index,
        **more,
    )


def test_accounts(stack: Path, listening: int) -> None:
    Security.busy = 1
    accounts(stack, listening)
    role = Security.puts.pop("role/es_jina")
    assert Security.puts == {
        "user/kibana_system/_password": {
            "password": text(stack / "elasticsearch/kibana_system.password")
        },
        "user/es_jina": {
            "password": text(stack / "elasticsearch/es_jina.password"),
            "roles": ["es_jina"],
            "full_name": "es-jina",
        },
    }
    assert role["cluster"] == ["monitor"]
    assert role["indices"][0]["names"] == ["docs", "docs-*"]
    assert not {"all", "manage"} & {*role["indices"][0]["privileges"]}


def test_no_password_is_on_a_command_line(stack: Path, listening: int, tmp_path: Path) -> None:
    told = tmp_path / "told"
    curl = tmp_path / "curl"
    curl.write_text(f'#!/bin/sh\necho "$@" >> {told}\nexec {shutil.which("curl")} "$@"\n')
    curl.chmod(0o755)
    accounts(stack, listening, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert text(told).count("/_security/") == len(Security.puts) == 3
    for file in (stack / "elasticsearch").glob("*.password"):
        assert text(file) not in text(told)


def test_accounts_that_are_refused(volumes: Path, listening: int) -> None:
    (volumes / "elasticsearch/elastic.password").write_text("wrong")
    assert "unable to authenticate" in accounts(volumes, listening, code=22)
    assert Security.puts == {}


@pytest.mark.parametrize("index", ['a", "b', "Docs", "-x", "", "*"])
def test_indices_that_are_none(stack: Path, listening: int, index: str) -> None:
    code = 1 if index else 2
    assert "INDEX" in accounts(stack, listening, index, code)
    assert Security.puts == {}
