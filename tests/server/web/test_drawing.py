"""Drawing pictures: how many at a time, what is kept, what comes from the web."""

import asyncio
import hashlib
import io
import time
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PIL import Image

from es_jina.ingest.preview import Preview
from es_jina.server.refused import INVALID, RefusedError
from es_jina.server.web import drawing as module
from es_jina.server.web.depicted import Depicted
from es_jina.server.web.drawing import Drawing
from es_jina.server.web.source_files import SourceFiles
from tests.ingest.files import nested_pdf, pdf, picture

T = TypeVar("T")


class Counting:
    """A renderer that draws nothing, and counts what it is asked for."""

    drawn = now = most = 0

    def __init__(self, *_: Any, **__: Any) -> None:
        self._pool = ThreadPoolExecutor(8)

    def preview(self, path: Path, index: int, side: int, *, pdf: bool) -> Future[Preview]:
        Counting.drawn += 1
        Counting.now += 1
        Counting.most = max(Counting.most, Counting.now)
        return self._pool.submit(self._draw, path, index)

    def _draw(self, path: Path, index: int) -> Preview:
        time.sleep(0.005)  # long enough for others to come
        Counting.now -= 1
        return Preview(bytes([index]), 1, 1)

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> type[Counting]:
    """What is counted, from 0, where two are drawn at a time."""
    monkeypatch.setattr(module, "Renderer", Counting)
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    Counting.drawn = Counting.now = Counting.most = 0
    return Counting


def depicted(path: Path, index: int = 0, uri: str | None = None) -> Depicted:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    is_pdf = path.suffix == ".pdf"
    return Depicted(uri or path.as_uri(), digest, is_pdf, index, whole=not is_pdf)


def run(work: Coroutine[Any, Any, T], drawing: Drawing) -> T:
    try:
        return asyncio.run(work)
    finally:
        drawing.close()


def test_few_are_drawn_at_a_time_and_each_once(counted: type[Counting], tmp_path: Path) -> None:
    paper = pdf(tmp_path / "a.pdf", "one")
    pages = [depicted(paper, index) for index in range(6)]
    drawing = Drawing(SourceFiles(None))

    async def asked() -> list[Preview]:
        first = await asyncio.gather(*(drawing.preview(page, 100) for page in pages * 5))
        # Those that come later find them.
        assert await asyncio.gather(*(drawing.preview(page, 100) for page in pages)) == first[:6]
        return first

    found = run(asked(), drawing)
    assert len({each.content for each in found}) == 6
    assert counted.most <= 2
    # Two that wait at the same time may both be drawn, but not all thirty.
    assert 6 <= counted.drawn < 15


def test_those_beyond_are_told_to_come_back(
    counted: type[Counting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAITING", 3)
    paper = pdf(tmp_path / "a.pdf", "one")
    drawing = Drawing(SourceFiles(None))

    async def asked() -> list[Any]:
        waiting = (drawing.preview(depicted(paper, index), 100) for index in range(8))
        found: list[Any] = await asyncio.gather(*waiting, return_exceptions=True)
        return [*found, await drawing.preview(depicted(paper, 7), 100)]  # there is room again

    *found, later = run(asked(), drawing)
    refused = [each for each in found if isinstance(each, RefusedError)]
    assert len(refused) == 3
    assert (refused[0].status, refused[0].retry_after) == (429, 5)
    assert isinstance(later, Preview)


def test_what_takes_too_long_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.5)
    monkeypatch.setattr(module, "_AT_ONCE", 1)
    slow = nested_pdf(tmp_path / "slow.pdf", 5, 40)
    drawing = Drawing(SourceFiles(None))
    with pytest.raises(RefusedError) as raised:
        run(drawing.preview(depicted(slow), 320), drawing)
    assert raised.value.status == 404
    # No option of another command is named.
    assert raised.value.detail.endswith("page 1 took longer than 0.5 s and was cut off")


def test_a_file_that_changes_while_it_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = picture(tmp_path / "a.png")
    of = depicted(path)

    class Changing(Counting):
        def _draw(self, path: Path, index: int) -> Preview:
            picture(path, "red")
            return super()._draw(path, index)

    monkeypatch.setattr(module, "Renderer", Changing)
    drawing = Drawing(SourceFiles(None))
    with pytest.raises(RefusedError, match="has changed since it was indexed"):
        run(drawing.preview(of, 100), drawing)


def test_the_model_is_shown_the_file_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = picture(tmp_path / "a.png")
    drawing = Drawing(SourceFiles(None))
    image = run(drawing.for_model(depicted(path), 100), drawing)
    assert image.source == path.read_bytes()
    monkeypatch.setattr("es_jina.server.web.source_files._MOST_READ", 100)
    with pytest.raises(RefusedError, match="over the limit of 0 MB for what is embedded anew"):
        run(drawing.for_model(depicted(path), 100), drawing)
    other = Depicted(path.as_uri(), "0" * 64, pdf=False, index=0, whole=True)
    monkeypatch.undo()
    with pytest.raises(RefusedError, match="has changed since it was indexed"):
        run(drawing.for_model(other, 100), drawing)


class Web:
    """What is at an address."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[str] = []

    async def fetch(self, address: str) -> bytes:
        self.asked.append(address)
        if not self.content:
            raise RefusedError(400, f"{address!r} cannot be fetched: HTTP 404", INVALID)
        return self.content


URL = "https://example.org/a"


def test_what_is_on_the_web_is_fetched_where_it_may_be(tmp_path: Path) -> None:
    paper = pdf(tmp_path / "a.pdf", "one", "two")
    web = Web(paper.read_bytes())
    drawing = Drawing(SourceFiles(web.fetch))

    async def asked() -> None:
        sizes = [
            Image.open(io.BytesIO((await drawing.preview(depicted(paper, page, URL), 40)).content))
            for page in (0, 1, 0)
        ]
        assert {each.size for each in sizes} == {(30, 40)}
        whole = await drawing.for_model(depicted(paper, 1, URL), 3000)
        assert isinstance(whole.source, bytes)
        assert web.asked == [URL]  # its bytes are kept
        image = depicted(picture(tmp_path / "b.png"), 0, URL)
        with pytest.raises(RefusedError, match="what is at its address has changed") as raised:
            await drawing.preview(image, 40)
        assert raised.value.status == 404
        web.content = b""
        with pytest.raises(RefusedError, match="cannot be fetched: HTTP 404") as raised:
            await drawing.for_model(image, 40)
        assert raised.value.status == 404

    run(asked(), drawing)


def test_what_is_on_the_web_is_left_alone_where_it_may_not_be(tmp_path: Path) -> None:
    drawing = Drawing(SourceFiles(None))
    image = depicted(picture(tmp_path / "b.png"), 0, URL)
    for asked in (drawing.preview(image, 40), drawing.for_model(image, 40)):
        with pytest.raises(RefusedError, match="it is on the web: start the server with"):
            run(asked, drawing)


def test_a_file_is_read_once_for_all_its_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = pdf(tmp_path / "a.pdf", "one", "two", "three")
    of = [depicted(paper, index) for index in range(3)]
    read: list[str] = []
    digest = hashlib.file_digest

    def counted(file: Any, name: str) -> Any:
        read.append(name)
        return digest(file, name)

    monkeypatch.setattr("es_jina.server.web.source_files.hashlib.file_digest", counted)
    files = SourceFiles(None)

    async def asked() -> None:
        for each in of:
            await files.check(each)
        paper.write_bytes(b"other")
        for each in of:
            with pytest.raises(RefusedError):
                await files.check(each)

    asyncio.run(asked())
    assert len(read) == 2
