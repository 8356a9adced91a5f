import io
from pathlib import Path

import numpy as np
import pytest
from reportlab.pdfgen.canvas import Canvas

from es_jina.errors import ItemError
from es_jina.ingest.pdf import Pdf

from .files import pdf

BUDGET = 200_000


def test_pages_come_as_pictures_with_their_text(tmp_path: Path) -> None:
    with Pdf(pdf(tmp_path / "a.pdf", "first page", "second page", title=" A title ")) as opened:
        assert opened.pages == 2
        assert opened.title == "A title"
        pages = [opened.page(number, BUDGET) for number in range(2)]
    assert [page.text for page in pages] == ["first page", "second page"]
    for page in pages:
        width, height = page.picture.size
        assert page.picture.mode == "RGB"
        assert 0.95 * BUDGET < width * height < 1.05 * BUDGET
        assert abs(width / height - 300 / 400) < 0.01
        # Black rectangle on white paper: rendered, not blank.
        grey = np.asarray(page.picture.convert("L"))
        assert grey.min() < 30
        assert grey.max() > 225


def test_a_pdf_without_title(tmp_path: Path) -> None:
    with Pdf(pdf(tmp_path / "a.pdf", "page")) as opened:
        assert opened.title in (None, "untitled")


@pytest.mark.parametrize("size", [(20, 2000), (14_000, 14_000), (1, 1)])
def test_odd_page_sizes_stay_within_the_budget(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "odd.pdf"
    canvas = Canvas(str(path), pagesize=size)
    canvas.drawString(0, 0, "x")
    canvas.save()
    with Pdf(path) as opened:
        width, height = opened.page(0, BUDGET).picture.size
    assert width * height < 1.1 * BUDGET
    assert min(width, height) >= 1


def test_a_password(tmp_path: Path) -> None:
    path = pdf(tmp_path / "locked.pdf", "secret", password="open sesame")
    with pytest.raises(ItemError, match="password-protected"):
        Pdf(path)


@pytest.mark.parametrize("keep", [9, 60, 400])
def test_a_damaged_file(tmp_path: Path, keep: int) -> None:
    path = pdf(tmp_path / "a.pdf", "page")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ItemError, match="damaged"):
        Pdf(path)


def test_a_file_without_pages(tmp_path: Path) -> None:
    path = tmp_path / "none.pdf"
    path.write_bytes(empty_pdf())
    with pytest.raises(ItemError, match=r"no pages|damaged"):
        Pdf(path)


def empty_pdf() -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(
        (b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"), start=1
    ):
        offsets.append(out.tell())
        out.write(b"%d 0 obj%s endobj\n" % (number, body))
    xref = out.tell()
    out.write(b"xref\n0 3\n0000000000 65535 f \n")
    for offset in offsets:
        out.write(b"%010d 00000 n \n" % offset)
    out.write(b"trailer<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % xref)
    return out.getvalue()
