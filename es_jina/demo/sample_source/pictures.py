"""The sample pictures: a beach, a poster, a map, a circuit, a bowl of fruit."""

from collections.abc import Callable
from io import BytesIO
from math import cos, pi, sin

from PIL import Image

from es_jina.demo.sample_source.circuit import circuit
from es_jina.demo.sample_source.park import park
from es_jina.demo.sample_source.sketch import Point, Sketch, around, smooth


def picture_bytes(path: str) -> bytes:
    """Draws one of ``PICTURES`` and encodes it.

    Args:
        path: where it lies in the sample folder; the ending names the format.

    Returns:
        The file, the same bytes at each run.
    """
    draw, form = PICTURES[path]
    out = BytesIO()
    image = draw().finished()
    match form:
        case "GIF":
            # This method keeps the few red and blue pixels; the default one makes them grey.
            image.quantize(64, Image.Quantize.MAXCOVERAGE).save(out, form)
        case "JPEG" | "WEBP":
            image.save(out, form, quality=88)
        case "TIFF":
            image.save(out, form, compression="tiff_lzw")
        case _:
            image.save(out, form, optimize=True)
    return out.getvalue()


def beach() -> Sketch:
    """Draws a beach at sunset, with a palm, a sailing boat and a parasol."""
    sketch = Sketch(960, 640, "#1d2b53")
    sketch.fade(0, 350, [(58, 48, 110), (170, 70, 120), (244, 120, 90), (255, 200, 110)])
    sketch.glow(430, 350, 330, 260, (255, 214, 120))
    sketch.ellipse(430, 330, 62, 62, (255, 240, 190))
    for x, y, wide in ((180, 90, 110), (250, 108, 80), (700, 70, 130), (800, 130, 90)):
        sketch.ellipse(x, y, wide, 9, (255, 190, 160, 110))
    sketch.fade(350, 500, [(196, 104, 110), (92, 74, 128), (44, 84, 130)])
    for row in range(13):
        half = 56 + row * 3 + 18 * sin(row * 2.3)
        sketch.ellipse(430 + 8 * sin(row * 1.7), 358 + row * 10, half, 2.6, (255, 226, 150, 170))
    for row in range(26):
        x, y = (row * 197) % 960, 372 + (row * 53) % 118
        sketch.line([(x, y), (x + 34, y)], (255, 220, 210, 60), 1.6)
    _boat(sketch, 690, 352)
    shore = smooth([(0, 470), (200, 492), (420, 474), (640, 500), (820, 482), (960, 496)])
    for drop, colour in ((0, "#f7ead8"), (8, "#b98a63"), (24, "#d9ab78"), (60, "#e8c08c")):
        sketch.polygon([*((x, y + drop) for x, y in shore), (960, 640), (0, 640)], colour)
    _parasol(sketch, 330, 590)
    _palm(sketch)
    for x, y in ((560, 160), (602, 140), (640, 172)):
        sketch.line(smooth([(x - 14, y - 5), (x - 6, y - 8), (x, y)]), "#3a2a4a", 2.2)
        sketch.line(smooth([(x, y), (x + 6, y - 8), (x + 14, y - 5)]), "#3a2a4a", 2.2)
    return sketch


def poster() -> Sketch:
    """Draws a poster: where the electricity of Lindmoor comes from, in stacked bars."""
    sketch = Sketch(800, 1000, "#fbf7ef")
    sketch.box(0, 0, 800, 190, "#1f4e79")
    sketch.text(60, 74, "Sun and wind overtake gas", 40, "#ffffff", anchor="lm", bold=True)
    sketch.text(60, 130, "Where Lindmoor's electricity came from", 24, "#ffd9a0", anchor="lm")
    _sun(sketch, 712, 152)
    sources = ("Solar", "Wind", "Water", "Gas")
    colours = ("#f2a33a", "#4a90b8", "#6fb07f", "#8f9bb3")
    years = {
        "2020": (6, 18, 14, 62),
        "2021": (8, 21, 14, 57),
        "2022": (11, 24, 13, 52),
        "2023": (14, 28, 14, 44),
        "2024": (17, 31, 14, 38),
        "2025": (20, 34, 14, 32),
    }
    bottom, tall = 860.0, 5.6
    for percent in range(0, 101, 25):
        y = bottom - percent * tall
        sketch.line([(110, y), (750, y)], "#d8d2c4", 1.5)
        sketch.text(96, y, f"{percent} %", 18, "#5b6270", anchor="rm")
    for place, (year, shares) in enumerate(years.items()):
        x, y = 130 + place * 104, bottom
        for share, colour in zip(shares, colours, strict=True):
            sketch.box(x, y - share * tall, 76, share * tall, colour)
            sketch.text(x + 38, y - share * tall / 2, f"{share}", 18, "#ffffff", bold=True)
            y -= share * tall
        sketch.text(x + 38, bottom + 26, year, 20, "#2b2f36", bold=True)
    for place, (source, colour) in enumerate(zip(sources, colours, strict=True)):
        x = 130 + place * 160
        sketch.box(x, 232, 24, 24, colour, radius=5)
        sketch.text(x + 34, 244, source, 22, "#2b2f36", anchor="lm")
    note = "Share of each source in per cent of all electricity used in the town"
    sketch.text(430, 945, note, 17, "#5b6270")
    return sketch


