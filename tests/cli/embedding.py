"""`es-jina embed` as the tests run it."""

import json
from typing import Any

from .shell import Inside


class Embed:
    """Runs the command with the same first arguments each time."""

    def __init__(self, run: Inside, *arguments: object) -> None:
        self._run = run
        self._arguments = arguments

    def __call__(self, *arguments: object, code: int = 0, given: str | bytes = "") -> str:
        """Return all that it says."""
        return self._run("embed", *self._arguments, *arguments, code=code, given=given)

    def lines(
        self, *arguments: object, code: int = 0, given: str | bytes = ""
    ) -> list[dict[str, Any]]:
        """Return what it prints on stdout."""
        told = self._run(
            "embed", *self._arguments, *arguments, code=code, given=given, errors=False
        )
        return [json.loads(line) for line in told.splitlines()]
