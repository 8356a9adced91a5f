"""The scripts of the stack, run here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docker.compose import DOCKER

SECRETS = DOCKER / "stack" / "secrets.sh"
ACCOUNTS = DOCKER / "stack" / "accounts.sh"
BIN = Path(sys.executable).parent

NEEDED = pytest.mark.skipif(
    not all(map(shutil.which, ("openssl", "curl"))), reason="openssl or curl is not there"
)


def run(script: Path, *arguments: str, code: int = 0, **environment: str) -> str:
    told = subprocess.run(
        ["sh", script, *arguments],
        env={"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(DOCKER.parent)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == code, told.stdout + told.stderr
    return told.stdout + told.stderr


def text(file: Path) -> str:
    return file.read_text("utf-8").strip()


def role(index: str) -> str:
    """Return the role that accounts.sh gives the server and `ingest`, for an index, in JSON."""
    found = re.search(
        r"put role/es_jina 3<< END\n(.*?)\nEND\n", ACCOUNTS.read_text("utf-8"), re.DOTALL
    )
    assert found is not None
    return " ".join(found[1].replace("$INDEX", index).split())
