"""Servers in processes of their own, started as people start them."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_READY = re.compile(r"^Ready at http://[^:]+:(\d+)")
_END_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Running:
    """A server.

    Attributes:
        port: it listens at on 127.0.0.1.
        process: what runs it.
    """

    port: int
    process: subprocess.Popen[str]

    @property
    def cpu(self) -> float:
        """The seconds of CPU that it has taken so far, all its threads included."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def resident(self) -> float:
        """Its resident memory that is no file, in MB."""
        pages, shared = map(int, Path(f"/proc/{self.process.pid}/statm").read_text().split()[1:3])
        return (pages - shared) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def running_server(model: Path, threads: int, *options: str) -> Iterator[Running]:
    """Run `es-jina serve` while the block does.

    Args:
        model: the checkpoint's folder.
        threads: that torch computes with.
        options: of the command.
    """
    command = [sys.executable, "-m", "es_jina", "serve", "--model", str(model), "--port", "0"]
    with running([*command, "--device", "cpu", *options], threads, _READY) as server:
        yield server


@contextmanager
def running(
    command: Sequence[str], threads: int, ready: re.Pattern[str], port: int | None = None
) -> Iterator[Running]:
    """Run a server while the block does.

    Args:
        command: what starts it.
        threads: that torch computes with.
        ready: of the line that it prints when it can be asked; its group is the port.
        port: where the line does not tell it.
    """
    # What is to be read is read: a full pipe would stop the server.
    process = subprocess.Popen(
        command,
        env={**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        found = _port(process, ready)
        yield Running(port or found, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _port(process: subprocess.Popen[str], ready: re.Pattern[str]) -> int:
    """Wait until a server is ready; print from then on what it says."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if found := ready.search(line):
            threading.Thread(target=_pass_on, args=(process,), daemon=True).start()
            return int(found[1]) if found.groups() else 0
    raise SystemExit(f"the server ended before it was ready:\n{''.join(said[-30:])}")


def _pass_on(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", file=sys.stderr)
