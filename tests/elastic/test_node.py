"""Real nodes. They are dear (about ten seconds each), so a test does all it can with one."""

import base64
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from es_jina.elastic import node as node_module
from es_jina.elastic.node import Node
from es_jina.elastic.running import pointer as pointer_of
from es_jina.elastic.running import read_state, running_nodes, stop_node
from es_jina.errors import NodeError

# One worker runs them all: two nodes that start at once take twice as long.
pytestmark = [pytest.mark.xdist_group("embedded-node"), pytest.mark.usefixtures("real_java")]

OWNER = """
import os, sys, time
from es_jina.elastic.node import Node

with Node(sys.argv[1]):
    if os.fork() == 0:
        time.sleep(60)  # as a process pool does: it must not keep the node alive
        os._exit(0)
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that the node's user can walk to; pytest's own are closed to it when we are root."""
    parent = Path(tempfile.mkdtemp(prefix="es-jina-test-"))
    parent.chmod(0o711)
    monkeypatch.setenv("ES_JINA_DATA", str(parent / "registry"))
    yield parent / "a nöde"
    assert not processes_of(parent)
    shutil.rmtree(parent)


def ask(
    url: str, method: str = "GET", body: object = None, password: str | None = None
) -> dict[str, Any]:
    request = urllib.request.Request(url, method=method)
    request.add_header("Content-Type", "application/json")
    if password is not None:
        token = base64.b64encode(f"elastic:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, data, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def processes_of(folder: Path) -> dict[int, str]:
    """Return the living processes that were started for a folder, with their command lines."""
    if sys.platform != "linux":
        return {}
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text(errors="replace")
            environment = (process / "environ").read_text(errors="replace")
        except OSError:
            continue
        if command and str(folder) in command + environment and process.name != str(os.getpid()):
            found[int(process.name)] = command
    return found


def wait_for_end(folder: Path, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while processes_of(folder):
        assert time.monotonic() < deadline, f"still there: {processes_of(folder)}"
        time.sleep(0.05)


def test_life_of_a_node(folder: Path, real_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ES_JAVA_HOME", str(real_java))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Node(folder, port=port) as node:
        assert node.url == f"http://127.0.0.1:{port}"
        assert ask(f"{node.url}/_cluster/health")["status"] == "green"
        host = ask(f"{node.url}/_nodes/_local/http")["nodes"].popitem()[1]["http"]
        assert all(a.startswith("127.0.0.1:") for a in host["bound_address"])
        ask(f"{node.url}/things/_doc/1?refresh=true", "PUT", {"name": "a thing"})

        assert read_state(folder) == node.state
        assert running_nodes() == [node.state]
        with pytest.raises(NodeError, match="has been started already"):
            node.start()
        second = Node(folder)
        with pytest.raises(NodeError, match=f"a node already runs on .*{node.url}.*node stop"):
            second.start()
        second.stop()
        assert ask(f"{node.url}/_cluster/health")["status"] in {"green", "yellow"}
        before = processes_of(folder)
    assert before
    assert not processes_of(folder)
    assert read_state(folder) is None
    assert running_nodes() == []
    with pytest.raises(NodeError, match="does not run"):
        _ = node.url

    # It comes back where it was.
    with Node(folder, heap="400m") as node:
        assert node.url == f"http://127.0.0.1:{port}"
        assert ask(f"{node.url}/things/_doc/1")["_source"] == {"name": "a thing"}
        assert not stop_node(folder.parent)
        assert stop_node(folder)
        assert not processes_of(folder)

    with pytest.raises(NodeError, match=r"last used by Elasticsearch 9\.5\.0"):
        Node(folder, version="9.2.0").start()


def test_security_on_the_oldest_version(folder: Path) -> None:
    with Node(folder, version="8.19.0", security_password="a secret") as node:
        health = f"{node.url}/_cluster/health"
        assert ask(health, password="a secret")["number_of_nodes"] == 1
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(health)
        refused.value.close()
        assert refused.value.code == 401


def test_middle_version(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        folder.mkdir()
        (folder / "port").write_text(taken)
        with Node(folder, version="9.2.0") as node:
            port = node.url.rpartition(":")[2]
            assert port != taken
            assert (folder / "port").read_text() == port
            version = ask(f"{node.url}/_nodes/_local")["nodes"].popitem()[1]["version"]
    assert version == "9.2.0"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_node_ends_with_its_killed_owner(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        forked = [pid for pid in processes_of(folder) if parent_of(pid) == owner.pid]
        owner.kill()
        owner.wait()
        forked = [pid for pid in forked if "watchdog" not in processes_of(folder).get(pid, "")]
        deadline = time.monotonic() + 15
        while set(processes_of(folder)) - set(forked):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for pid in forked:
            os.kill(pid, signal.SIGKILL)
    assert forked
    assert running_nodes() == []
    wait_for_end(folder)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("victims", ["owner", "group", "watchdog", "owner and watchdog"])
def test_killed_while_starting(victims: str, folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as owner:
        deadline = time.monotonic() + 20
        while not any("org.elasticsearch" in text for text in processes_of(folder).values()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        watchdog = next(p for p, text in processes_of(folder).items() if "watchdog.py" in text)
        if "watchdog" in victims:
            os.kill(watchdog, signal.SIGKILL)
        if "owner" in victims:
            owner.kill()
        if victims == "group":
            os.killpg(owner.pid, signal.SIGKILL)
    wait_for_end(folder)
    assert read_state(folder) is None


def test_interrupt_while_starting_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_node: Node) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Node, "_address", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Node(folder).start()
    assert not processes_of(folder)
    assert read_state(folder) is None


def test_reason_of_a_failed_start_is_one_line(folder: Path) -> None:
    with pytest.raises(NodeError, match="Too small maximum heap") as caught:
        Node(folder, heap="1m").start()
    assert "\n" not in str(caught.value)
    assert f"see {folder}/console.log" in str(caught.value)
    assert not processes_of(folder)


def test_password_that_cannot_be_stored(folder: Path) -> None:
    with pytest.raises(NodeError, match="cannot store the password") as caught:
        Node(folder, security_password="").start()
    assert "\n" not in str(caught.value)
    assert ".java:" not in str(caught.value)


def test_timeout_names_the_reason(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_module, "START_SECONDS", 0.2)
    with pytest.raises(NodeError, match="did not answer within"):
        Node(folder).start()
    assert not processes_of(folder)


def test_port_in_use(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(NodeError, match=f"port {port} cannot be used"):
            Node(folder, port=port).start()


def test_heap_that_is_no_size(folder: Path) -> None:
    with pytest.raises(NodeError, match="heap 'lots' is not a size"):
        Node(folder, heap="lots").start()


def test_folder_that_cannot_be_made(folder: Path) -> None:
    folder.write_text("a file")
    with pytest.raises(NodeError, match="cannot run a node") as caught:
        Node(folder / "below").start()
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the node as another user")
def test_folder_that_the_node_user_cannot_enter(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    with pytest.raises(NodeError, match=f"user 65534, who cannot enter {folder};"):
        Node(folder / "node").start()
    assert not list(folder.iterdir())
    folder.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the node as another user")
def test_created_folders_are_open_to_the_node_user(folder: Path) -> None:
    old = os.umask(0o077)
    try:
        with pytest.raises(NodeError, match="Too small maximum heap"):
            Node(folder / "deep" / "node", heap="1m").start()
    finally:
        os.umask(old)


def test_leftovers_of_a_killed_node_count_for_nothing(folder: Path) -> None:
    write_leftovers(folder, pid=os.getpid())
    assert read_state(folder) is None
    assert running_nodes() == []
    assert not stop_node(folder)

    shutil.rmtree(folder)
    assert running_nodes() == []
    assert not list((folder.parent / "registry" / "nodes").iterdir())


def test_stop_never_signals_a_stranger(folder: Path) -> None:
    write_leftovers(folder, pid=os.getpid())
    with (folder / "node.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert read_state(folder) is not None
        with pytest.raises(NodeError, match=f"process {os.getpid()} is not the node"):
            stop_node(folder)


def test_node_that_is_being_started_elsewhere(folder: Path) -> None:
    folder.mkdir()
    with (folder / "node.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(NodeError, match="is being started or stopped"):
            Node(folder).start()


def write_leftovers(folder: Path, pid: int) -> None:
    folder.mkdir()
    (folder / "node.lock").touch()
    state = {"url": "http://127.0.0.1:9", "pid": pid, "version": "9.5.0", "folder": str(folder)}
    (folder / "node.json").write_text(json.dumps(state))
    pointer = pointer_of(folder)
    pointer.write_text(str(folder))
