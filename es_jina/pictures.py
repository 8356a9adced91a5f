"""Opening pictures: upright RGB comes out, or an error for that item alone."""

import io
import math
import warnings
from pathlib import Path

from PIL import Image as PilImages
from PIL import ImageOps, UnidentifiedImageError
from PIL.Image import Image as PilImage

from es_jina.errors import ItemError
from es_jina.inputs import Image

# Checked on the header, before a pixel is decoded: a small file can claim an enormous picture.
MAX_PIXELS = 200_000_000
# The reference refuses more elongated pictures than this (Qwen2-VL's smart resize).
MAX_ASPECT = 200


def open_picture(image: Image) -> PilImage:
    """Decode an image to upright RGB.

    Args:
        image: a path, the bytes of a file, or a decoded picture, in any mode.

    Returns:
        A picture in mode RGB, EXIF orientation applied, transparency laid on white.

    Raises:
        ItemError: not a picture, cut off, empty, over :data:`MAX_PIXELS` or too elongated.
    """
    source = image.source
    try:
        if isinstance(source, PilImage):
            return _upright_rgb(source)
        with warnings.catch_warnings():
            # Our own limit replaces Pillow's warning about large pictures.
            warnings.simplefilter("ignore", PilImages.DecompressionBombWarning)
            with PilImages.open(
                io.BytesIO(source) if isinstance(source, bytes) else source
            ) as opened:
                return _upright_rgb(opened)
    except ItemError:
        raise
    except UnidentifiedImageError:
        raise ItemError("not a picture in a format that can be read") from None
    except FileNotFoundError:
        raise ItemError(f"no such file: {source!s}") from None
    except PilImages.DecompressionBombError as error:
        raise ItemError(f"too large: {error}") from None
    except Exception as error:  # Pillow's decoders raise many types on damaged data
        raise ItemError(f"the picture cannot be decoded: {_first_line(error)}") from error


def scale_to_budget(width: int, height: int, max_pixels: int) -> tuple[int, int]:
    """Return the size of the same shape within a pixel budget; never larger than it was."""
    scale = min(1.0, math.sqrt(max_pixels / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


def is_picture(path: Path) -> bool:
    """Say whether Pillow knows the format of a file by its header."""
    try:
        with warnings.catch_warnings(), PilImages.open(path):
            return True
    except Exception:  # any failure to read it means that it is no picture to us
        return False


def _upright_rgb(picture: PilImage) -> PilImage:
    width, height = picture.size
    if not width or not height:
        raise ItemError(f"an empty picture ({width} x {height} pixels)")
    if width * height > MAX_PIXELS:
        raise ItemError(
            f"{width} x {height} pixels: over the limit of {MAX_PIXELS // 1_000_000} million"
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ItemError(f"{width} x {height} pixels: one side is over {MAX_ASPECT} times the other")
    upright = ImageOps.exif_transpose(picture)
    if upright.mode == "RGB":
        upright.load()
        return upright.copy() if upright is picture else upright
    if upright.mode.startswith("I;16") or upright.mode in ("I", "F"):
        return _sixteen_bit_to_rgb(upright)
    if upright.has_transparency_data:
        rgba = upright.convert("RGBA")
        return PilImages.alpha_composite(PilImages.new("RGBA", rgba.size, "white"), rgba).convert(
            "RGB"
        )
    return upright.convert("RGB")


def _sixteen_bit_to_rgb(picture: PilImage) -> PilImage:
    """Scale grey values of more than 8 bits; Pillow's own conversion would clip them at 255."""
    import numpy as np

    values = np.asarray(picture, dtype=np.float64)
    top = 65535.0 if values.max(initial=0) > 255 else 255.0
    return PilImages.fromarray(np.clip(values / top * 255, 0, 255).astype(np.uint8)).convert("RGB")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0] or type(error).__name__
