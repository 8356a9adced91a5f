"""Opening pictures: upright RGB comes out, or an error for that item alone."""

import importlib.util
import io
import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from PIL import Image as PilImages
from PIL import ImageOps, UnidentifiedImageError
from PIL.Image import Image as PilImage

from es_jina.errors import ItemError, first_line
from es_jina.inputs import Image

# Checked on the header, before a pixel is decoded: a small file can claim an enormous picture.
# Below Pillow's own 179 million, so that the limit and its message are ours.
MAX_PIXELS = 150_000_000
# The reference refuses more elongated pictures than this (Qwen2-VL's smart resize).
MAX_ASPECT = 200
# Pillow hands these to another program (Ghostscript) or to the system to draw: not with files from
# anywhere.
_REFUSED_FORMATS = ("EPS", "WMF")
# What the first box of a HEIF container says it is compatible with (ISO 23008-12, AVIF 1.1).
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_LONGEST_BRANDS = 256
# What a file says of itself that changes nothing of what is seen in it.
_HARMLESS_INFO = frozenset(
    {
        *("jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"),
        *("dpi", "srgb", "gamma", "chromaticity", "aspect", "interlace"),
    }
)
# A picture that several inputs or threads share is decoded by one of them.
_ONE_AT_A_TIME = threading.Lock()


def open_picture(image: Image) -> PilImage:
    """Decode an image to upright RGB.

    Args:
        image: a path, the bytes of a file, or a decoded picture, in any mode.

    Returns:
        A picture in mode RGB, EXIF orientation applied, transparency laid on white.

    Raises:
        ItemError: not a picture, damaged, empty, over :data:`MAX_PIXELS` or too elongated.
    """
    with _opened(image) as picture:
        return _upright_rgb(picture)


def original_bytes(image: Image) -> bytes | None:
    """Return the file of a picture, where any reader of it sees what :func:`open_picture` returns.

    So it is for a PNG or a JPEG in colour or grey that is upright, opaque and tells nothing else
    (where it was taken, how its colours are meant).

    Args:
        image: a path or the bytes of a file that can be opened.

    Returns:
        ``None`` for every other picture.
    """
    source = image.source
    with _opened(image) as picture:
        if picture.format not in {"PNG", "JPEG"} or getattr(picture, "n_frames", 1) > 1:
            return None
        if picture.mode not in {"RGB", "L"} or picture.info.keys() - _HARMLESS_INFO:
            return None
    if isinstance(source, Path):
        return source.read_bytes()
    return source if isinstance(source, bytes) else None


def picture_size(image: Image) -> tuple[int, int]:
    """Return the width and height of an image from its header, before EXIF turns it.

    Raises:
        ItemError: not a picture, empty, over :data:`MAX_PIXELS` or too elongated.
    """
    with _opened(image) as picture:
        _check_size(picture)
        return picture.size


def heif_type(head: bytes) -> str | None:
    """Return image/heic or image/avif for what begins like such a picture, else ``None``."""
    if head[4:8] != b"ftyp":
        return None
    box = head[: min(int.from_bytes(head[:4], "big"), _LONGEST_BRANDS)]
    # The brand, a version, the compatible brands.
    brands = {box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))}
    if brands & _AVIF_BRANDS:
        return "image/avif"
    return "image/heic" if brands & _HEIC_BRANDS else None


def require_heic() -> None:
    """Check that HEIC can be opened.

    Raises:
        ItemError: the library is missing.
    """
    if importlib.util.find_spec("pillow_heif") is None:
        raise ItemError("HEIC needs a library of its own: pip install 'es_jina[heic]'")


@contextmanager
def _opened(image: Image) -> Iterator[PilImage]:
    """Open an image; every complaint inside the block becomes an :class:`ItemError`."""
    source = image.source
    try:
        if isinstance(source, PilImage):
            with _ONE_AT_A_TIME:
                _check_size(source)
                source.load()
            yield source
        elif isinstance(source, bytes | Path):
            with _from_file(source) as opened:
                yield opened
        elif isinstance(source, str):
            raise ItemError(
                "an image at an address is fetched by the hosted API alone: download it, or give "
                "a Path for a file"
            )
        else:
            raise ItemError(
                f"an image is a Path, bytes or a Pillow picture, not a {type(source).__name__}"
            )
    except ItemError:
        raise
    except UnidentifiedImageError:
        raise ItemError("not a picture in a format that can be read") from None
    except FileNotFoundError:
        raise ItemError(f"no such file: {source!s}") from None
    except IsADirectoryError:
        raise ItemError(f"a folder, not a picture: {source!s}") from None
    except PilImages.DecompressionBombError:
        raise ItemError(f"over the limit of {MAX_PIXELS // 1_000_000} million pixels") from None
    except Exception as error:  # Pillow's decoders raise many types on damaged data
        raise ItemError(f"the picture cannot be decoded: {first_line(error)}") from error


