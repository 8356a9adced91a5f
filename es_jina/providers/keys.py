"""The API key: from the caller, the environment or a file, never from a command line."""

import os
from pathlib import Path

from es_jina.errors import ProviderError, RequestError

KEY_VARIABLE = "JINA_API_KEY"
FILE_VARIABLE = "JINA_API_KEY_FILE"

# A key is one line; what is longer than this is some other file.
_LONGEST_FILE = 4096


def find_key(api_key: str | None = None, key_file: Path | None = None) -> str | None:
    """Return the API key; ``None`` where nobody gave one.

    Args:
        api_key: as given by the caller.
        key_file: a file that holds it; by default what ``JINA_API_KEY_FILE`` names, which is read
            where ``JINA_API_KEY`` holds no key.

    Raises:
        RequestError: the file cannot be read, or holds no key.
        ProviderError: the key holds characters that no key has.
    """
    if api_key is None and key_file is None:
        api_key = os.environ.get(KEY_VARIABLE, "").strip()
        named = os.environ.get(FILE_VARIABLE)
        key_file = Path(named).expanduser() if named and not api_key else None
    if not api_key and key_file is not None:
        api_key = _read(key_file)
    return _checked(api_key.strip()) if api_key and api_key.strip() else None


def has_key() -> bool:
    """Whether the environment names a key; a file is not read for that."""
    return any(os.environ.get(name, "").strip() for name in (KEY_VARIABLE, FILE_VARIABLE))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise RequestError(f"{path}: the API key cannot be read: {error.strerror}") from error
    # What is in the file is not repeated: it may be a key all the same.
    lines = content.decode("utf-8-sig", "replace").split()
    if len(lines) != 1 or len(content) > _LONGEST_FILE:
        raise RequestError(f"{path}: it must hold the API key and nothing else")
    return lines[0]


def _checked(key: str) -> str:
    """Refuse what cannot be in a header: httpx would repeat it, key and all, in its message."""
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ProviderError("the API key holds characters that no key has: copy it again")
    return key
