"""Which nodes run, and where: what is told from outside a node, by the files in its folder.

``node.json`` says where a node is, the lock on ``node.lock`` whether it runs: the node's own
processes hold it. A registry of pointers in the user's data folder finds them all.
"""

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from es_jina.elastic.distribution import open_folder
from es_jina.errors import NodeError
from es_jina.paths import data_folder

STOP_SECONDS = 45.0  # longer than the watchdog takes to kill


@dataclass(frozen=True)
class NodeState:
    """A node that runs."""

    url: str
    pid: int
    version: str
    folder: str


def read_state(folder: Path) -> NodeState | None:
    """Return the state of the node that runs on a folder, or ``None`` when none does."""
    if not _is_locked(folder):
        return None
    try:
        return NodeState(**json.loads((folder / "node.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def running_nodes() -> list[NodeState]:
    """Return every node of this user that runs: demos, tests, and started ones."""
    states = []
    for pointer in sorted((data_folder() / "nodes").glob("[!.]*")):
        with suppress(FileNotFoundError):  # a node may end right now
            folder = Path(pointer.read_text())
            if folder.exists():
                states.append(read_state(folder))
            else:  # left by a watchdog that was killed
                pointer.unlink()
    return [state for state in states if state is not None]


def stop_node(folder: Path) -> bool:
    """Stop the node that runs on a folder and tell whether there was one.

    Raises:
        NodeError: It is another user's, or does not stop.
    """
    state = read_state(folder)
    if state is None:
        return False
    if str(folder) not in _command_line(state.pid):
        raise NodeError(f"process {state.pid} is not the node on {folder}")
    try:
        os.kill(state.pid, signal.SIGTERM)
    except OSError as error:
        raise NodeError(f"cannot stop the node on {folder}: {error.strerror}") from error
    deadline = time.monotonic() + STOP_SECONDS
    while _is_locked(folder):
        if time.monotonic() > deadline:
            os.kill(state.pid, signal.SIGKILL)
            raise NodeError(f"the node on {folder} did not stop")
        time.sleep(0.05)
    return True


def _command_line(pid: int) -> str:
    if sys.platform == "linux":  # where `ps` may be missing
        with suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
        return ""
    command = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def pointer(folder: Path) -> Path:
    """Return the file of the registry that points to a node's folder."""
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return open_folder(data_folder() / "nodes") / name


def write(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text)
    fresh.replace(path)


@contextmanager
def folder_lock(folder: Path) -> Iterator[int]:
    """Hold a folder's lock; who inherits the descriptor goes on holding it.

    Raises:
        NodeError: a node runs on the folder.
    """
    descriptor = os.open(folder / "node.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, folder)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, folder: Path) -> None:
    for _ in range(10):  # who only asks whether a node runs holds the lock for a moment
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(0.05)
    state = read_state(folder)
    if state is None:
        raise NodeError(f"a node is being started or stopped on {folder}; try again in a moment")
    raise NodeError(
        f"a node already runs on {folder} (pid {state.pid}, {state.url}); "
        f"stop it with `es-jina node stop --folder {folder}`"
    )


def _is_locked(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / "node.lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise NodeError(f"cannot look into {folder}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