def _from_file(source: bytes | Path) -> PilImage:
    """Read the header of a picture; its pixels are not decoded yet."""
    formats = ("HEIF",) if _is_heic(source) else None
    if formats:
        _register_heic()
    with _quietly():  # our own limit replaces Pillow's warning about large pictures
        opened = PilImages.open(
            io.BytesIO(source) if isinstance(source, bytes) else source, formats=formats
        )
        if opened.format in _REFUSED_FORMATS:
            opened.close()
            raise ItemError(f"{opened.format} is a drawing program, not a picture")
        return opened


def _is_heic(source: bytes | Path) -> bool:
    if isinstance(source, bytes):
        head = source[:_LONGEST_BRANDS]
    else:
        with source.open("rb") as file:
            head = file.read(_LONGEST_BRANDS)
    return heif_type(head) == "image/heic"


@cache
def _register_heic() -> None:
    """Teach Pillow HEIC; only where there is one, for the import takes a fifth of a second."""
    require_heic()
    import pillow_heif

    pillow_heif.register_heif_opener()


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep Pillow's warnings back.

    The list of filters belongs to the whole process: two threads must not change it at once.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def scale_to_budget(width: int, height: int, max_pixels: int) -> tuple[int, int]:
    """Return the size of the same shape within a pixel budget; never larger than it was."""
    scale = min(1.0, math.sqrt(max_pixels / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


def _upright_rgb(picture: PilImage) -> PilImage:
    _check_size(picture)
    upright = _upright(picture)
    if upright.mode.startswith("I;16") or upright.mode in ("I", "F"):
        return _wide_grey_to_rgb(upright)
    if upright.mode == "LAB":
        return _lab_to_rgb(upright)
    if upright.has_transparency_data:
        rgba = upright.convert("RGBA")
        white = PilImages.new("RGBA", rgba.size, "white")
        return PilImages.alpha_composite(white, rgba).convert("RGB")
    return upright if upright.mode == "RGB" else upright.convert("RGB")


def _check_size(picture: PilImage) -> None:
    width, height = picture.size
    if not width or not height:
        raise ItemError(f"an empty picture ({width} x {height} pixels)")
    if width * height > MAX_PIXELS:
        raise ItemError(
            f"{width} x {height} pixels: over the limit of {MAX_PIXELS // 1_000_000} million"
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ItemError(f"{width} x {height} pixels: one side is over {MAX_ASPECT} times the other")


def _upright(picture: PilImage) -> PilImage:
    """Return a copy with the EXIF orientation applied; damaged EXIF says nothing."""
    picture.load()  # damaged pixels fail here, so what fails below is the EXIF
    try:
        with _quietly():  # kept by the picture; damaged EXIF does not harm the pixels
            picture.getexif()
        return ImageOps.exif_transpose(picture)
    except Exception:  # Pillow's EXIF reader raises many types on damaged data
        return picture.copy()


def _wide_grey_to_rgb(picture: PilImage) -> PilImage:
    """Scale grey values of more than 8 bits; Pillow's own conversion would clip them at 255."""
    import numpy as np

    values = np.asarray(picture, dtype=np.float32)
    if picture.mode.startswith("I;16"):
        top = 65535.0
    else:
        # 32-bit files do not say what white is: the next usual value above the brightest pixel.
        brightest = float(values.max(initial=0, where=np.isfinite(values)))
        usual = (1.0, 255.0, 65535.0) if picture.mode == "F" else (255.0, 65535.0)
        top = next((white for white in usual if brightest <= white), brightest)
    levels = np.nan_to_num(np.clip(values, 0, top)) / top * 255
    return PilImages.fromarray(levels.astype(np.uint8)).convert("RGB")


def _lab_to_rgb(picture: PilImage) -> PilImage:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB").apply(picture)
