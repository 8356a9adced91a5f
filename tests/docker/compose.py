"""The compose file as Docker Compose reads it, its variables filled in; nothing is forgiven.

https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

DOCKER = Path(__file__).parents[2] / "docker"
COMPOSE = DOCKER / "compose.yml"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A knob of .env.example, its default behind it: `#ES_PORT=9200`.
_KNOB = re.compile(r"^#([A-Z_]+)=(.*)$", re.MULTILINE)

Service = dict[str, Any]


class MalformedError(ValueError):
    """A text in which a variable is not written as Compose wants it."""


def interpolate(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its variables filled in; each must be known or have a default.

    Raises:
        MalformedError: naming what is wrong.
    """
    return _Reader(text, values).read()


class _Reader:
    def __init__(self, text: str, values: Mapping[str, str]) -> None:
        self._text = text
        self._values = values
        self._at = 0

    def read(self, end: str = "") -> str:
        """Read up to a closing brace, or to the end of the text."""
        told = ""
        while self._at < len(self._text) and self._text[self._at] != end:
            if self._text.startswith("$$", self._at):
                told += "$"
                self._at += 2
            elif self._text[self._at] == "$":
                told += self._variable()
            else:
                told += self._text[self._at]
                self._at += 1
        return told

    def _variable(self) -> str:
        self._expect("${")
        if (name := _NAME.match(self._text, self._at)) is None:
            raise MalformedError(f"no name at {self._at} of {self._text!r}")
        self._at = name.end()
        value = self._values.get(name[0])
        operator = self._text[self._at : self._at + 2]
        if operator not in (":-", ":?"):
            self._expect("}")
            if value is None:
                raise MalformedError(f"{name[0]} has no default, nor a message")
            return value
        self._at += 2
        word = self.read("}")
        self._expect("}")
        if operator == ":?" and not value:
            raise MalformedError(f"{name[0]}: {word}")
        return value or word

    def _expect(self, mark: str) -> None:
        if not self._text.startswith(mark, self._at):
            raise MalformedError(f"{mark!r} should be at {self._at} of {self._text!r}")
        self._at += len(mark)


def filled(node: Any, values: Mapping[str, str]) -> Any:
    """Return a tree with the variables of its texts filled in; those of keys are not."""
    if isinstance(node, dict):
        return {key: filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(value, values) for value in node]
    return interpolate(node, values) if isinstance(node, str) else node


def loaded() -> dict[str, Any]:
    """Return the compose file as it stands."""
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))
    return found


def services(values: Mapping[str, str] | None = None) -> dict[str, Service]:
    """Return the services, by default as they are with an empty .env."""
    found: dict[str, Service] = filled(loaded()["services"], values or {})
    return found


def texts(node: Any) -> Iterator[str]:
    """Yield all texts of a tree."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from texts(each)
    elif isinstance(node, str):
        yield node


def knobs() -> dict[str, str]:
    """Return what .env.example names, with the defaults it tells."""
    return dict(_KNOB.findall((DOCKER / ".env.example").read_text("utf-8")))
