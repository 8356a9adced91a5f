"""Inputs as the hosted API takes them."""

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pybase64
from PIL.Image import Image as PilImage
from PIL.Image import Resampling

from es_jina.errors import ItemError
from es_jina.inputs import Image, Input
from es_jina.pictures import MAX_ASPECT, open_picture, original_bytes, scale_to_budget
from es_jina.providers.hosted_models import HostedModel

# The API's limit for one image, kept for the images of a request together: no slow, huge uploads.
MAX_IMAGE_BYTES = 8_000_000
# The template round an image; the prompt before a text is shorter.
PROMPT_TOKENS = 11
# PNG loses nothing, so the vectors are those of the picture itself, as with a local model, and at
# the default pixel budget it stays below 2.5 MB in base64. JPEG is for larger budgets, where PNG
# may be over the limit.
FORMATS: tuple[tuple[str, dict[str, Any]], ...] = (
    # Of pages, the lowest level takes half the time of the default and makes smaller files.
    ("PNG", {"compress_level": 1}),
    ("JPEG", {"quality": 95, "subsampling": 0}),
)


@dataclass(frozen=True, slots=True)
class Item:
    """An input ready to be sent.

    Attributes:
        position: its place among the inputs.
        wire: what is sent.
        text_bytes: of a text in UTF-8; 0 for an image.
        tiles: of an image; 0 for a text.
        image_bytes: of an image in base64.
    """

    position: int
    wire: dict[str, str]
    text_bytes: int = 0
    tiles: int = 0
    image_bytes: int = 0

    @property
    def tokens(self) -> int:
        """What the model reads, rather more than less.

        Prose has three to five bytes to a token. Digits have one: such a request may be too large,
        then the API refuses it and its halves pass.
        """
        return self.tiles + math.ceil(self.text_bytes / 2) + PROMPT_TOKENS


def prepared(position: int, source: Input, model: HostedModel, max_pixels: int) -> Item | ItemError:
    """Make an input ready; a picture is read and scaled down to the pixel budget here."""
    try:
        if not isinstance(source, Image):
            return _text_item(position, source.text)
        if not model.images:
            raise ItemError(
                f"{model.info.name} reads no images; of a PDF, ingest --pdf text takes the words"
            )
        if isinstance(source.source, str):
            return _address_item(position, source.source, model, max_pixels)
        return _image_item(position, source, model, max_pixels)
    except ItemError as error:
        return error


def part(position: int, text: str, span: tuple[int, int]) -> Item | ItemError:
    """Make a part of a text ready.

    Args:
        position: of the part among others.
        text: the whole.
        span: first character of the part and the one behind the last.
    """
    first, end = span
    if not 0 <= first < end <= len(text):
        return ItemError(
            f"the span {first}..{end} is not within the text of {len(text):,} characters: the "
            "first number must be below the second"
        )
    try:
        return _text_item(position, text[first:end])
    except ItemError as error:
        return error


def _text_item(position: int, text: str) -> Item:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ItemError(f"the text is not Unicode: {error.reason}") from error
    return Item(position, {"text": text}, text_bytes=size)


def _address_item(position: int, url: str, model: HostedModel, max_pixels: int) -> Item:
    """Pass an address through; how large its image is, the API alone will know."""
    if not url.lower().startswith(("http://", "https://")) or not url.isprintable():
        raise ItemError(f"{url[:80]!r} is no http(s) address: give a Path for a file")
    side = math.isqrt(max_pixels)
    return Item(position, {"image": url}, tiles=model.tiles(side, side))


def _image_item(position: int, image: Image, model: HostedModel, max_pixels: int) -> Item:
    picture = open_picture(image)
    size = _fitted_size(picture.width, picture.height, max_pixels)
    data = _as_it_is(image) if size == picture.size else None
    if data is None:
        if size != picture.size:
            # Bicubic, like the model's own preparation of images.
            picture = picture.resize(size, Resampling.BICUBIC)
        data = _encoded(picture)
    return Item(position, {"image": data}, tiles=model.tiles(*size), image_bytes=len(data))


def _as_it_is(image: Image) -> str | None:
    """Return the file of a picture in base64 where the API sees the same in it as we do."""
    data = original_bytes(image) if isinstance(image.source, Path | bytes) else None
    encoded = pybase64.b64encode(data).decode() if data else ""
    return encoded if 0 < len(encoded) < MAX_IMAGE_BYTES else None


def _fitted_size(width: int, height: int, max_pixels: int) -> tuple[int, int]:
    width, height = scale_to_budget(width, height, max_pixels)
    # Rounding down must not push a long strip over the aspect that the model takes.
    return min(width, MAX_ASPECT * height), min(height, MAX_ASPECT * width)


def _encoded(picture: PilImage) -> str:
    """Return a picture in base64, in the first format that is within the API's limit."""
    # Pillow would write a colour profile out again: bytes for nothing, or one that is not of RGB.
    picture.info.clear()
    for name, options in FORMATS:
        buffer = io.BytesIO()
        picture.save(buffer, name, **options)
        data = pybase64.b64encode(buffer.getvalue()).decode()
        if len(data) < MAX_IMAGE_BYTES:
            return data
    raise ItemError("the picture is above the API's 8 MB for an image: lower max_pixels")
