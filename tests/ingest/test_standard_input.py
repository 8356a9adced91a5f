"""What comes from standard input, by its content."""

import io
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.errors import ItemError
from es_jina.ingest.content import stdin_source

from .files import pdf, picture


def test_a_text_from_standard_input(tmp_path: Path) -> None:
    digest = sha256(b"# Hello\n").hexdigest()
    source = stdin_source(io.BytesIO(b"# Hello\n"), tmp_path)
    assert source.uri == f"stdin:{digest[:22]}"
    assert (source.name, source.title, source.text) == ("standard input", "Hello", "# Hello\n")
    assert (source.sha256, source.stamp, source.temporary) == (digest, None, False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [picture, pdf])
def test_a_file_from_standard_input(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    content = make(tmp_path / "a.png").read_bytes() if make is picture else b"%PDF-1.7"
    folder = tmp_path / "scratch"
    folder.mkdir()
    source = stdin_source(io.BytesIO(content), folder)
    kept = source.pdf or cast("Path", source.image)
    assert kept.read_bytes() == content
    assert (source.title, source.stamp, source.temporary) == ("standard input", None, True)
    source.discard()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\x7fELF\0\0", "neither a text nor a picture nor a PDF"),
        (b"PAR1\0\0", "neither a text nor a picture nor a PDF"),
    ],
)
def test_standard_input_that_is_nothing(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ItemError, match=message):
        stdin_source(io.BytesIO(content), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_standard_input_that_cannot_be_kept(tmp_path: Path) -> None:
    with pytest.raises(ItemError, match=r"cannot be kept in .*No such file"):
        stdin_source(io.BytesIO(b"x"), tmp_path / "gone")


@given(st.binary(min_size=1, max_size=40))
def test_any_content_is_a_source_skipped_or_named(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            source = stdin_source(io.BytesIO(content), Path(folder))
        except ItemError:
            return
        assert [source.text, source.image, source.pdf].count(None) == 2
