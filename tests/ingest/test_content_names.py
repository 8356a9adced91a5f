"""What a source is called, and where it is."""

import os
from pathlib import Path

import pytest

from es_jina.ingest.content import file_candidate

from .content import source_of, written
from .files import pdf, picture


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("a.md", "Intro\n\n# The heading\n", "The heading"),
        ("some-long_name.txt", "word " * 50, "some long name"),
        ("read_file.py", "# a comment\n", "read_file.py"),
        ("a.html", "<title>The title</title><h1>Heading</h1>x", "The title"),
        ("a.html", "<h1>Heading</h1>x", "Heading"),
        ("a.html", "<p>One line", "One line"),
        ("red_bicycle-2.png", None, "red bicycle 2"),
        ("annual-report.pdf", None, "annual report"),
        ("--.png", None, "--"),
        (os.fsdecode(b"odd\xff.png"), None, "odd\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_titles(tmp_path: Path, name: str, content: str | None, title: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    elif path.suffix == ".pdf":
        pdf(path, "text")
    else:
        picture(tmp_path / "a.png").rename(path)
    assert source_of(path).title == title


def test_uri_name_and_stamp(tmp_path: Path) -> None:
    path = written(tmp_path / "ein Grüß.txt", "abc")
    candidate = file_candidate(str(path))
    source = source_of(path)
    assert source.uri == candidate.uri == path.as_uri()
    assert source.uri.endswith("ein%20Gr%C3%BC%C3%9F.txt")
    assert source.name == candidate.name == str(path)
    assert source.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    status = path.stat()
    assert source.stamp == candidate.stamp
    assert source.stamp is not None
    assert (source.stamp.size, source.stamp.mtime) == (3, status.st_mtime_ns)


def test_names_with_odd_bytes_and_line_ends(tmp_path: Path) -> None:
    path = written(tmp_path / os.fsdecode(b"odd\xff\nname.txt"), "word " * 50)
    source = source_of(path)
    assert source.uri.endswith("odd%FF%0Aname.txt")
    assert source.title == "odd\N{REPLACEMENT CHARACTER} name"
