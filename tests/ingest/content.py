"""Reading one file, in short words."""

from pathlib import Path

import pytest

from es_jina.errors import ItemError
from es_jina.ingest.content import file_candidate
from es_jina.ingest.sources import Source


def read(path: Path) -> Source | None:
    return file_candidate(str(path)).read()


def source_of(path: Path) -> Source:
    source = read(path)
    assert source is not None
    return source


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ItemError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    return message
