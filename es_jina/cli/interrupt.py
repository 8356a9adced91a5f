"""Ctrl-C, twice: the first asks for an end, the second is one."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click

from es_jina.errors import EXIT_INTERRUPTED

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on the first Ctrl-C or SIGTERM; end the process on the second."""
    calls = 0

    def asked() -> None:
        click.echo("Finishing what is in flight; Ctrl-C again ends at once.", err=True)
        stop()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            _end()
        # In a thread: this one may hold a lock that stopping needs.
        threading.Thread(target=asked, daemon=True).start()

    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end() -> None:
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), b"\x1b[?25h\n")  # the bar hides the cursor
    os._exit(EXIT_INTERRUPTED)
