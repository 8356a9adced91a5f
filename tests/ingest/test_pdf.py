from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from es_jina.errors import ItemError
from es_jina.ingest.pdf import Pdf, PdfInfo, most_bytes

from .files import damaged_page_pdf, objects_pdf, pdf, raw_pdf

BUDGET = 200_000


def test_pages_come_as_pictures_with_their_text(tmp_path: Path) -> None:
    with Pdf(pdf(tmp_path / "a.pdf", "first page", "second page", title=" A title ")) as opened:
        assert opened.info == PdfInfo(2, "A title", 2)
        pages = [opened.page(number, BUDGET) for number in range(2)]
        texts = [opened.text(number) for number in range(2)]
    assert [page.text for page in pages] == texts == ["first page", "second page"]
    for page in pages:
        width, height = page.picture.size
        assert page.picture.mode == "RGB"
        assert 0.95 * BUDGET < width * height < 1.05 * BUDGET
        assert abs(width / height - 300 / 400) < 0.01
        # Black rectangle on white paper: rendered, not blank.
        grey = np.asarray(page.picture.convert("L"))
        assert grey.min() < 30
        assert grey.max() > 225


def test_colours_are_in_their_places(tmp_path: Path) -> None:
    path = raw_pdf(tmp_path / "a.pdf", b"1 0 0 rg 0 0 150 400 re f 0 0 1 rg 150 0 150 400 re f")
    with Pdf(path) as opened:
        picture = opened.page(0, BUDGET).picture
    width, height = picture.size
    assert picture.getpixel((width // 4, height // 2)) == (255, 0, 0)
    assert picture.getpixel((3 * width // 4, height // 2)) == (0, 0, 255)


def test_a_pdf_without_title(tmp_path: Path) -> None:
    with Pdf(raw_pdf(tmp_path / "a.pdf", b"")) as opened:
        assert opened.info == PdfInfo(1, None, 1)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Untitled", None),
        ("untitled document", None),
        ("Untitled-1.pdf", None),
        ("Microsoft Word - Document1", None),
        ("Microsoft Word - Heat pumps.docx", "Heat pumps"),
        ("Microsoft PowerPoint - v1.2 of it", "v1.2 of it"),
        ("Untitled works", "Untitled works"),
        ("Document", "Document"),
    ],
)
def test_a_title_that_nobody_gave_is_none(tmp_path: Path, written: str, title: str | None) -> None:
    with Pdf(pdf(tmp_path / "a.pdf", "a page", title=written)) as opened:
        assert opened.title == title


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


_SIDES = st.floats(min_value=1e-3, max_value=1e38) | st.sampled_from([0.0, -5.0, 3e38, 1e300])


@given(_SIDES, _SIDES, st.integers(1, 1_000_000))
def test_a_page_of_any_shape_fits_its_memory_or_is_damaged(
    tmp_path_factory: pytest.TempPathFactory, width: float, height: float, budget: int
) -> None:
    box = f"0 0 {width:f} {height:f}"
    path = raw_pdf(tmp_path_factory.getbasetemp() / "shape.pdf", b"0 0 10 10 re f", box=box)
    with Pdf(path) as opened:
        try:
            picture = opened.page(0, budget).picture
        except ItemError:
            return
    assert 3 * picture.width * picture.height <= most_bytes(budget)


def test_a_page_that_is_not_there(tmp_path: Path) -> None:
    with Pdf(pdf(tmp_path / "a.pdf", "page")) as opened:
        for index in (1, -1):
            with pytest.raises(ItemError, match=f"no page {index + 1}: the PDF has 1"):
                opened.page(index, BUDGET)


def test_a_password(tmp_path: Path) -> None:
    path = pdf(tmp_path / "locked.pdf", "secret", password="open sesame")
    with pytest.raises(ItemError, match="password-protected"):
        Pdf(path)


@pytest.mark.parametrize("keep", [0, 9, 60, 400])
def test_a_damaged_file(tmp_path: Path, keep: int) -> None:
    path = pdf(tmp_path / "a.pdf", "page")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ItemError, match="damaged"):
        Pdf(path)


def test_a_file_without_pages(tmp_path: Path) -> None:
    catalogue, pages = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"
    path = objects_pdf(tmp_path / "none.pdf", catalogue, pages)
    with pytest.raises(ItemError, match=r"no pages|damaged"):
        Pdf(path)


def lying_pdf(path: Path, pages: int, claimed: int) -> Path:
    """Write a PDF that says it has more pages than there are."""
    whole = pdf(path, *(f"page {number}" for number in range(1, pages + 1))).read_bytes()
    said, lie = b"/Count %d" % pages, b"/Count %d" % claimed
    assert whole.count(said) == 1
    path.write_bytes(whole.replace(said, lie))
    return path


def test_a_file_that_lies_about_its_pages(tmp_path: Path) -> None:
    with Pdf(lying_pdf(tmp_path / "a.pdf", 3, 1_000_000)) as opened:
        assert opened.info == PdfInfo(3, None, 1_000_000)
        assert [opened.text(index) for index in range(3)] == ["page 1", "page 2", "page 3"]


def test_damaged_pages_at_the_end_are_pages(tmp_path: Path) -> None:
    with Pdf(damaged_page_pdf(tmp_path / "a.pdf", "one", "two", None, None)) as opened:
        assert opened.info.pages == opened.info.claimed == 4
        assert opened.text(1) == "two"
    with (
        Pdf(damaged_page_pdf(tmp_path / "b.pdf", None, None)) as opened,
        pytest.raises(ItemError, match="none of its 2 pages is there"),
    ):
        _ = opened.info


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ItemError, match="cannot be read: No such file"):
        Pdf(tmp_path / "gone.pdf")
