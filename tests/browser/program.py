"""A Chromium on this disk."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class ChromiumError(Exception):
    """There is no Chromium; the message is one line that says what to do."""


@dataclass(frozen=True)
class Program:
    """What is started, and the variables that it needs beside those of the tests."""

    path: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return the whole environment for it."""
        return {**os.environ, **self.variables}

    def fault(self) -> str | None:
        """Say why it does not start, where it does not: a library is missing, it is a stub."""
        try:
            told = subprocess.run(
                [self.path, "--version"],
                env=self.environment(),
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            return str(error)
        if not told.returncode:
            return None
        return (told.stderr.splitlines() or [f"exit status {told.returncode}"])[-1]
