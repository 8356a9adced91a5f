"""A folder with everything that can be broken: the good is in, each bad thing is named once."""

import os
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.ingest.report import Failure
from es_jina.ingest.run import Ingest, Options
from es_jina.ingest.targets import Setting, Targets

from .files import bomb_pdf, pdf, picture, truncated
from .provider_double import PROFILE, DoubleProvider, WordTokenizer

GOOD = {
    "good.txt": 1,
    "good.md": 1,
    "good.html": 1,
    "good.pdf": 2,
    "good.png": 1,
    "picture%20called.txt": 1,
    "%FF%20odd%20name.txt": 1,
}
BAD = {
    "empty.txt": "the file is empty",
    "empty.pdf": "the file is empty",
    "half.png": "cannot be decoded",
    "half.pdf": "damaged",
    "locked.pdf": "password-protected",
    "text called.pdf": "not a PDF",
    "text called.png": "not a picture",
    "huge header.png": "over the limit of",
    "latin.txt": "UTF-8",
    "long line.txt": "over the limit of",
    "gone.txt": "a link to",
    "pipe.txt": "a pipe",
    "bomb.pdf": "page 1",
}
if os.geteuid() != 0:
    BAD["closed.txt"] = "Permission denied"


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixel."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IEND\xaeB`\x82"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    root.mkdir(mode=0o755)
    (root / "good.txt").write_text("all is well")
    (root / "good.md").write_text("# All is well\n\nIndeed.")
    (root / "good.html").write_text("<!doctype html><title>Well</title><p>All is well")
    pdf(root / "good.pdf", "one", "two")
    picture(root / "good.png")
    picture(root / "picture.png").rename(root / "picture called.txt")
    Path(os.fsdecode(bytes(root) + b"/\xff odd name.txt")).write_text("a name that is no text")
    (root / "empty.txt").touch()
    (root / "empty.pdf").touch()
    truncated(root / "half.png")
    pdf(root / "half.pdf", "one")
    content = (root / "half.pdf").read_bytes()
    (root / "half.pdf").write_bytes(content[: len(content) // 3])
    pdf(root / "locked.pdf", "secret", password="open sesame")
    (root / "text called.pdf").write_text("no header here")
    (root / "text called.png").write_text("no header here")
    (root / "huge header.png").write_bytes(png_header(100_000, 100_000))
    (root / "latin.txt").write_bytes("Grüße".encode("latin-1"))
    with (root / "long line.txt").open("wb") as file:
        for _ in range(200):
            file.write(b"x" * 1_000_000)
    (root / "gone.txt").symlink_to(root / "nowhere")
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe.txt")
    if os.geteuid() != 0:  # root is let through every door
        (root / "closed.txt").write_text("secret")
        (root / "closed.txt").chmod(0)
    bomb_pdf(root / "bomb.pdf")
    (root / ".hidden.txt").write_text("not for you")
    return root


@pytest.fixture
def ingest(
    client: Elasticsearch, capabilities: Capabilities, index: str, tmp_path: Path
) -> tuple[Ingest, list[Failure]]:
    set_up(client, index, PROFILE, capabilities)
    failures: list[Failure] = []

    def note(failure: Failure) -> Failure:
        failures.append(failure)
        return failure

    return (
        Ingest(
            client,
            index,
            PROFILE,
            capabilities,
            open_provider=DoubleProvider,
            open_tokenizer=WordTokenizer,
            options=Options(page_megabytes=512),
            on_failure=note,
        ),
        failures,
    )


def test_each_broken_thing_is_named_once_and_the_rest_is_in(
    ingest: tuple[Ingest, list[Failure]],
    folder: Path,
    client: Elasticsearch,
    index: str,
    tmp_path: Path,
) -> None:
    engine, failures = ingest
    report = engine.run(Targets([str(folder)], Setting(client, tmp_path)))
    told = {Path(each.source).name: each.message for each in failures}
    assert {name for name in told if told[name]} == BAD.keys()
    assert len(failures) == len(BAD)
    for name, message in BAD.items():
        assert message in told[name], (name, told[name])
        assert "\n" not in told[name]
    client.indices.refresh(index=index)
    hits = client.search(index=index, size=100)["hits"]["hits"]
    names = Counter(hit["_source"]["source"]["uri"].rpartition("/")[2] for hit in hits)
    assert names == GOOD
    assert names.total() == report.embedded


def test_a_file_that_grows_while_it_is_read_and_one_that_goes(
    ingest: tuple[Ingest, list[Failure]], client: Elasticsearch, index: str, tmp_path: Path
) -> None:
    engine, failures = ingest
    root = tmp_path / "in"
    root.mkdir()
    for number in range(60):
        (root / f"note-{number:02}.txt").write_text(f"note {number}")
    growing, stop = root / "note-00-growing.txt", threading.Event()
    growing.write_text("x" * 40_000_000)

    def grow() -> None:
        with growing.open("a") as file:
            while not stop.is_set():
                file.write("y")
                file.flush()

    def found() -> Iterator[object]:
        for each in Targets([str(root)], Setting(client, tmp_path)):
            yield each
            (root / "note-59.txt").unlink(missing_ok=True)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        report = engine.run(found())  # type: ignore[arg-type]
    finally:
        stop.set()
        writer.join()
    messages = sorted(each.message for each in failures)
    assert [message.partition(";")[0] for message in messages] == [
        "cannot be read: there is no such file (any more)",
        "changed while it was read",
    ]
    assert report.embedded == 59