def fruit() -> Sketch:
    """Draws a bowl with apples, oranges, a pear, grapes and bananas on a table."""
    sketch = Sketch(720, 560, "#efe3cf")
    sketch.fade(0, 390, [(244, 236, 222), (232, 214, 188)])
    sketch.fade(390, 560, [(158, 104, 66), (126, 78, 48)])
    sketch.ellipse(360, 498, 240, 24, (60, 34, 20, 90))
    sketch.ellipse(360, 332, 244, 34, "#2f6480")
    _banana(sketch, [(132, 262), (160, 196), (222, 146), (300, 124), (392, 126)])
    _banana(sketch, [(150, 290), (184, 226), (240, 182), (312, 158), (404, 146)])
    _pear(sketch, 470, 240)
    _ball(sketch, 236, 270, 66, (206, 52, 48))
    _apple_stalk(sketch, 236, 212)
    _ball(sketch, 352, 252, 64, (238, 140, 38))
    _ball(sketch, 300, 318, 60, (232, 128, 30))
    _ball(sketch, 416, 312, 62, (126, 178, 62))
    _apple_stalk(sketch, 416, 256)
    for x, y in ((510, 276), (540, 284), (522, 304), (552, 312), (498, 326), (530, 334)):
        _ball(sketch, x, y, 19, (106, 62, 128))
    rim = around(360, 332, 244, 34, (180, 0))
    sketch.polygon([*rim, *around(360, 332, 244, 158, (0, 180))], "#3f7f9f")
    sketch.line(rim, "#6fb0cc", 8)
    sketch.box(286, 482, 148, 18, "#2f6480", radius=8)
    for place in range(9):
        sketch.ellipse(184 + place * 40, 412 + 26 * sin((place + 0.5) / 9 * pi), 8, 8, "#e9f2f6")
    for x, y in ((566, 340), (548, 358), (574, 366), (560, 388), (582, 396), (570, 418)):
        _ball(sketch, x, y, 18, (106, 62, 128))
    return sketch


PICTURES: dict[str, tuple[Callable[[], Sketch], str]] = {
    "travel/beach-sunset.jpg": (beach, "JPEG"),
    "energy/electricity-sources-poster.png": (poster, "PNG"),
    "city/park-map.webp": (park, "WEBP"),
    "notes/blinker-circuit.gif": (circuit, "GIF"),
    "food/fruit-bowl.tiff": (fruit, "TIFF"),
}


def _boat(sketch: Sketch, x: float, y: float) -> None:
    sketch.polygon([(x - 44, y), (x + 46, y), (x + 30, y + 18), (x - 30, y + 18)], "#3a2a4a")
    sketch.line([(x, y), (x, y - 104)], "#3a2a4a", 3)
    sketch.polygon([(x + 5, y - 102), (x + 5, y - 8), (x + 46, y - 8)], "#fbe3c8")
    sketch.polygon([(x - 5, y - 92), (x - 5, y - 8), (x - 36, y - 8)], "#f3cdb0")


