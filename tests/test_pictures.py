"""Pictures of every kind, good and bad."""

import io
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw

from es_jina.errors import ItemError
from es_jina.inputs import Image
from es_jina.pictures import MAX_PIXELS, _register_heic, open_picture, scale_to_budget


def drawn(mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> Pillow.Image:
    """Red, with a white corner at the top left."""
    picture = Pillow.new("RGB", size, (200, 10, 10))
    ImageDraw.Draw(picture).rectangle((0, 0, 9, 9), fill="white")
    return picture if mode == "RGB" else picture.convert(mode)


def noisy(side: int = 200) -> Pillow.Image:
    pixels = np.random.default_rng(3).integers(0, 256, (side, side, 3))
    return Pillow.fromarray(pixels.astype(np.uint8))


def stored(picture: Pillow.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def grey(values: Any, mode: str) -> Pillow.Image:
    dtype = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
    return Pillow.fromarray(np.array(values, dtype=dtype))


def pixel(picture: Pillow.Image, x: int, y: int) -> tuple[int, ...]:
    value = picture.getpixel((x, y))
    assert isinstance(value, tuple)
    return value


def near(picture: Pillow.Image, x: int, y: int, colour: tuple[int, int, int]) -> bool:
    return all(abs(a - b) <= 8 for a, b in zip(pixel(picture, x, y), colour, strict=True))


def assert_refused(source: bytes | Path | Pillow.Image, message: str) -> None:
    with pytest.raises(ItemError, match=message) as caught:
        open_picture(Image(source))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("mode", "red"),
    [
        ("1", None), ("L", (67, 67, 67)), ("LA", (67, 67, 67)), ("P", (200, 10, 10)),
        ("PA", (200, 10, 10)), ("RGB", (200, 10, 10)), ("RGBA", (200, 10, 10)),
        ("RGBX", (200, 10, 10)), ("CMYK", (200, 10, 10)), ("YCbCr", (200, 10, 10)),
        ("HSV", (200, 10, 10)), ("LAB", (200, 10, 10)),
    ],
)  # fmt: skip
def test_every_mode_becomes_rgb(mode: str, red: tuple[int, int, int] | None) -> None:
    if mode == "LAB":
        from PIL import ImageCms

        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        picture = ImageCms.buildTransform(srgb, lab, "RGB", "LAB").apply(drawn())
    elif mode in ("P", "PA"):
        picture = drawn().quantize(8)
        picture = picture.convert(mode)
    else:
        picture = drawn(mode)
    opened = open_picture(Image(picture))
    assert opened.mode == "RGB"
    assert opened.size == (60, 40)
    assert near(opened, 3, 3, (255, 255, 255))
    assert red is None or near(opened, 50, 30, red)


@pytest.mark.parametrize(
    ("mode", "values", "levels"),
    [
        ("I;16", [[0, 32768, 65535]], [0, 127, 255]),
        # 16 bits are 16 bits, however dark the picture is.
        ("I;16", [[0, 100, 200]], [0, 0, 0]),
        ("I", [[0, 128, 255]], [0, 128, 255]),
        ("I", [[0, 32768, 65535]], [0, 127, 255]),
        ("I", [[-5, 0, 2_000_000]], [0, 0, 255]),
        ("F", [[0, 0.5, 1.0]], [0, 127, 255]),
        ("F", [[0, 128.0, 255.0]], [0, 128, 255]),
        ("F", [[0, float("nan"), 1.0]], [0, 0, 255]),
        ("F", [[-float("inf"), float("inf"), 1.0]], [0, 255, 255]),
    ],
)
def test_wide_grey_values_are_scaled_and_not_clipped(
    mode: str, values: list[list[float]], levels: list[int]
) -> None:
    opened = open_picture(Image(grey(values, mode)))
    assert [pixel(opened, x, 0) for x in range(3)] == [(level,) * 3 for level in levels]


def test_a_16_bit_file_equals_its_8_bit_twin() -> None:
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    wide, narrow = (
        np.asarray(open_picture(Image(stored(Pillow.fromarray(values)))))
        for values in (levels * 257, levels.astype(np.uint8))
    )
    assert np.array_equal(wide, narrow)


def test_transparency_is_laid_on_white() -> None:
    clear = Pillow.new("RGBA", (20, 20), (0, 0, 0, 0))
    clear.paste((0, 0, 255, 128), (10, 0, 20, 20))
    for picture in (clear, stored(clear), stored(clear, "WEBP", lossless=True)):
        opened = open_picture(Image(picture))
        assert near(opened, 2, 2, (255, 255, 255))
        assert near(opened, 15, 2, (127, 127, 255))


def test_a_transparent_colour_is_laid_on_white() -> None:
    picture = Pillow.new("RGB", (20, 20), "black")
    picture.paste((9, 99, 9), (10, 0, 20, 20))
    opened = open_picture(Image(stored(picture, transparency=(0, 0, 0))))
    assert pixel(opened, 2, 2) == (255, 255, 255)
    assert pixel(opened, 15, 2) == (9, 99, 9)


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, (0, 0)), (2, (1, 0)), (3, (1, 1)), (4, (0, 1)), (5, (0, 0)), (6, (1, 0)), (7, (1, 1)),
     (8, (0, 1))],
)  # fmt: skip
def test_exif_orientation_is_applied(orientation: int, corner: tuple[int, int]) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    opened = open_picture(Image(stored(drawn(), "JPEG", exif=exif, quality=95)))
    assert opened.size == ((40, 60) if orientation >= 5 else (60, 40))
    x, y = (
        3 if side == 0 else length - 4 for side, length in zip(corner, opened.size, strict=True)
    )
    assert near(opened, x, y, (255, 255, 255))
    assert near(opened, opened.width // 2, opened.height // 2, (200, 10, 10))


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0"]
)
def test_damaged_exif_does_not_lose_the_picture(exif: bytes) -> None:
    whole = stored(drawn(), "JPEG", quality=95)
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    opened = open_picture(Image(whole[:2] + segment + whole[2:]))
    assert near(opened, 30, 20, (200, 10, 10))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "progressive", "GIF", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_that_was_cut_off(kind: str, share: float) -> None:
    options: dict[str, Any] = {"progressive": True} if kind == "progressive" else {}
    whole = stored(noisy(), "JPEG" if kind == "progressive" else kind, **options)
    assert open_picture(Image(whole)).size == (200, 200)
    assert_refused(whole[: int(len(whole) * share)], "picture")


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\0", b"not a picture at all", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff"],
)
def test_garbage(garbage: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(garbage)
    for source in (garbage, tmp_path / "a.png"):
        assert_refused(source, "picture")


def test_a_damaged_checksum() -> None:
    whole = bytearray(stored(noisy()))
    whole[len(whole) // 2] ^= 0xFF
    assert_refused(bytes(whole), "cannot be decoded")


@pytest.mark.parametrize("side", [12_248, 13_000, 60_000])
def test_a_small_file_that_claims_an_enormous_picture(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    bomb = b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")

    def load(self: object) -> None:
        pytest.fail("the pixels were decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    assert side * side > MAX_PIXELS
    assert_refused(bomb, "over the limit of 150 million|too large")


def test_the_largest_pictures_give_no_warning() -> None:
    """Pillow warns from 89 million pixels on; warnings are errors here."""
    assert open_picture(Image(stored(Pillow.new("1", (10_000, 9_000))))).size == (10_000, 9_000)


def test_pictures_without_pixels() -> None:
    assert_refused(Pillow.new("RGB", (0, 5)), "empty picture")


def test_elongated_pictures() -> None:
    assert open_picture(Image(Pillow.new("RGB", (200, 1)))).size == (200, 1)
    assert_refused(Pillow.new("RGB", (1, 201)), "1 x 201 pixels: one side is over 200 times")


def test_drawing_programs_are_not_run() -> None:
    assert_refused(stored(drawn(), "EPS"), "EPS is a drawing program")


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_the_first_of_several_frames_counts(kind: str) -> None:
    frames = [Pillow.new("RGB", (30, 30), colour) for colour in ("red", "lime", "blue")]
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    content = stored(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    with Pillow.open(io.BytesIO(content)) as check:
        assert getattr(check, "n_frames", 1) == 3
    assert near(open_picture(Image(content)), 15, 15, (255, 0, 0))


def test_path_bytes_and_picture_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(stored(noisy(50)))
    with Pillow.open(path) as picture:
        found = [open_picture(Image(s)) for s in (path, path.read_bytes(), picture, noisy(50))]
    assert all(other.tobytes() == found[0].tobytes() for other in found)


def test_the_callers_picture_is_left_as_it_was() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    for picture in (drawn(), drawn("RGBA"), Pillow.open(io.BytesIO(stored(drawn(), exif=exif)))):
        before = picture.mode, picture.size, picture.tobytes(), dict(picture.getexif())
        opened = open_picture(Image(picture))
        assert opened is not picture
        opened.paste("black", (0, 0, *opened.size))
        assert (picture.mode, picture.size, picture.tobytes(), dict(picture.getexif())) == before


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    assert_refused(tmp_path / "gone.png", "no such file: .*gone.png")
    assert_refused(tmp_path, "a folder, not a picture")


def test_files_are_closed(tmp_path: Path) -> None:
    fds = Path("/proc/self/fd")
    if not fds.exists():
        pytest.skip("counts open files in /proc")
    good, bad = tmp_path / "good.tiff", tmp_path / "bad.png"
    good.write_bytes(stored(noisy(), "TIFF", save_all=True, append_images=[noisy()]))
    bad.write_bytes(stored(noisy())[:900])
    before = len(list(fds.iterdir()))
    kept = [open_picture(Image(good)) for _ in range(5)]
    for _ in range(5):
        assert_refused(bad, "picture")
    assert len(list(fds.iterdir())) == before
    assert len(kept) == 5


@pytest.mark.parametrize(
    ("size", "budget", "fitted"),
    [((100, 50), 5000, (100, 50)), ((100, 50), 1250, (50, 25)), ((1000, 1), 4, (63, 1))],
)
def test_scaling_to_a_budget(size: tuple[int, int], budget: int, fitted: tuple[int, int]) -> None:
    assert scale_to_budget(*size, budget) == fitted


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_pictures_of_telephones(tmp_path: Path, brand: bytes) -> None:
    import pillow_heif

    path = tmp_path / "a.heic"
    pillow_heif.from_pillow(drawn()).save(path, quality=90)
    # Some name the general format first, and what is in it among the compatible ones.
    path.write_bytes(path.read_bytes().replace(b"ftypheic", b"ftyp" + brand, 1))
    for source in (path, path.read_bytes()):
        opened = open_picture(Image(source))
        assert (opened.mode, opened.size) == ("RGB", (60, 40))
        red, green, blue = pixel(opened, 50, 30)
        assert red > 150
        assert max(green, blue) < 60


def test_a_heic_picture_that_is_damaged() -> None:
    assert_refused(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 50, "picture")


def test_heic_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _register_heic.cache_clear()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert_refused(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", r"pip install 'es_jina\[heic\]'")
