import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.cli import progress as display_module
from es_jina.cli.progress import Display, open_display
from es_jina.ingest.progress import Progress
from es_jina.ingest.report import Failure

LINE = re.compile(
    r"  [\d,]+ units, [\d.]+/s, [\d.]+ MB/s, [\d,]+ of [\d,]+\+? files"
    r"(, [\d,]+ failed)?, waits for \w+(, \d+ (s|min|h \d+ min) left)?"
)
# A run of 20 files of 1 MB in half a second or so; two of them fail.
RUN = """
import contextlib, os, time
from es_jina.cli import progress
from es_jina.cli.progress import open_display
from es_jina.ingest.progress import Progress
from es_jina.ingest.report import Failure

for kind in (progress._Lines, progress._Events):
    kind.interval = 0.08
run = Progress()
with open_display(run, json={json}, about={{"index": "docs"}}) as display:
    for number in range(20):
        run.find(1_000_000)
    run.found_all = True
    for number in range(20):
        with run.waiting("embedding"):
            time.sleep(0.025)
        run.units += 3
        run.finish(1_000_000)
        if number in (3, 5):
            run.failed += 1
            display.failure(Failure("f\\udcff.pdf", 2, "embed", "ItemError", "no"))
    display.summary({{"embedded": run.units}})
with contextlib.suppress(BrokenPipeError):
    os.write(2, b"END\\n")
time.sleep(0.1)
"""


def started(json_: bool, **streams: Any) -> "subprocess.Popen[bytes]":
    # The size of the terminal, and not what a test runner says of its own.
    inherited = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", RUN.format(json=json_)],
        env={**inherited, "TERM": "xterm", "PYTHONPATH": str(Path.cwd())},
        **streams,
    )


