"""`es-jina serve`: how it begins and ends."""

import importlib.util
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from es_jina.elastic.node import Node
from es_jina.server.run import Process
from tests.toys import ABOUT, toy_of

from .shell import Inside, Shell

PATIENCE = 60.0
# So many calls of the model that the end of the server comes between them.
OPTIONS = ("--port", 0, "--batch-tokens", 128)


@pytest.fixture
def es_jina(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Inside:
    return Inside(tmp_path, "http://127.0.0.1:9", monkeypatch, capfd)


@pytest.fixture(scope="module")
def servers(
    checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list["subprocess.Popen[str]"]]:
    """Two processes that serve; they start beside each other."""
    shell = Shell(tmp_path_factory.mktemp("serve"), "http://127.0.0.1:9")
    named = ("--host", "0.0.0.0", "--no-auth", "--allowed-host", "a.test")
    started = [
        shell.started("serve", "--model", checkpoint, *OPTIONS, *more) for more in (named, ())
    ]
    yield started
    for each in started:
        each.kill()
        each.communicate()


def until(process: "subprocess.Popen[str]", told: str) -> str:
    """Read what a server tells until it tells something; return that line."""
    assert process.stderr is not None
    for line in process.stderr:
        if told in line:
            return line
    raise AssertionError(f"it ended and did not tell {told!r}")


def test_names_it_is_called_by_and_sigterm_finishes_what_was_taken(
    servers: list["subprocess.Popen[str]"],
) -> None:
    server = servers[0]
    url = until(server, "Ready at ").split()[-1]
    with httpx.Client(base_url=url, timeout=PATIENCE) as client, ThreadPoolExecutor() as threads:
        assert client.get("/ready").json() == {"status": "ready"}
        assert client.get("/ready", headers={"Host": "a.test"}).status_code == 200
        assert client.get("/ready", headers={"Host": "b.test"}).status_code == 403
        texts = [f"text {number} " * 5 for number in range(50)]
        body = {"model": "jina-embeddings-v4", "input": texts, "task": "retrieval.passage"}
        taken = threads.submit(httpx.post, f"{url}/v1/embeddings", json=body, timeout=PATIENCE)
        while not re.search(r"es_jina_queue_size [1-9]", client.get("/metrics").text):
            assert not taken.done()
        server.send_signal(signal.SIGTERM)
        assert len(taken.result().json()["data"]) == len(texts)
    assert server.wait(PATIENCE) == 0
    assert server.stderr is not None
    assert "Traceback" not in server.stderr.read()


def test_a_second_ctrl_c_ends_at_once(servers: list["subprocess.Popen[str]"]) -> None:
    server = servers[1]
    url = until(server, "Ready at ").split()[-1]
    with httpx.Client(base_url=url, timeout=PATIENCE) as client, ThreadPoolExecutor() as threads:
        body = {"model": "jina-embeddings-v4", "input": ["word " * 5000] * 100}
        taken = threads.submit(httpx.post, f"{url}/v1/embeddings", json=body, timeout=PATIENCE)
        while not re.search(r"es_jina_queue_size [1-9]", client.get("/metrics").text):
            assert not taken.done()
        server.send_signal(signal.SIGINT)
        until(server, "Finishing what is being served")
        server.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE) == 130
        with pytest.raises(httpx.TransportError):
            taken.result()
    assert server.stderr is not None
    assert server.stderr.read() == ""


# A first download, as it is done in threads of a pool, which Python waits for at its end.
LOADING = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from es_jina.cli.main import main
from es_jina.cli.models import ModelOptions

pool = ThreadPoolExecutor(1)
ModelOptions.open_workers = lambda self, patience: pool.submit(time.sleep, 600).result()
main(sys.argv[1:])
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_nobody_waits_for_a_model_that_is_being_loaded(
    checkpoint: Path, number: signal.Signals, code: int
) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", LOADING, "serve", "--model", checkpoint, "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    try:
        found = re.search(r"http://\S+[0-9]", until(server, "waits"))
        assert found is not None
        with (
            httpx.Client(base_url=found[0], timeout=PATIENCE) as asking,
            httpx.Client(base_url=found[0], timeout=PATIENCE) as early,
            ThreadPoolExecutor() as threads,
        ):
            body = {"model": "jina-embeddings-v4", "input": ["early"]}
            waiting = threads.submit(early.post, "/v1/embeddings", json=body)
            while "es_jina_queue_size 1" not in asking.get("/metrics").text:
                assert not waiting.done()
            server.send_signal(number)
            assert waiting.result().status_code == 429
        assert server.wait(10) == code
        assert server.stderr is not None
        assert "Traceback" not in server.stderr.read()
    finally:
        server.kill()
        server.communicate()


def test_what_it_cannot_start_with(es_jina: Inside, checkpoint: Path) -> None:
    told = es_jina("serve", "--model", "nowhere", "--port", 0, code=5)
    assert "nowhere" in told
    assert len(told.splitlines()) == 1
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = es_jina("serve", "--model", checkpoint, "--port", port, code=2)
    assert f"cannot listen on 127.0.0.1:{port}" in told
    assert len(told.splitlines()) == 1
    told = es_jina("serve", "--model", checkpoint, "--host", "0.0.0.0", code=2)
    assert "--keys" in told
    assert len(told.splitlines()) == 1
    told = es_jina("serve", "--model", checkpoint, "--add", code=2)
    assert told == "Error: --add needs an index to add files to: name it with --index\n"
    told = es_jina("serve", "--model", checkpoint, "--public-thumbnails", code=2)
    assert told == (
        "Error: --public-thumbnails needs the index of what they show: name it with --index\n"
    )
    told = es_jina("serve", "--add", "/dev/null/uploads", "--index", "docs", code=2)
    assert told == "Error: --add: /dev/null/uploads: Not a directory\n"


def test_model_that_cannot_be_loaded_ends_it(
    es_jina: Inside, tmp_path: Path, checkpoint: Path
) -> None:
    shutil.copytree(checkpoint, tmp_path / "broken")
    weights = tmp_path / "broken" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    told = es_jina("serve", "--model", "broken", "--port", 0, code=5)
    assert "Ready" not in told
    assert len(told.splitlines()) == 2  # that it listens, and why no more


def test_without_its_extra(es_jina: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    without = lambda name, *rest: None if name == "uvicorn" else real(name, *rest)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", without)
    told = es_jina("serve", code=2)
    assert told == "Error: the server needs uvicorn: pip install 'es_jina[server]'\n"


def test_the_model_is_that_of_the_index(
    node: Node,
    index: str,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run = Inside(tmp_path, node.url, monkeypatch, capfd)
    run("setup", index, "--model", toy_of(checkpoint, tmp_path / "toy", "fox"))
    monkeypatch.setattr(Process, "run", lambda self, _: self._listening.close() or 0)
    monkeypatch.setattr(Process, "cut_short", False)
    told = run("serve", "--index", index, "--port", 0)
    assert "the demo's toy as jina-embeddings-v4 at http" in told
    assert "what is asked before it is loaded waits" in told
    assert ABOUT in told.splitlines()
    told = run("serve", "--index", "nowhere", "--port", 0, code=2)
    assert "there is no index 'nowhere'" in told
