"""`es-jina` as a user types it, in a folder and an environment of its own."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from es_jina.cli.main import main


class Inside:
    """Runs commands in this process: all that is slow to import is there already."""

    def __init__(
        self,
        folder: Path,
        url: str,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.chdir(folder)
        for name, value in (("ES_JINA_URL", url), ("JINA_API_KEY", ""), ("COLUMNS", "120")):
            monkeypatch.setenv(name, value)
        self._monkeypatch = monkeypatch
        self._capfd = capfd

    def __call__(
        self, *arguments: object, code: int = 0, given: str | bytes = "", errors: bool = True
    ) -> str:
        stdin = io.TextIOWrapper(io.BytesIO(given.encode() if isinstance(given, str) else given))
        self._monkeypatch.setattr("sys.stdin", stdin)
        self._capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        told, said = self._capfd.readouterr()
        assert ended.value.code == code, told + said
        return told + (said if errors else "")


class Shell:
    """Runs commands against one cluster, each in a process of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.environment = {**os.environ, "ES_JINA_URL": url, "JINA_API_KEY": "", "COLUMNS": "120"}

    def __call__(
        self, *arguments: object, code: int = 0, given: str = "", errors: bool = True
    ) -> str:
        told = subprocess.run(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert told.returncode == code, told.stdout + told.stderr
        assert "Traceback" not in told.stderr
        return told.stdout + (told.stderr if errors else "")

    def started(self, *arguments: object, waiting: bool = False) -> "subprocess.Popen[str]":
        """Start a command; `waiting`, its standard input stays open and nothing comes from it."""
        return subprocess.Popen(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE if waiting else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell that runs the tests in its background has them, and so us, ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )

    @staticmethod
    def _command(arguments: tuple[object, ...]) -> list[str]:
        return [sys.executable, "-m", "es_jina", *map(str, arguments)]
