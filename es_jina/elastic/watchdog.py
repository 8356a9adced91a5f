"""The parent of one Elasticsearch: it ends the node when told to, or when its own owner is gone.

It runs as a program of its own, by file path and with nothing but the standard library, so that it
starts at once. The owner holds the other end of its stdin and writes nothing to it: when the owner
ends, in whatever way, the kernel closes that end. A single byte means that nobody watches any more
and the node goes on alone.

Three things end together: this process stops Elasticsearch's launcher; on Linux the kernel kills
the launcher when this process is killed; and Elasticsearch's server ends by itself when its
launcher is gone.
"""

import argparse
import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STOP_SECONDS = 20.0  # between SIGTERM and SIGKILL
LINGER_SECONDS = 10.0  # for a server that lost its launcher
ENDING = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STDIN = 0


def main(arguments: list[str]) -> int:
    """Run the command until it ends or has to end; then remove the files that announce it."""
    options = _parse(arguments)
    signals = _signal_pipe()
    if sys.platform == "linux":
        # A server without its launcher becomes ours to wait for: a container may have no init.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    node = subprocess.Popen(
        options.command,
        stdin=subprocess.DEVNULL,
        cwd="/",
        # The lock on the node's folder is held as long as one of the two processes lives.
        pass_fds=[options.lock],
        start_new_session=True,
        preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 (this process has one thread)
        **_identity(options.user),
    )
    try:
        _watch(node, signals)
    finally:
        # Before it is announced, nobody has given it anything that it might lose.
        announced = any(path.exists() for path in options.remove)
        _stop(node, STOP_SECONDS if announced else 0)
        for path in options.remove:
            path.unlink(missing_ok=True)
    return node.returncode


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--user", type=int)
    parser.add_argument("--lock", type=int, required=True)
    parser.add_argument("--remove", type=Path, action="append", default=[])
    parser.add_argument("command", nargs="+")
    return parser.parse_args(arguments)


def _identity(user: int | None) -> dict[str, Any]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _signal_pipe() -> int:
    """Return a pipe from which each signal, the end of a child included, is read as one byte."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (*ENDING, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reader


def _die_with(watchdog: int) -> Callable[[], None]:
    """Return what the child calls before it becomes the launcher, after its change of user."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None).prctl

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != watchdog:  # it died before the kernel was asked
            os._exit(1)

    return ask_kernel


def _watch(node: "subprocess.Popen[bytes]", signals: int) -> None:
    sources = [signals, STDIN]
    while node.poll() is None:
        ready, _, _ = select.select(sources, [], [])
        if signals in ready and ENDING.intersection(os.read(signals, 64)):
            return
        if STDIN in ready:
            if not os.read(STDIN, 1):
                return
            sources.remove(STDIN)


def _stop(node: "subprocess.Popen[bytes]", patience: float) -> None:
    """End the launcher, and with it the server; then kill what is left of their group."""
    if node.poll() is None:
        node.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        node.wait(patience)
        _wait_for_group(node.pid)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(node.pid, signal.SIGKILL)
    node.wait()
    _wait_for_group(node.pid)


def _wait_for_group(group: int) -> None:
    """Wait until no process of a group is left, once its leader has been waited for."""
    deadline = time.monotonic() + LINGER_SECONDS
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-group, os.WNOHANG)
            os.killpg(group, 0)
            time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
