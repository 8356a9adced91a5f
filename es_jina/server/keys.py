"""The API keys of the server's clients, kept as hashes.

A key holds 32 random bytes, which nobody can guess: so a plain SHA-256 keeps it as well as a slow
hash would, and costs no time on each request. Passwords that people choose would need the latter,
and are not taken.
"""

import hashlib
import hmac
import logging
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from es_jina.errors import RequestError

VARIABLE = "ES_JINA_SERVER_KEYS"

_LOG = logging.getLogger("es_jina.server")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LINE = re.compile(rf"({_NAME.pattern})\s+sha256:([0-9a-fA-F]{{64}})")
# Thousands of keys; what is larger is some other file.
_LONGEST_FILE = 1 << 20


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is kept of a key.

    Attributes:
        name: of the client.
        digest: SHA-256, in lowercase hexadecimal digits.
    """

    name: str
    digest: str


class Keys:
    """Says whose a key is; where the file has changed, it is read again."""

    def __init__(self, file: Path | None) -> None:
        """Read the keys of a file and of ``ES_JINA_SERVER_KEYS``.

        Args:
            file: lines like ``NAME sha256:HEX``, besides comments and empty ones.

        Raises:
            RequestError: the file or the variable cannot be read, or the file holds no key.
        """
        self._file = file
        self._named = tuple(_parsed(re.split(r"[,\n]", os.environ.get(VARIABLE, "")), VARIABLE))
        self._version = _version(file) if file else None
        self._filed = read_keys(file) if file else ()
        if file and not self._filed:
            raise RequestError(
                f"{file}: it holds no key: make one with `es-jina key NAME --file {file}`"
            )

    def __len__(self) -> int:
        return len(self._named) + len(self._filed)

    def name_of(self, key: str) -> str | None:
        """Return whose a key is; ``None`` where it is nobody's.

        How long that takes says nothing of the keys: all of them are compared, to the end.
        """
        self._read_again()
        digest = digest_of(key)
        name = None
        for entry in (*self._named, *self._filed):
            if hmac.compare_digest(entry.digest, digest):
                name = entry.name
        return name

    def _read_again(self) -> None:
        """Follow the file, so that a key can be revoked while the server runs.

        Whatever is wrong with the file or with another line, a key whose line is gone is revoked.
        """
        if self._file is None or (version := _version(self._file)) == self._version:
            return
        self._version = version
        try:
            self._filed = read_keys(self._file)
        except RequestError as error:
            self._filed = _whole_entries(self._file)
            _LOG.warning("%s; valid keys of it: %d", error, len(self._filed))


def new_key() -> str:
    """Return a key that nobody can guess."""
    return "ej_" + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def add_key(file: Path, name: str) -> str:
    """Make a key, append its hash to a file and return the key.

    A new file is its owner's alone. A client may have several keys, so that one can follow the
    other.

    Raises:
        RequestError: there can be no such name, or the file cannot be written, or is some other.
    """
    if not _NAME.fullmatch(name):
        raise RequestError(
            f"{name!r} cannot be a key's name: up to 64 letters, digits, dots, dashes and "
            "underscores can"
        )
    if file.exists():
        read_keys(file)
    key = new_key()
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as opened:
            text = opened.read()
            joint = "\n" if text and not text.endswith(b"\n") else ""
            opened.write(f"{joint}{name} sha256:{digest_of(key)}\n".encode())
    except OSError as error:
        raise RequestError(f"{file}: the key cannot be added: {error.strerror}") from error
    return key


def read_keys(file: Path) -> tuple[_Entry, ...]:
    """Return what a file keeps of keys.

    Raises:
        RequestError: it cannot be read, or a line is wrong.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise RequestError(f"{file}: the keys cannot be read: {error.strerror}") from error
    if len(content) > _LONGEST_FILE:
        raise RequestError(f"{file}: it is too large to be a file of keys")
    return tuple(_parsed(content.decode("utf-8-sig", "replace").split("\n"), str(file)))


def _whole_entries(file: Path) -> tuple[_Entry, ...]:
    """Return the keys of the lines that can be read; none where the file cannot."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_LONGEST_FILE).decode("utf-8-sig", "replace")
    except OSError:
        return ()
    found = (_LINE.fullmatch(line.partition("#")[0].strip()) for line in text.split("\n"))
    return tuple(_Entry(match[1], match[2].lower()) for match in found if match)


def _parsed(lines: list[str], place: str) -> Iterator[_Entry]:
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        # What is there is not repeated: it may be a key all the same.
        if not (match := _LINE.fullmatch(text)):
            raise RequestError(
                f"{place}, {'entry' if place == VARIABLE else 'line'} {number}: it must be "
                "`NAME sha256:HEX`, as `es-jina key` writes it: the hash and not the key"
            )
        yield _Entry(match[1], match[2].lower())


def _version(file: Path) -> tuple[int, int, int] | None:
    """Return what changes with each change of a file."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
