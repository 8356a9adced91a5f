from dataclasses import replace
from pathlib import Path

import pytest

from es_jina.ingest.expected import Expected
from es_jina.ingest.sources import Source
from es_jina.ingest.units import Unit

from .files import picture

BUDGET = 602_112


@pytest.fixture
def unit() -> Unit:
    source = Source("file:///a", "a", "text/plain", "0" * 64, "a", 1)
    return Unit(source, 0, "text", "a", "x", tokens=30)


@pytest.fixture
def expected() -> Expected:
    return Expected(BUDGET)


def test_texts_count_their_tokens(expected: Expected, unit: Unit) -> None:
    expected.add(unit)
    expected.add(replace(unit, tokens=12))
    assert (expected.texts, expected.text_tokens) == (2, 42)
    assert (expected.pictures, expected.tiles) == (0, 0)


@pytest.mark.parametrize(
    ("size", "tiles"),
    [((28, 28), 1), ((29, 57), 2 * 3), ((120, 90), 5 * 4), ((2800, 2100), 32 * 24)],
)
def test_pictures_count_by_their_header(
    expected: Expected, unit: Unit, tmp_path: Path, size: tuple[int, int], tiles: int
) -> None:
    image = picture(tmp_path / "a.png", size=size)
    for each in (image, image.read_bytes()):
        source = replace(unit.source, image=each)
        expected.add(replace(unit, kind="image", source=source))
    assert (expected.pictures, expected.tiles) == (2, 2 * tiles)


def test_what_is_rendered_or_cannot_be_read_counts_the_pixel_budget(
    expected: Expected, unit: Unit
) -> None:
    broken = replace(unit.source, image=b"no picture")
    expected.add(replace(unit, kind="image", source=broken))
    one = expected.tiles
    # 768 tiles fill the budget; an A4 page begins 24 x 33.
    assert 24 * 33 <= one < 850
    expected.add(replace(unit, kind="page", page=1))
    assert (expected.pictures, expected.tiles) == (2, 2 * one)


def test_another_model_counts_larger_tiles(unit: Unit, tmp_path: Path) -> None:
    expected = Expected(512 * 512, tile=512)
    image = picture(tmp_path / "a.png", size=(120, 90))
    expected.add(replace(unit, kind="image", source=replace(unit.source, image=image)))
    assert expected.tiles == 1
