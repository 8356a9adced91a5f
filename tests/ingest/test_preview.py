"""Pictures of pages and images for people, drawn in the renderer's processes."""

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from es_jina.errors import ItemError
from es_jina.ingest.frames import Frames
from es_jina.ingest.pdf import Pdf
from es_jina.ingest.preview import Preview
from es_jina.ingest.render import Renderer

from .files import damaged_page_pdf, pdf, picture, tiff, truncated


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    """One worker, whose own budget is of no use here."""
    with Renderer(1, workers=1) as opened:
        yield opened


def read(preview: Preview) -> Image.Image:
    opened = Image.open(io.BytesIO(preview.content))
    assert opened.size == (preview.width, preview.height)
    return opened.convert("RGB")


def small(path: Path) -> Image.Image:
    """Draw a picture in this process."""
    with closing(Frames(path)) as frames:
        return frames.small(0, 100)


def colour(shown: Image.Image, x: float, y: float) -> tuple[int, ...]:
    """Return the colour at a place, given in shares of the sides, without the JPEG's noise."""
    pixel = shown.getpixel((int(x * shown.width), int(y * shown.height)))
    assert isinstance(pixel, tuple)
    return tuple(round(value / 32) for value in pixel)


def test_pages_have_the_side_that_is_asked_for(renderer: Renderer, tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", "first", "second")
    for side, size in ((320, (240, 320)), (1400, (1050, 1400)), (7, (5, 7))):
        assert read(renderer.preview(path, 1, side, pdf=True).result(60)).size == size
    shown = read(renderer.preview(path, 0, 400, pdf=True).result(60))
    assert colour(shown, 0.5, 0.9) == (8, 8, 8)
    assert colour(shown, 0.4, 0.65) == (0, 0, 0)


def test_pictures_are_made_smaller_and_never_larger(renderer: Renderer, tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", size=(900, 600))
    assert read(renderer.preview(path, 0, 320, pdf=False).result(60)).size == (320, 213)
    assert read(renderer.preview(path, 0, 1400, pdf=False).result(60)).size == (900, 600)


def test_pages_of_a_tiff(renderer: Renderer, tmp_path: Path) -> None:
    path = tiff(tmp_path / "a.tiff", "red", "lime", "blue")
    for index, expected in enumerate([(8, 0, 0), (0, 8, 0), (0, 0, 8)]):
        shown = read(renderer.preview(path, index, 50, pdf=False).result(60))
        assert (shown.size, colour(shown, 0.9, 0.9)) == ((50, 38), expected)
    with pytest.raises(ItemError, match="there is no page 4: the picture has 3"):
        renderer.preview(path, 3, 50, pdf=False).result(60)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "F", "CMYK"])
def test_every_mode_is_shown(tmp_path: Path, mode: str) -> None:
    drawn = Image.new("RGB", (1000, 500), "white")
    drawn.paste("black", (0, 0, 500, 500))
    if mode == "I;16":
        drawn = Image.fromarray(np.asarray(drawn.convert("L")).astype(np.uint16) * 257)
    path = tmp_path / f"a.{'tiff' if mode in ('CMYK', 'F') else 'png'}"
    (drawn if mode == "I;16" else drawn.convert(mode)).save(path)
    shown = small(path)
    assert (shown.mode, shown.size) == ("RGB", (100, 50))
    assert [colour(shown, x, 0.5) for x in (0.2, 0.8)] == [(0, 0, 0), (8, 8, 8)]


def test_transparency_lies_on_white_and_exif_turns(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (2000, 1000), (255, 0, 0, 255))
    clear.paste((0, 0, 0, 0), (0, 0, 1000, 1000))
    clear.save(tmp_path / "clear.png")
    shown = small(tmp_path / "clear.png")
    assert [colour(shown, x, 0.5) for x in (0.2, 0.8)] == [(8, 8, 8), (8, 0, 0)]
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn to the right
    for suffix in ("jpg", "png", "tiff", "webp"):
        path = tmp_path / f"turned.{suffix}"
        clear.convert("RGB").save(path, exif=exif)
        shown = small(path)
        assert shown.size == (50, 100), suffix
        assert [colour(shown, 0.5, y) for y in (0.2, 0.8)] == [(0, 0, 0), (8, 0, 0)]


def test_a_hundred_megapixels(renderer: Renderer, tmp_path: Path) -> None:
    huge = Image.new("L", (12_500, 8_000), 128)
    huge.save(tmp_path / "huge.png", compress_level=1)
    huge.save(tmp_path / "huge.jpg")
    for suffix in ("png", "jpg"):
        path = tmp_path / f"huge.{suffix}"
        shown = read(renderer.preview(path, 0, 320, pdf=False).result(60))
        assert (shown.size, colour(shown, 0.5, 0.5)) == ((320, 205), (4, 4, 4))
    # Over the limit: told by its header.
    Image.new("1", (12_500, 12_500)).save(tmp_path / "vast.png")
    with pytest.raises(ItemError, match="over the limit of 150 million"):
        renderer.preview(tmp_path / "vast.png", 0, 320, pdf=False).result(60)


def test_what_is_broken_is_told(renderer: Renderer, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"no picture at all")
    (tmp_path / "no.pdf").write_bytes(b"%PDF-1.7 nothing")
    for path, index, is_pdf in (
        (truncated(tmp_path / "half.png"), 0, False),
        (tmp_path / "no.png", 0, False),
        (tmp_path / "no.pdf", 0, True),
        (damaged_page_pdf(tmp_path / "hole.pdf", "here", None, "there"), 1, True),
        (tmp_path / "gone.png", 0, False),
        (tmp_path, 0, False),
    ):
        with pytest.raises(ItemError) as raised:
            renderer.preview(path, index, 320, pdf=is_pdf).result(60)
        assert "\n" not in str(raised.value)


def test_the_model_is_shown_what_it_was_shown(renderer: Renderer, tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", "first", "second")
    with Pdf(path) as opened:
        expected = opened.page(1, 40_000).picture
    whole = read(renderer.whole(path, 1, 40_000, pdf=True).result(60))
    assert whole.tobytes() == expected.tobytes()
    path = tiff(tmp_path / "a.tiff", "red", "blue", size=(400, 300))
    with closing(Frames(path)) as frames:
        expected = frames.frame(1, 40_000)
    whole = read(renderer.whole(path, 1, 40_000, pdf=False).result(60))
    assert whole.tobytes() == expected.tobytes()
