"""What an input costs, estimated before the model has seen it."""

from es_jina.inputs import Image, Input, Text
from es_jina.pictures import picture_size, scale_to_budget
from es_jina.server.refused import INVALID, RefusedError

# The prompt, and what frames a picture.
_OVERHEAD = 12
# Letters and signs of most languages: four bytes of UTF-8 are about a token.
_BYTES_PER_TOKEN = 4
# A merged patch of Qwen2.5-VL, one token of the language model.
_PIXELS_PER_TOKEN = 28 * 28
# The vision tower takes about as long for a picture as the language model.
_PICTURE_WEIGHT = 2


def cost(content: Input, max_pixels: int, most_pixels: int) -> int:
    """Return about how many tokens of text an input takes the time of.

    Args:
        content: a text, or an image as bytes or decoded.
        max_pixels: the pixel budget that the model scales images to.
        most_pixels: more than an image may have before that.

    Raises:
        ItemError: it is no picture.
        RefusedError: it has too many pixels.
    """
    if isinstance(content, Text):
        return text_cost(content.text)
    return _image_cost(content, max_pixels, most_pixels)


def text_cost(text: str) -> int:
    """Return about how many tokens a text has."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return _OVERHEAD + size // _BYTES_PER_TOKEN


def picture_cost(pixels: int) -> int:
    """Return about how many tokens of text a picture at its final size takes the time of."""
    return _OVERHEAD + _PICTURE_WEIGHT * (pixels // _PIXELS_PER_TOKEN)


def _image_cost(image: Image, max_pixels: int, most_pixels: int) -> int:
    width, height = picture_size(image)
    if width * height > most_pixels:
        raise RefusedError(
            400,
            f"an image of {width} x {height} pixels: over the limit of {most_pixels / 1e6:g} "
            "million; scale it down",
            INVALID,
        )
    width, height = scale_to_budget(width, height, max_pixels)
    return picture_cost(width * height)
