"""Inputs made ready for the wire."""

import io
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from es_jina.errors import ItemError
from es_jina.inputs import Image, Input, Text
from es_jina.providers.hosted_models import hosted_model
from es_jina.providers.payload import MAX_IMAGE_BYTES, Item, part, prepared
from es_jina.providers.tokenizers import EstimatedTokens

from .asking import file_bytes, picture

V4 = hosted_model(None)


def ready(source: Input, max_pixels: int = V4.info.max_pixels) -> Item:
    item = prepared(5, source, V4, max_pixels)
    assert isinstance(item, Item), item
    return item


def opened(item: Item) -> Pillow.Image:
    return Pillow.open(io.BytesIO(b64decode(item.wire["image"], validate=True)))


@given(text=st.text(max_size=200))
def test_a_text_goes_as_it_is(text: str) -> None:
    item = ready(Text(text))
    assert (item.position, item.wire) == (5, {"text": text})
    assert item.text_bytes == len(text.encode())
    assert (item.tiles, item.image_bytes) == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "A beautiful sunset over the beach, and then a walk along the dunes to the lighthouse.",
        "Un beau coucher de soleil sur la plage, puis une promenade dans les dunes.",
        "Закат солнца над морем был прекрасен, и мы долго гуляли по берегу.",
        "海滩上美丽的日落，我们沿着沙丘走到灯塔。",
        "浜辺に沈む美しい夕日を眺めてから、砂丘を歩いた。",
        "def main() -> None:\n    return sum(x for x in range(10) if x % 2)\n",
    ],
)
def test_texts_are_rather_counted_too_high(text: str) -> None:
    """The estimate by letters errs upwards, and so does this one by bytes."""
    assert ready(Text(text * 20)).tokens >= 0.75 * len(EstimatedTokens().spans(text * 20))


@settings(max_examples=40)
@given(
    width=st.integers(1, 400),
    height=st.integers(1, 400),
    budget=st.integers(400, 20_000),
    file=st.booleans(),
)
def test_a_picture_is_within_the_budget_and_its_tiles_are_counted(
    width: int, height: int, budget: int, file: bool
) -> None:
    image = Pillow.new("RGB", (width, height), "teal")
    source = Image(file_bytes(image) if file else image)
    result = prepared(0, source, V4, budget)
    if isinstance(result, ItemError):
        assert max(width, height) > 200 * min(width, height)
        return
    sent = opened(result).size
    assert sent[0] * sent[1] <= budget
    assert max(sent) <= 200 * min(sent)
    assert sent == (width, height) or width * height > budget or max(width, height) > 200
    assert result.tiles == -(-sent[0] // 28) * -(-sent[1] // 28)
    assert result.image_bytes == len(result.wire["image"])
    assert result.tokens == result.tiles + 11


@pytest.mark.parametrize("source", ["file", "bytes"])
def test_a_file_that_is_too_long_is_written_anew(tmp_path: Path, source: str) -> None:
    """A PNG that was not packed is small once it is."""
    image = Pillow.new("RGB", (1600, 1500), "teal")
    data = file_bytes(image, compress_level=0)
    assert len(data) * 4 / 3 > 8_000_000
    path = tmp_path / "a.png"
    path.write_bytes(data)
    item = ready(Image(path if source == "file" else data), max_pixels=10_000_000)
    assert item.image_bytes < 100_000
    assert opened(item).size == (1600, 1500)


def test_a_file_above_the_pixel_budget_is_scaled() -> None:
    item = ready(Image(file_bytes(picture(400, 300))), max_pixels=30_000)
    assert opened(item).size == (200, 150)


def test_an_address_counts_as_much_as_it_may() -> None:
    item = ready(Image("https://example.org/a.png"))
    assert item.wire == {"image": "https://example.org/a.png"}
    assert (item.tiles, item.image_bytes) == (28 * 28, 0)


@pytest.mark.parametrize("address", ["", "a.png", "file:///a.png", "data:image/png;base64,AAAA"])
def test_what_is_no_address(address: str) -> None:
    result = prepared(0, Image(address), V4, 1000)
    assert "is no http(s) address: give a Path for a file" in str(result)
    assert isinstance(result, ItemError)


def test_a_long_address_that_is_none_is_shown_in_part() -> None:
    assert len(str(prepared(0, Image("x" * 9999), V4, 1000))) < 200


def test_no_picture_is_above_the_limit() -> None:
    item = ready(Image(picture(1600, 1500, noise=True)), max_pixels=10_000_000)
    assert item.image_bytes < MAX_IMAGE_BYTES
    assert opened(item).format == "JPEG"


@given(first=st.integers(-3, 12), end=st.integers(-3, 12))
def test_parts(first: int, end: int) -> None:
    text = "ein Ümlaut"
    result = part(3, text, (first, end))
    if 0 <= first < end <= len(text):
        assert isinstance(result, Item)
        assert (result.position, result.wire) == (3, {"text": text[first:end]})
    else:
        assert isinstance(result, ItemError)
