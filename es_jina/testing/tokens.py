"""How many tokens an item has, by rules that are simple and near enough to the model's own."""

import io
from base64 import b64decode
from dataclasses import dataclass

from PIL import Image as Pillow

from es_jina.testing.answers import RefusedError, invalid, nested

Item = dict[str, str]

# Of the prompt round a text, and of the template round an image.
TEXT_PROMPT = 3
IMAGE_PROMPT = 11
TILE = 28
BILLED_PER_TILE = 10
# An image at an address is not fetched.
TILES_AT_ADDRESS = 100

_ADDRESSES = ("http://", "https://")


@dataclass(frozen=True)
class Tokens:
    """The tokens of one item.

    Attributes:
        read: by the model; a multi-vector has a row for each.
        billed: the same for a text, ten for each tile of an image.
    """

    read: int
    billed: int


def as_item(given: str | Item) -> Item:
    """Return an item as an object; a text alone may stand for one."""
    return {"text": given} if isinstance(given, str) else given


def tokens_of(given: str | Item) -> Tokens:
    """Count an item's tokens: of a text a quarter of its bytes, of an image its tiles.

    Raises:
        RefusedError: 400 or 422: an image that is none.
    """
    item = as_item(given)
    if "text" in item:
        tokens = len(item["text"].encode()) // 4 + TEXT_PROMPT
        return Tokens(tokens, tokens)
    tiles = _tiles(item["image"])
    return Tokens(tiles + IMAGE_PROMPT, tiles * BILLED_PER_TILE)


def cut_text(text: str, tokens: int) -> str:
    """Return the beginning of a text that has no more than so many tokens."""
    size = 4 * (tokens - TEXT_PROMPT) + 3
    return text.encode()[:size].decode(errors="ignore")


def _tiles(image: str) -> int:
    if image.startswith(_ADDRESSES):
        return TILES_AT_ADDRESS
    if image.startswith("data:"):
        # The API has been seen to take these; its documents name addresses and raw base64 alone.
        raise RefusedError(invalid("body -> input -> image", "send raw base64, no data: address"))
    try:
        with Pillow.open(io.BytesIO(b64decode(image, validate=True))) as picture:
            return -(-picture.width // TILE) * -(-picture.height // TILE)
    except (ValueError, OSError) as error:
        raise RefusedError(nested(400, None, "Failed to decode image")) from error
