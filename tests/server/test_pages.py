"""PDFs of requests: what is refused before it is rendered, and how many are at a time."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from es_jina.ingest.pdf import Page, PdfInfo
from es_jina.ingest.render import Renderer
from es_jina.inputs import Image
from es_jina.server.limits import Limits
from es_jina.server.pages import Pages
from es_jina.server.refused import RefusedError
from tests.ingest.files import nested_pdf, pdf

BUDGET = 28 * 28 * 50


class Counting(Renderer):
    """Counts the PDFs of one page that are between their look and their page."""

    most = now = pages = 0

    def inspect(self, path: Path) -> Future[PdfInfo]:
        Counting.now += 1
        Counting.most = max(Counting.most, Counting.now)
        return super().inspect(path)

    def page(self, path: Path, index: int) -> Future[Page]:
        Counting.now -= 1
        Counting.pages += 1
        return super().page(path, index)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> type[Counting]:
    """What is counted, from 0."""
    monkeypatch.setattr("es_jina.server.pages.Renderer", partial(Counting, workers=1))
    Counting.most = Counting.now = Counting.pages = 0
    return Counting


@pytest.fixture
def file(tmp_path: Path) -> bytes:
    return pdf(tmp_path / "a.pdf", "rain").read_bytes()


@pytest.fixture
def pages() -> Iterator[Pages]:
    made = Pages(BUDGET, Limits())
    yield made
    made.close()


def test_few_are_rendered_at_a_time_and_few_wait(
    counted: type[Counting], pages: Pages, file: bytes
) -> None:
    async def asked() -> list[Any]:
        waiting = (pages.render(file, "input -> pdf") for _ in range(11))
        found: list[Any] = await asyncio.gather(*waiting, return_exceptions=True)
        # There is place again.
        return [*found, await pages.render(file, "input -> pdf")]

    *rendered, refused, later = asyncio.run(asked())
    assert [isinstance(page, Image) for [page] in (*rendered, later)] == [True] * 11
    assert counted.most <= 2
    assert isinstance(refused, RefusedError)
    assert refused.status == 429
    assert refused.retry_after


def test_what_the_queue_would_refuse_is_not_rendered(counted: type[Counting], file: bytes) -> None:
    pages = Pages(BUDGET, Limits(tokens=100))
    with pytest.raises(RefusedError, match="about 112 tokens, over the limit of 100") as raised:
        asyncio.run(pages.render(file, "input -> pdf"))
    pages.close()
    assert raised.value.status == 400
    assert counted.pages == 0


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        # No option of another command is named.
        ("_PAGE_SECONDS", "took longer than 0.5 s and was cut off"),
        ("_FILE_SECONDS", "a PDF that is not rendered within 0.5 seconds: part it"),
    ],
)
def test_what_takes_too_long_is_cut_off(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, told: str
) -> None:
    monkeypatch.setattr("es_jina.server.pages.Renderer", partial(Renderer, workers=1))
    monkeypatch.setattr(f"es_jina.server.pages.{limit}", 0.5)
    slow = nested_pdf(tmp_path / "slow.pdf", 5, 40).read_bytes()
    with pytest.raises(RefusedError) as raised:
        asyncio.run(pages.render(slow, "input -> pdf"))
    assert raised.value.status == 422
    assert raised.value.detail.endswith(told)
