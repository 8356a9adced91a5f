"""The sample folder: what is committed is what the generator draws, and it is worth searching."""

import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from es_jina.demo.make_sample import REPORTS, SAMPLE, TEXT_SUFFIXES, make_sample
from es_jina.demo.sample_source.blocks import Pie, Report, Text
from es_jina.demo.sample_source.decks import DECKS
from es_jina.demo.sample_source.pages import report_pdf
from es_jina.demo.sample_source.pictures import PICTURES
from tests.demo.conftest import Made
from tests.demo.pages import files, page_texts, pixels

README = Path(__file__).parents[2] / "README.md"

# A phrase from each page, so that a page that lost its text layer is found by name.
PHRASES = {
    "energy/solar-report-2025.pdf": (
        "1,140 roofs",
        "Generation month by month",
        "Payback time",
        "Where the electricity goes",
    ),
    "food/recolte-cafe-2025.pdf": ("Plateau de Kira", "Euros par kilo", "Notes des dégustateurs"),
    "energy/waermepumpe-wartung.pdf": (
        "Expansionsventil",
        "Schmutzfilter",
        "Niederdruck zu tief",
        "Außentemperatur in °C",
    ),
    "city/encuesta-ciclista-2025.pdf": ("2480 vecinos", "Polígono Sur", "carril separado"),
}

# What a text of that language cannot do without; Japanese and Chinese put no spaces around words.
LANGUAGES: dict[str, tuple[str, ...]] = {
    "energy/heat-pump-faq.md": (" the ", " and ", " does "),
    "notes/led-blinker-howto.md": (" the ", " and ", " with "),
    "travel/beach-weekend.txt": (" the ", " and ", " with "),
    "notes/Besprechung Solardach.md": (" und ", " der ", " wird "),
    "food/macedonia-de-frutas.md": (" las ", " para ", " hasta "),
    "food/珈琲の淹れ方.md": ("の", "を", "コーヒー"),
    "travel/lake-ride-zh.md": ("的", "了", "骑"),
    "food/bread-and-cheese.md": (" the ", " and ", " for "),
    "home/fridge-and-oven-tips.md": (" the ", " and ", " more "),
    "health/Schlaf und Arzt.md": (" und ", " der ", " wie "),
    "nature/Regen im Wald.md": (" und ", " der ", " bei "),
    "culture/小提琴音乐会.md": ("的", "是", "请"),
}


def test_two_runs_write_the_same_bytes(made: Made, tmp_path: Path) -> None:
    make_sample(tmp_path / "sample", tmp_path / "truth")
    assert files(tmp_path / "sample") == files(made.sample)
    assert files(tmp_path / "truth") == files(made.truth)


def test_the_committed_folder_holds_what_the_generator_writes(made: Made) -> None:
    assert files(SAMPLE).keys() == files(made.sample).keys()
    assert files(SAMPLE).keys() == {*PHRASES, *PICTURES, *LANGUAGES, *(d.path for d in DECKS)}


@pytest.mark.parametrize("path", PHRASES)
def test_the_committed_pdfs_say_what_the_generator_writes(made: Made, path: str) -> None:
    assert page_texts(SAMPLE / path) == page_texts(made.sample / path)


@pytest.mark.parametrize("path", [*PHRASES, *PICTURES])
def test_the_committed_files_look_as_drawn(made: Made, path: str) -> None:
    # Not the bytes: they also depend on the zlib, libjpeg and FreeType that Pillow was built with.
    for committed, drawn in zip(pixels(SAMPLE / path), pixels(made.sample / path), strict=True):
        assert committed.shape == drawn.shape
        assert np.abs(committed.astype(np.int16) - drawn).mean() < 2


def test_the_readme_counts_files_and_units() -> None:
    readme = README.read_text(encoding="utf-8")
    told = re.search(r"(\d+) files: (\d+) units embedded", readme)
    assert told is not None
    assert f"{told[1]} sample documents in six languages" in readme
    assert int(told[1]) == len(files(SAMPLE))
    pages = sum(len(page_texts(path)) for path in SAMPLE.rglob("*.pdf"))
    others = [path for path in files(SAMPLE) if not path.endswith(".pdf")]
    assert 60 <= pages + len(others) <= 100
    # A text is at least one unit; how many depends on the tokens of a model.
    most = sum(4 if Path(path).suffix in TEXT_SUFFIXES else 1 for path in others)
    assert pages + len(others) <= int(told[2]) <= pages + most


@pytest.mark.parametrize("path", PHRASES)
def test_each_page_has_its_text_layer(path: str) -> None:
    texts = page_texts(SAMPLE / path)
    assert len(texts) >= 2
    for text, phrase in zip(texts, PHRASES[path], strict=True):
        assert phrase in text
        # A glyph that the typeface lacks would show as a box and read as nothing useful.
        assert "\ufffd" not in text
        assert "\0" not in text


@pytest.mark.parametrize("path", PICTURES)
def test_each_picture_is_in_its_format_and_full_of_colour(path: str) -> None:
    with Image.open(SAMPLE / path) as image:
        assert image.format == PICTURES[path][1]
        assert min(image.size) >= 500
        colours = image.convert("RGB").resize((64, 64)).getcolors(64 * 64)
    assert colours is not None
    assert len(colours) > 50


def test_every_kind_of_picture_is_there() -> None:
    assert {form for _, form in PICTURES.values()} == {"PNG", "JPEG", "WEBP", "GIF", "TIFF"}


@pytest.mark.parametrize("path", LANGUAGES)
def test_each_text_is_in_its_language(path: str) -> None:
    text = " ".join((SAMPLE / path).read_text(encoding="utf-8").lower().split())
    assert [word for word in LANGUAGES[path] if word not in text] == []


def test_japanese_has_kana_and_chinese_has_none() -> None:
    def kana(path: str) -> int:
        text = (SAMPLE / path).read_text(encoding="utf-8")
        return sum("HIRAGANA" in unicodedata.name(sign, "") for sign in text)

    assert kana("food/珈琲の淹れ方.md") > 100
    assert kana("travel/lake-ride-zh.md") == 0


def test_the_reports_are_in_four_languages() -> None:
    assert {report.language for report in REPORTS} == {"en-GB", "de-DE", "fr-FR", "es-ES"}


def test_names_survive_every_file_system() -> None:
    # macOS may take names apart (NFD); a name with nothing to take apart stays itself.
    for path in files(SAMPLE):
        assert unicodedata.normalize("NFD", path) == path


def test_the_folder_stays_small() -> None:
    assert sum(len(content) for content in files(SAMPLE).values()) < 2_000_000


def test_the_parts_of_each_pie_make_a_whole() -> None:
    pies = [b for r in REPORTS for page in r.pages for b in page if isinstance(b, Pie)]
    assert pies
    assert [sum(pie.parts.values()) for pie in pies] == [100] * len(pies)


def test_a_page_that_is_too_full_is_refused() -> None:
    blocks = [Text("A paragraph that takes one line.")] * 60
    report = Report("full.pdf", "en", "Full", "", "Page", ("#000000", "#ffffff"), [blocks])
    with pytest.raises(ValueError, match=r"full\.pdf: page 1 is too full"):
        report_pdf(report)
