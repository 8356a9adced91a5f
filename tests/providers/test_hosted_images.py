"""Pictures as the hosted provider sends them: the file itself where it can be, else one like it."""

import io
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from es_jina.embedding import Embedding
from es_jina.errors import ItemError
from es_jina.inputs import Image
from es_jina.providers.base import Want
from es_jina.providers.hosted import HostedProvider
from es_jina.testing import StubApi

from .asking import BOTH, TASK, embedding, failure, file_bytes, multi, picture


class Asked:
    """Sends one picture after the other."""

    def __init__(self, api: StubApi, provider: HostedProvider) -> None:
        self._api = api
        self._provider = provider

    def embed(self, source: Any, **options: Any) -> Embedding | ItemError:
        [result] = self._provider.embed([Image(source)], TASK, Want.SINGLE, **options)
        return result

    @property
    def data(self) -> bytes:
        """What was sent last."""
        [item] = self._api.bodies[-1]["input"]
        return b64decode(item["image"], validate=True)

    @property
    def picture(self) -> Pillow.Image:
        return Pillow.open(io.BytesIO(self.data))


@pytest.fixture
def asked(api: StubApi, hosted: HostedProvider) -> Asked:
    return Asked(api, hosted)


@pytest.mark.parametrize("kind", ["path", "bytes", "decoded"])
def test_every_source_of_an_image(
    api: StubApi, hosted: HostedProvider, asked: Asked, tmp_path: Path, kind: str
) -> None:
    original = picture(60, 40)
    path = tmp_path / "a.png"
    original.save(path)
    sources: dict[str, Any] = {"path": path, "bytes": path.read_bytes(), "decoded": original}
    [result] = hosted.embed([Image(sources[kind])], TASK, BOTH)
    assert embedding(result).tokens == len(multi(result)) == 3 * 2 + 11
    assert (asked.picture.format, asked.picture.mode) == ("PNG", "RGB")
    np.testing.assert_array_equal(np.asarray(asked.picture), np.asarray(original))


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("name", ["PNG", "JPEG"])
def test_a_file_that_fits_is_sent_as_it_is(
    asked: Asked, tmp_path: Path, name: str, mode: str
) -> None:
    data = file_bytes(picture(60, 40).convert(mode), name, optimize=True)
    path = tmp_path / "a"
    path.write_bytes(data)
    for source in (data, path):
        embedding(asked.embed(source))
        assert asked.data == data


def test_an_address_is_passed_through(api: StubApi, hosted: HostedProvider) -> None:
    url = "https://i.ibb.co/nQNGqL0/beach1.jpg"
    [result] = hosted.embed([Image(url)], TASK, BOTH)
    assert api.bodies[0]["input"] == [{"image": url}]
    assert embedding(result).tokens == len(multi(result))


def text_about() -> PngInfo:
    info = PngInfo()
    info.add_text("Author", "someone")
    return info


def exif(orientation: int) -> Pillow.Exif:
    made = Pillow.Exif()
    made[0x0112] = orientation
    return made


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("PNG", {"pnginfo": text_about()}),
        ("JPEG", {"exif": exif(1)}),
        ("JPEG", {"comment": b"by someone"}),
        ("JPEG", {"icc_profile": b"for a screen" * 100}),
        ("WEBP", {"lossless": True}),
        ("BMP", {}),
    ],
)
def test_a_file_that_tells_more_than_the_picture_is_written_anew(
    asked: Asked, name: str, options: dict[str, Any]
) -> None:
    data = file_bytes(picture(60, 40), name, **options)
    embedding(asked.embed(data))
    assert (asked.picture.format, asked.picture.mode) == ("PNG", "RGB")
    assert not asked.picture.info
    np.testing.assert_array_equal(
        np.asarray(asked.picture), np.asarray(Pillow.open(io.BytesIO(data)))
    )


def test_a_photo_is_sent_upright(asked: Asked) -> None:
    embedding(asked.embed(file_bytes(picture(60, 40), "JPEG", exif=exif(6))))
    assert asked.picture.size == (40, 60)
    assert not asked.picture.getexif()


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "LA"])
def test_every_mode_becomes_rgb(asked: Asked, mode: str) -> None:
    embedding(asked.embed(picture(60, 40).convert(mode)))
    assert asked.picture.mode == "RGB"


def test_a_colour_profile_stays_behind(asked: Asked) -> None:
    cmyk = picture(60, 40).convert("CMYK")
    embedding(asked.embed(file_bytes(cmyk, "JPEG", icc_profile=b"for CMYK" * 1000)))
    assert "icc_profile" not in asked.picture.info


def test_tokens_of_an_image_are_its_tiles_not_its_price(asked: Asked) -> None:
    assert embedding(asked.embed(picture(60, 40))).tokens == 3 * 2 + 11


@pytest.mark.parametrize(
    ("size", "budget", "expected"),
    [
        ((2000, 1000), None, (1097, 548)),
        ((1000, 2000), 200 * 100, (100, 200)),
        ((100, 50), None, (100, 50)),
        ((896, 672), None, (896, 672)),
        ((20000, 100), None, (10800, 54)),
    ],
)
def test_images_shrink_to_the_pixel_budget(
    asked: Asked, size: tuple[int, int], budget: int | None, expected: tuple[int, int]
) -> None:
    embedding(asked.embed(file_bytes(picture(*size)), max_pixels=budget))
    assert asked.picture.size == expected


def test_jpeg_where_png_would_be_too_large(asked: Asked) -> None:
    embedding(asked.embed(picture(1600, 1500, noise=True), max_pixels=10_000_000))
    assert (asked.picture.format, asked.picture.size) == ("JPEG", (1600, 1500))


def test_an_image_that_no_format_makes_small_enough(api: StubApi, asked: Asked) -> None:
    result = asked.embed(picture(2400, 2000, noise=True), max_pixels=10_000_000)
    assert "max_pixels" in failure(result)
    assert api.requests == []
