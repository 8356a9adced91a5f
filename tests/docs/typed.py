"""What stands on PATH as `es-jina` and `python`: it has `warm.py` run them.

`es-jina serve` runs on, as in another terminal, until the document ends or serves something else;
this ends as soon as it answers.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

# What `typing` says without the time that it takes to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

SERVE_SECONDS = 60.0


def main() -> int:
    """Run the command; return its exit code."""
    program, arguments = Path(sys.argv[0]).name, sys.argv[1:]
    if program == "es-jina" and arguments[:1] == ["serve"]:
        return serve(arguments)
    answers = asked(program, arguments, [0, 1, 2])
    child = int(answers.readline())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda caught, _frame: os.kill(child, caught))
    return exit_code(answers)


def asked(program: str, arguments: list[str], files: list[int]) -> TextIO:
    """Have it run; return the file that tells its process number and its exit code."""
    told = json.dumps(
        {
            "program": program,
            "arguments": arguments,
            "folder": os.getcwd(),  # noqa: PTH109
            "environment": dict(os.environ),
        }
    ).encode()
    line = socket.socket(socket.AF_UNIX)
    line.connect(os.environ["DOCS_WARM"])
    socket.send_fds(line, [b"%8d" % len(told)], files)
    line.sendall(told)
    return line.makefile()


def exit_code(answers: TextIO) -> int:
    """Wait for the end; return its code as a shell tells it."""
    code = int(answers.readline() or -signal.SIGKILL)
    return code if code >= 0 else 128 - code


def serve(arguments: list[str]) -> int:
    """Start the server, in place of one that runs; return when it is ready."""
    note, log = Path(os.environ["DOCS_SERVER"]), Path(os.environ["DOCS_SERVER"] + ".log")
    end(note)
    port = int(os.environ["DOCS_PORT"])
    if "--port" not in arguments:
        arguments = [*arguments, "--port", str(port)]
    with log.open("wb") as written, open(os.devnull, "rb") as nothing:  # noqa: PTH123
        files = [nothing.fileno(), written.fileno(), written.fileno()]
        answers = asked("es-jina", arguments, files)
    child = answers.readline().strip()
    note.write_text(child)
    deadline = time.monotonic() + SERVE_SECONDS
    while time.monotonic() < deadline:
        if not alive(int(child)):
            break
        if ready(port, encrypted="--tls-cert" in arguments):
            return 0
        time.sleep(0.05)
    sys.stderr.write(log.read_text())
    return exit_code(answers) if not alive(int(child)) else 1


def end(note: Path) -> None:
    """End the server that runs."""
    if not note.exists():
        return
    child = int(note.read_text())
    note.unlink()
    if alive(child):
        os.kill(child, signal.SIGTERM)
    while alive(child):
        time.sleep(0.02)


def alive(process: int) -> bool:
    """Say whether a process is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def ready(port: int, *, encrypted: bool) -> bool:
    """Say whether the server answers; of one that encrypts, whether it listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as line:
            if encrypted:
                return True
            line.sendall(b"GET /ready HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            return b" 200 " in line.recv(100)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