def on_terminal(columns: int) -> str:
    """Run with stderr on a terminal; return all that was written to it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = started(False, stderr=theirs, stdout=subprocess.PIPE)
    os.close(theirs)
    seen = b""
    try:
        while block := os.read(ours, 65536):
            seen += block
    except OSError:
        pass  # how Linux says that the other end is closed
    finally:
        os.close(ours)
    stdout, _ = child.communicate(timeout=30)
    assert (child.returncode, stdout) == (0, b"")
    return seen.decode("utf-8")


def test_a_bar_on_a_terminal() -> None:
    seen = on_terminal(100)
    drawn, after = seen.split("END", 1)
    assert after.strip() == ""
    text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", drawn)
    told = re.findall(r"embedding [^\r\n]+? ([\d,]+) units, ([\d.]+)/s, (\d+) s left", text)
    assert len(told) > 2
    counts = [int(count) for count, _, _ in told]
    assert counts == sorted(counts)
    assert 30 < float(told[-1][1]) < 121  # units a second: 120 at best
    assert re.search(r"2 failed, \d+\.\d MB/s, \d+ of 20 files", text)
    # One line, erased at the end, and the cursor is back.
    assert drawn.rstrip("\r\n").endswith("\x1b[2K")
    assert "\x1b[?25h" in drawn


def test_a_narrow_terminal_gets_what_matters_most() -> None:
    text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", on_terminal(50))
    rows = [row for row in re.split(r"[\r\n]+", text) if "units" in row]
    assert rows
    for row in rows:
        assert len(row) <= 50
        assert "MB/s" not in row
    assert re.search(r"\d+ units, [\d.]+/s", text)


def test_plain_lines_where_there_is_no_terminal() -> None:
    child = started(False, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    stdout, stderr = child.communicate(timeout=30)
    assert (child.returncode, stdout) == (0, b"")
    lines = stderr.decode().splitlines()
    assert lines.pop() == "END"
    assert len(lines) > 3
    for line in lines:
        assert LINE.fullmatch(line), line
    assert "2 failed" in lines[-1]
    assert "waits for embedding" in lines[-1]
    assert " left" in lines[-1]


def test_nothing_at_all_for_a_short_run() -> None:
    stream = io.StringIO()
    progress = Progress()
    with open_display(progress, json=False, stream=stream) as display:
        display.failure(Failure("a", None, "read", "ItemError", "no"))
        display.summary({})
        time.sleep(0.05)
    assert stream.getvalue() == ""


def test_events_for_a_program() -> None:
    child = started(True, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    stdout, stderr = child.communicate(timeout=30)
    assert (child.returncode, stderr.decode()) == (0, "END\n")
    events = [json.loads(line) for line in stdout.splitlines()]
    kinds = [event["event"] for event in events]
    assert (kinds[0], kinds[-1]) == ("start", "summary")
    assert kinds.count("failure") == 2
    times = [datetime.fromisoformat(event["time"]) for event in events]
    assert times == sorted(times)
    assert all(time.utcoffset() is not None for time in times)
    assert events[0]["index"] == "docs"
    assert events[-1]["embedded"] == 60
    failure = events[kinds.index("failure")]
    assert failure["source"] == "f\udcff.pdf"
    assert (failure["unit"], failure["stage"], failure["message"]) == (2, "embed", "no")
    told = [event for event in events if event["event"] == "progress"]
    assert len(told) > 3
    assert [event["done"] for event in told] == sorted(event["done"] for event in told)
    last = told[-1]
    assert (last["found"], last["found_bytes"], last["found_all"]) == (20, 20_000_000, True)
    assert (last["bottleneck"], last["failed"]) == ("embedding", 2)
    assert 10e6 < last["bytes_per_second"] < 41e6
    assert 0 <= last["seconds_left"] < 5


@pytest.mark.parametrize("json_", [True, False])
def test_a_reader_that_goes_away_does_not_end_the_run(json_: bool) -> None:
    ours, theirs = os.pipe()
    child = started(
        json_,
        stdout=theirs if json_ else subprocess.PIPE,
        stderr=subprocess.PIPE if json_ else theirs,
    )
    os.close(theirs)
    os.read(ours, 10)
    os.close(ours)
    _, stderr = child.communicate(timeout=30)
    assert child.returncode == 0
    assert stderr == (b"END\n" if json_ else None)


def test_nothing_is_shown_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display_module._Lines, "interval", 0.005)
    stream = io.StringIO()
    before = threading.active_count()

    def interrupted() -> None:
        with open_display(Progress(), json=False, stream=stream):
            time.sleep(0.05)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    told = stream.getvalue()
    assert told
    assert threading.active_count() == before
    time.sleep(0.03)
    assert stream.getvalue() == told


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def kind(term: str) -> type[Display]:
        monkeypatch.setenv("TERM", term)
        return type(open_display(Progress(), json=False, stream=Terminal()))

    assert kind("dumb") is not kind("xterm-256color")
    assert kind("dumb") is type(open_display(Progress(), json=False, stream=io.StringIO()))


def test_rates_are_of_the_last_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("es_jina.cli.progress.time.monotonic", lambda: now)
    run = Progress()
    window = display_module._Window(run)
    for _ in range(60):  # 100 units and 1 MB a second
        now += 1
        run.units += 100
        run.finish(1_000_000)
        fast = window.look()
    for _ in range(30):  # then a tenth of it
        now += 1
        run.units += 10
        run.finish(100_000)
        slow = window.look()
    assert [fast.units, fast.size] == pytest.approx([100, 1e6])
    assert [slow.units, slow.size] == pytest.approx([10, 1e5])


def test_the_time_left_is_told_once_everything_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("es_jina.cli.progress.time.monotonic", lambda: now)
    run = Progress()
    window = display_module._Window(run)
    for _ in range(10):
        run.find(6_000_000)
    now += 2
    run.finish(6_000_000)
    assert window.look().left is None
    run.found_all = True
    assert window.look().left == pytest.approx(54 / 3)
    # A file that grew, or one whose size nobody knew before: never below nothing.
    run.finish(100_000_000)
    assert window.look().left == 0


@given(st.floats(0, 1e6))
def test_durations_are_short(seconds: float) -> None:
    told = display_module._duration(seconds)
    assert re.fullmatch(r"\d+ s|\d+ min|\d+ h \d+ min", told)
    assert len(told) < 14


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (59.4, "59 s"), (61, "1 min"), (3599, "1 h 0 min"), (7800, "2 h 10 min")],
)
def test_durations(seconds: float, told: str) -> None:
    assert display_module._duration(seconds) == told