def _parasol(sketch: Sketch, x: float, y: float) -> None:
    sketch.ellipse(x + 40, y + 14, 110, 9, (90, 50, 40, 80))
    sketch.polygon([(x + 28, y), (x + 118, y), (x + 138, y + 20), (x + 36, y + 20)], "#2f6f8f")
    sketch.line([(x, y + 8), (x - 16, y - 112)], "#6b4630", 5)
    for place in range(6):
        # Each panel lies between two seams that run from the tip down to the edge.
        seam = around(x - 16, y - 80, place * 32 - 96, 54, (270, 360))
        next_seam = around(x - 16, y - 80, place * 32 - 64, 54, (270, 360))
        colour = "#d9483b" if place % 2 == 0 else "#fdf1e0"
        sketch.polygon([*seam, *reversed(next_seam)], colour)


def _palm(sketch: Sketch) -> None:
    trunk = smooth([(850, 640), (838, 500), (806, 370), (762, 250)])
    for (x, y), wide in zip(trunk, range(len(trunk), 0, -1), strict=True):
        sketch.ellipse(x, y, 8 + wide / 5, 9, "#2b1a2e")
    tips: tuple[Point, ...] = (
        (600, 250),
        (618, 170),
        (690, 120),
        (790, 118),
        (880, 160),
        (920, 236),
        (900, 300),
    )
    for x, y in tips:
        middle = ((x + 762) / 2, (y + 250) / 2 - 42)
        under = ((x + 762) / 2, (y + 250) / 2 - 10)
        upper = smooth([(762, 250), middle, (x, y + 26)])
        lower = smooth([(x, y + 26), under, (762, 250)])
        sketch.polygon([*upper, *lower], "#231628")
    for x, y in ((752, 262), (772, 266), (764, 250)):
        sketch.ellipse(x, y, 11, 11, "#3d2433")


def _sun(sketch: Sketch, x: float, y: float) -> None:
    for ray in range(12):
        across, down = cos(ray * pi / 6), sin(ray * pi / 6)
        start, end = (x + 50 * across, y + 50 * down), (x + 64 * across, y + 64 * down)
        sketch.line([start, end], "#f2a33a", 6)
    sketch.ellipse(x, y, 40, 40, "#f2a33a")


def _banana(sketch: Sketch, points: list[Point]) -> None:
    spine = smooth(points)
    for colour, thick, lift in (("#c9951f", 1.0, 0), ("#e8bd35", 0.86, 3), ("#f6d657", 0.5, 8)):
        for place, (x, y) in enumerate(spine):
            size = (7 + 20 * sin(pi * place / (len(spine) - 1)) ** 0.7) * thick
            sketch.ellipse(x - lift / 3, y - lift, size, size, colour)
    sketch.line([spine[-1], (spine[-1][0] + 22, spine[-1][1] + 4)], "#8a6420", 10)
    sketch.ellipse(*spine[0], 7, 7, "#5a4218")


def _ball(sketch: Sketch, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
    """Draws a round fruit: dark at the edge, light where the lamp shines on it."""
    dark = (colour[0] * 7 // 10, colour[1] * 7 // 10, colour[2] * 7 // 10)
    sketch.ellipse(x, y, radius, radius, dark)
    for layer in range(20):
        share = layer / 20
        mixed = tuple(round(a + (b - a) * share**0.6) for a, b in zip(dark, colour, strict=True))
        size = radius * (1 - share * 0.7)
        shift = radius * 0.3 * share
        sketch.ellipse(x - shift, y - shift, size, size, (mixed[0], mixed[1], mixed[2]))
    sketch.glow(x - radius * 0.36, y - radius * 0.4, radius * 0.3, radius * 0.24, (255, 255, 255))


def _apple_stalk(sketch: Sketch, x: float, y: float) -> None:
    sketch.line(smooth([(x, y + 8), (x + 4, y - 10), (x + 14, y - 24)]), "#5a3a1c", 6)
    sketch.ellipse(x + 34, y - 14, 24, 10, "#4f8a3c")


def _pear(sketch: Sketch, x: float, y: float) -> None:
    half = [(0.0, -96.0), (24.0, -86.0), (32.0, -50.0), (58.0, 0.0), (56.0, 44.0), (0.0, 66.0)]
    other = [(-across, down) for across, down in reversed(half[1:-1])]
    for size, colour in ((1.0, "#a9a13a"), (0.93, "#bdb648"), (0.82, "#cbc557"), (0.66, "#d8d36b")):
        shift = (1 - size) * 34
        ring = [(x + a * size - shift, y + d * size - shift) for a, d in (*half, *other)]
        sketch.polygon(smooth(ring, closed=True), colour)
    sketch.line([(x, y - 92), (x + 8, y - 120)], "#5a3a1c", 6)
