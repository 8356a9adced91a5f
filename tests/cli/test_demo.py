"""``make demo`` as a person meets it: piped, on a terminal, and killed."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

pytestmark = [pytest.mark.xdist_group("embedded-node"), pytest.mark.usefixtures("real_java")]


@pytest.fixture
def environment(open_folder: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Data of its own in a folder that the node's user can reach; the cache is the user's."""
    data = open_folder / tmp_path.name
    yield {
        **{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        "ES_JINA_DATA": str(data),
        "JINA_API_KEY": "",
        "COLUMNS": "120",
    }
    assert java_processes(data) == []


def java_processes(folder: Path) -> list[int]:
    """Return the pids of what runs for a folder."""
    found = subprocess.run(
        ["ps", "-eww", "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [int(line.split()[0]) for line in found if str(folder) in line and "java" in line]


def es_jina(*arguments: str, environment: dict[str, str]) -> str:
    told = subprocess.run(
        [sys.executable, "-m", "es_jina", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def test_piped_it_ends_and_a_second_one_on_a_terminal_embeds_nothing_and_stays(
    environment: dict[str, str],
) -> None:
    first = es_jina("demo", environment=environment)
    assert "toy of 5 million parameters" in first
    assert "--model jinaai/jina-embeddings-v4" in first
    assert "non-commercial" in first
    assert len(re.findall(r"^\$ es-jina search ", first, re.MULTILINE)) == 4
    assert re.search(r"^    http://127\.0\.0\.1:\d+/$", first, re.MULTILINE)
    assert "What to type next" in first
    embedded = re.search(r"(\d+) units embedded, 0 unchanged", first)
    assert embedded is not None
    assert int(embedded[1]) >= 60
    _stays_until_ctrl_c(f"0 units embedded, {embedded[1]} unchanged", environment)


def _stays_until_ctrl_c(embedded: str, environment: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    demo = subprocess.Popen(
        [sys.executable, "-m", "es_jina", "demo"],
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        # A shell that runs the tests in its background has them, and so us, ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    os.close(theirs)
    try:
        screen = read_until(ours, "Ctrl-C stops the page and the node")
        assert embedded in screen
        page = re.search(r"http://127\.0\.0\.1:\d+/(?=\s)", screen.partition("The search page")[2])
        assert page is not None
        assert "<title>" in httpx.get(page[0]).text
        found = es_jina("search", "es-jina-demo", "solar power", environment=environment)
        assert "#" in found.splitlines()[0]
        assert len(found.splitlines()) > 5
        os.killpg(demo.pid, signal.SIGINT)
        read_until(ours, "Elasticsearch is stopped")
        assert demo.wait(60) in (0, 130)
    finally:
        demo.kill()
        demo.wait()
        os.close(ours)


def test_killing_make_leaves_no_java(environment: dict[str, str], tmp_path: Path) -> None:
    # As the Makefile does: one simple command, which make runs without a shell between.
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"demo:\n\t@{sys.executable} -m es_jina demo\n")
    with subprocess.Popen(
        ["make", "-C", str(tmp_path), "demo"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as make:
        data = Path(environment["ES_JINA_DATA"])
        wait_for(lambda: bool(java_processes(data)), 60)
        make.kill()
    wait_for(lambda: not java_processes(data), 30)


def read_until(terminal: int, text: str, seconds: float = 180) -> str:
    screen = ""
    deadline = time.monotonic() + seconds
    while text not in screen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"{text!r} did not appear in: {screen}"
        screen += os.read(terminal, 4096).decode("utf-8", "replace")
    return screen


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)
