from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from es_jina.errors import ItemError
from es_jina.ingest.content import file_candidate
from es_jina.ingest.cut import Cutter
from es_jina.ingest.pdf import PdfInfo
from es_jina.ingest.render import Renderer
from es_jina.ingest.sources import Source
from es_jina.ingest.units import Cutting, Unit
from es_jina.inputs import Image, Text

from .files import pdf, picture, tiff
from .provider_double import WordTokenizer

BUDGET = 20_000


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer(BUDGET, workers=1) as opened:
        yield opened


def source_of(path: Path) -> Source:
    source = file_candidate(str(path)).read()
    assert source is not None
    return source


def cut(renderer: Renderer, source: Source, cutting: Cutting) -> tuple[Cutter, list[Unit]]:
    cutter = Cutter(cutting, BUDGET, renderer, WordTokenizer)
    layout = cutter.inspect(source)
    return cutter, list(cutter.units(source, layout.result() if layout else None))


def test_pages_that_a_file_only_claims_are_one_broken_unit(
    renderer: Renderer, tmp_path: Path
) -> None:
    source = source_of(pdf(tmp_path / "a.pdf", "one", "two"))
    cutter = Cutter(Cutting(pdf="both"), BUDGET, renderer, WordTokenizer)
    units = list(cutter.units(source, PdfInfo(2, None, claimed=1_000_000)))
    assert [unit.kind for unit in units] == ["page", "page", "text", "text", "page"]
    assert [unit.broken is None for unit in units] == [True] * 4 + [False]
    assert "pages 3 to 1,000,000 are not in the file" in str(units[-1].broken)


def test_the_last_unit_knows_how_many_there_are(renderer: Renderer, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(" ".join(f"Sentence {number} is here." for number in range(60)))
    source = source_of(path)
    _, units = cut(renderer, source, Cutting(chunk_tokens=40))
    assert [unit.number for unit in units] == [*range(len(units))]
    assert [unit.count for unit in units] == [None] * (len(units) - 1) + [len(units)]
    assert source.text is not None
    for unit in units:
        assert unit.span is not None
        assert source.text[slice(*unit.span)] == unit.text
        assert unit.chunk == unit.number + 1


def test_late_chunks_know_their_section(renderer: Renderer, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("\n\n".join("word " * 90 + f"end {number}." for number in range(600)))
    source = source_of(path)
    assert source.text is not None
    _, units = cut(renderer, source, Cutting(chunk_tokens=200, late=True))
    sections = {id(unit.section): unit.section for unit in units}
    assert len(sections) > 1
    for unit in units:
        assert unit.section is not None
        assert unit.section.text[slice(*unit.within)] == unit.text
        assert source.text[slice(*(unit.span or ()))] == unit.text
    ends = [unit.span for unit in units if unit.span]
    assert all(before[1] <= behind[0] for before, behind in pairwise(ends))


def test_pages_and_text_layer_of_a_pdf(renderer: Renderer, tmp_path: Path) -> None:
    source = source_of(pdf(tmp_path / "a.pdf", "first page", "second page", title="A title"))
    cutter, units = cut(renderer, source, Cutting(pdf="both"))
    assert [(unit.kind, unit.page, unit.chunk) for unit in units] == [
        ("page", 1, None),
        ("page", 2, None),
        ("text", 1, 1),
        ("text", 2, 2),
    ]
    assert {unit.title for unit in units} == {"A title"}
    assert {unit.pages for unit in units} == {2}
    loaded = [cutter.start(unit)() for unit in units]
    assert [item.text for item in loaded] == ["first page", "second page"] * 2
    assert [type(item.input) for item in loaded] == [Image, Image, Text, Text]


def test_late_chunks_of_a_pdf_see_the_pages_around_them(renderer: Renderer, tmp_path: Path) -> None:
    source = source_of(pdf(tmp_path / "a.pdf", "first page", "second page"))
    _, units = cut(renderer, source, Cutting(pdf="text", late=True))
    assert [unit.text for unit in units] == ["first page", "second page"]
    for unit in units:
        assert unit.section is not None
        assert unit.section.text == "first page\n\nsecond page\n\n".rstrip()
        assert unit.section.text[slice(*unit.within)] == unit.text


def test_a_pdf_without_words(renderer: Renderer, tmp_path: Path) -> None:
    source = source_of(pdf(tmp_path / "a.pdf", ""))
    with pytest.raises(ItemError, match="--pdf pages"):
        cut(renderer, source, Cutting(pdf="text"))
    assert len(cut(renderer, source, Cutting(pdf="both"))[1]) == 1


def test_pictures_and_tiffs(renderer: Renderer, tmp_path: Path) -> None:
    _, (unit,) = cut(renderer, source_of(picture(tmp_path / "a.png")), Cutting())
    assert (unit.kind, unit.page) == ("image", None)
    one = source_of(tiff(tmp_path / "one.tiff", "red"))
    assert [unit.kind for unit in cut(renderer, one, Cutting())[1]] == ["image"]
    two = source_of(tiff(tmp_path / "two.tiff", "red", "blue"))
    cutter, units = cut(renderer, two, Cutting())
    assert [(unit.kind, unit.page, unit.pages) for unit in units] == [
        ("page", 1, 2),
        ("page", 2, 2),
    ]
    shown = cutter.start(units[1])().input
    assert isinstance(shown, Image)
