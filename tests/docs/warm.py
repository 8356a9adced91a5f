"""``python -m tests.docs.warm SOCKET API``: a process that has everything imported, to be forked.

Each command of the documents would take three seconds to import torch and all else. Here it is a
fork of this process: with the caller's files, folder, environment and exit code, and with nothing
left of what another one did. `typed.py` is the caller.

API is the address of what stands in for the hosted API.
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import types
from contextlib import suppress

HEADER = 8


def main(place: str, api: str) -> None:
    """Listen, fork for each caller, and tell each how its fork has ended."""
    _import_all(api)
    gc.freeze()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(place)
    listening.listen(64)
    ended, wake = os.pipe()
    for end in (ended, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    print("ready", flush=True)
    callers: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([listening.fileno(), ended], [], [])
        for each in ready:
            if each != ended:
                caller, _ = listening.accept()
                callers[_serve(caller)] = caller
            else:
                os.read(ended, 1024)
                _tell_ends(callers)


def _tell_ends(callers: dict[int, socket.socket]) -> None:
    while callers:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        with callers.pop(child) as caller, suppress(BrokenPipeError):
            caller.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _import_all(api: str) -> None:
    service = importlib.import_module("es_jina.providers.service")
    service.BASE_URL = api  # type: ignore[attr-defined]
    for package in ("cli", "elastic", "ingest", "model", "providers", "search", "server"):
        home = importlib.import_module(f"es_jina.{package}")
        for module in pkgutil.walk_packages(home.__path__, f"{home.__name__}."):
            # The first is a program of its own, the others need what is not installed everywhere.
            if not module.name.endswith((".watchdog", ".__main__")):
                with suppress(ImportError):
                    importlib.import_module(module.name)
    _use_model()


def _use_model() -> None:
    """Load the model once: what torch and transformers import at first use takes longest."""
    from PIL import Image as Picture

    from es_jina import Image, LocalProvider, Task, Text, Want

    with LocalProvider(device="cpu") as provider:
        inputs: list[Text | Image] = [Text("a"), Image(Picture.new("RGB", (56, 56)))]
        provider.embed(inputs, Task.RETRIEVAL_PASSAGE, Want.SINGLE | Want.MULTI)


def _serve(caller: socket.socket) -> int:
    """Begin one command; tell its process number, and return it."""
    head, files, _, _ = socket.recv_fds(caller, HEADER, 3)
    size = int(head)
    told = b""
    while len(told) < size:
        told += caller.recv(size - len(told))
    child = os.fork()
    if not child:
        caller.close()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os._exit(_command(json.loads(told), files))
    for file in files:
        os.close(file)
    caller.sendall(b"%d\n" % child)
    return child


def _command(asked: dict[str, object], files: list[int]) -> int:
    for number, file in enumerate(files):
        os.dup2(file, number)
    for file in files:
        if file > 2:
            os.close(file)
    os.environ.clear()
    os.environ.update(asked["environment"])  # type: ignore[call-overload]
    os.chdir(str(asked["folder"]))
    # A process that this one starts must not take it for the program that is forked.
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115 - the descriptor that we were given
    try:
        _run(str(asked["program"]), list(asked["arguments"]))  # type: ignore[call-overload]
        code: object = 0
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else 0 if code is None else 1


def _run(program: str, arguments: list[str]) -> None:
    sys.argv = [program, *arguments]
    if program == "es-jina":
        from es_jina.cli.main import main as es_jina

        es_jina(arguments)
    elif arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
