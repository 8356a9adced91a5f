import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.xdist_group("embedded-node"), pytest.mark.usefixtures("real_java")]


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder that the node's user can walk to."""
    parent = Path(tempfile.mkdtemp(prefix="es-jina-test-"))
    parent.chmod(0o711)
    yield parent
    shutil.rmtree(parent)


def es_jina(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "es_jina", "node", *arguments],
        env={**os.environ, "ES_JINA_DATA": str(home / "data")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def test_start_status_stop(home: Path) -> None:
    started = es_jina(home, "start")
    try:
        assert started.returncode == 0, started.stderr
        assert "Next: es-jina setup" in started.stdout

        status = es_jina(home, "status", "--json")
        assert status.returncode == 0
        [state] = json.loads(status.stdout)
        assert state["folder"] == str(home / "data" / "node-9.5.0")
        assert state["url"] in started.stdout
        assert state["url"] in es_jina(home, "status").stdout

        again = es_jina(home, "start")
        assert again.returncode == 0
        assert f"already runs at {state['url']}" in again.stdout
    finally:
        stopped = es_jina(home, "stop", "--folder", str(home / "data" / "node-9.5.0"))
    assert stopped.returncode == 0
    assert "its data stay" in stopped.stdout
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(home) in read(path)]
    assert es_jina(home, "status").returncode == 6


def test_nothing_runs(home: Path) -> None:
    stopped = es_jina(home, "stop")
    assert (stopped.returncode, stopped.stdout) == (0, "No embedded node runs.\n")
    status = es_jina(home, "status", "--json")
    assert (status.returncode, json.loads(status.stdout)) == (6, [])
    assert "es-jina node start" in status.stderr


def test_bad_input_is_one_line(home: Path) -> None:
    assert es_jina(home, "start", "--version", "1.0").returncode == 2
    failed = es_jina(home, "start", "--heap", "lots")
    assert failed.returncode == 6
    assert failed.stderr.splitlines()[-1].startswith("Error: heap 'lots'")
    assert "Traceback" not in failed.stderr
