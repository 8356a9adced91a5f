"""Pictures of pages and images for people to look at, encoded where they are drawn."""

import io
from dataclasses import dataclass

from PIL.Image import Image as PilImage

# Letters of a page stay sharp; a tenth larger than at Pillow's own 75 and half of its blur.
_QUALITY = 85


@dataclass(frozen=True, slots=True)
class Preview:
    """An encoded picture.

    Attributes:
        content: of the file.
        width: in pixels.
        height: in pixels.
    """

    content: bytes
    width: int
    height: int


def as_jpeg(picture: PilImage) -> Preview:
    """Encode a picture for people."""
    return _encoded(picture, "JPEG", quality=_QUALITY)


def as_png(picture: PilImage) -> Preview:
    """Encode a picture without a loss, as fast as that goes."""
    return _encoded(picture, "PNG", compress_level=1)


def _encoded(picture: PilImage, form: str, **options: int) -> Preview:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return Preview(buffer.getvalue(), *picture.size)
