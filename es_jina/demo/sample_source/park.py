"""The sample map: a city park, labelled in German."""

from math import sin

from es_jina.demo.sample_source.sketch import Point, Sketch, smooth

PATH, INK = "#f3e3c3", "#2f3b34"
OUTLINE: list[Point] = [
    (70, 150),
    (220, 110),
    (430, 124),
    (640, 104),
    (800, 160),
    (826, 340),
    (792, 540),
    (600, 606),
    (380, 590),
    (180, 612),
    (80, 500),
    (54, 320),
]
POND: list[Point] = [
    (330, 300),
    (420, 250),
    (540, 268),
    (580, 340),
    (520, 400),
    (400, 410),
    (330, 370),
]
PATHS: list[list[Point]] = [
    [(66, 330), (180, 330), (280, 250), (430, 205), (600, 220), (700, 300), (822, 330)],
    [(180, 330), (240, 430), (360, 470), (540, 460), (650, 400), (700, 300)],
    [(430, 205), (430, 130)],
    [(360, 470), (330, 540), (340, 594)],
    [(650, 400), (690, 490), (668, 588)],
]


def park() -> Sketch:
    """Draws a map of a park: pond, paths, rose garden, playground, café, legend and scale."""
    sketch = Sketch(900, 760, "#e9e6df")
    for y in (84, 640):
        sketch.line([(0, y), (900, y)], "#ffffff", 26)
    for x in (30, 862):
        sketch.line([(x, 84), (x, 640)], "#ffffff", 22)
    sketch.polygon(smooth(OUTLINE, closed=True), "#a9cf8f")
    for points in PATHS:
        sketch.line(smooth(points), PATH, 13)
    sketch.polygon(smooth(POND, closed=True), "#6fb3d2")
    for x, y in ((400, 306), (480, 290), (450, 372), (530, 330)):
        sketch.line(
            smooth([(x - 18, y), (x - 6, y - 4), (x + 6, y + 4), (x + 18, y)]), "#c9e6f2", 2.4
        )
    for place in range(150):
        row, column = divmod(place, 15)
        # The sines shake the rows and columns, so that the trees do not stand like soldiers.
        across = 92 + column * 50 + 13 * sin(row * 7 + column * 3)
        down = 148 + row * 46 + 12 * sin(row * 3 + column * 5)
        if _free(across, down):
            _tree(sketch, across, down)
    _rose_garden(sketch, 166, 198)
    _playground(sketch, 570, 524)
    _cafe(sketch, 716, 392)
    _bandstand(sketch, 236, 510)
    for x, y, words in (
        (456, 336, "Ententeich"),
        (166, 253, "Rosengarten"),
        (570, 574, "Spielplatz"),
        (750, 430, "Café"),
        (236, 566, "Musikpavillon"),
    ):
        sketch.text(x, y, words, 17, INK, bold=True)
    for x, y, words in ((450, 84, "Nordstraße"), (450, 640, "Am Südufer")):
        sketch.text(x, y, words, 14, "#6b6f6d")
    sketch.text(40, 36, "Birkenpark", 32, INK, anchor="lm", bold=True)
    sketch.text(258, 40, "Übersichtsplan mit Wegen und Eingängen", 17, "#56605a", anchor="lm")
    for x, y in ((66, 330), (822, 330), (430, 128), (340, 596), (668, 590)):
        sketch.polygon([(x - 11, y + 9), (x + 11, y + 9), (x, y - 11)], "#c8433a")
    _legend(sketch)
    _compass(sketch, 790, 214)
    return sketch


def _free(x: float, y: float) -> bool:
    """Tells whether a tree may stand here: in the park, off the paths and off what is drawn."""
    if ((x - 440) / 380) ** 4 + ((y - 355) / 245) ** 4 > 0.85:
        return False
    if any(abs(x - a) < 28 and abs(y - b) < 28 for path in PATHS for a, b in smooth(path)):
        return False
    places = (
        (456, 330, 144, 100),
        (166, 210, 88, 70),
        (570, 540, 88, 66),
        (750, 396, 64, 60),
        (236, 524, 92, 66),
        (790, 204, 50, 70),
    )
    return not any(abs(x - a) < wide and abs(y - b) < tall for a, b, wide, tall in places)


def _tree(sketch: Sketch, x: float, y: float) -> None:
    size = 13 + 2 * sin(x)
    sketch.ellipse(x + 3, y + 4, 14, 14, (40, 70, 40, 70))
    sketch.ellipse(x, y, size, size, "#4f8f4d")
    sketch.ellipse(x - 3, y - 4, 6, 6, "#6aa860")


def _rose_garden(sketch: Sketch, x: float, y: float) -> None:
    sketch.box(x - 62, y - 40, 124, 80, "#c7deb0", radius=8, outline="#7fa86d")
    for row in range(3):
        for column in range(6):
            colour = ("#d8446a", "#f08aa4", "#c22f4f")[(row + column) % 3]
            sketch.ellipse(x - 48 + column * 19, y - 23 + row * 23, 7, 7, colour)


def _playground(sketch: Sketch, x: float, y: float) -> None:
    sketch.ellipse(x, y, 68, 38, "#ecd9a0")
    for leg in (-40, 0):
        sketch.line([(x + leg - 8, y + 22), (x + leg, y - 22), (x + leg + 8, y + 22)], "#a8582f", 4)
    sketch.line([(x - 40, y - 22), (x, y - 22)], "#a8582f", 4)
    sketch.line([(x - 20, y - 22), (x - 20, y + 10)], "#56605a", 2)
    sketch.box(x - 28, y + 8, 16, 5, "#c8433a")
    sketch.line([(x + 22, y - 20), (x + 52, y + 18)], "#3a7ca5", 7)


def _cafe(sketch: Sketch, x: float, y: float) -> None:
    sketch.box(x - 6, y - 30, 80, 52, "#e7c9a5", radius=4, outline="#8a5a34")
    sketch.box(x + 14, y - 14, 26, 22, "#ffffff", radius=6)
    sketch.ellipse(x + 44, y - 5, 9, 8, "#ffffff")
    sketch.ellipse(x + 44, y - 5, 4, 4, "#e7c9a5")


def _bandstand(sketch: Sketch, x: float, y: float) -> None:
    sketch.polygon([(x - 46, y - 4), (x, y - 40), (x + 46, y - 4)], "#8a5a9a")
    for leg in (-34, -12, 12, 34):
        sketch.line([(x + leg, y - 4), (x + leg, y + 30)], "#6b4a78", 4)
    sketch.box(x - 46, y + 28, 92, 8, "#6b4a78")


def _legend(sketch: Sketch) -> None:
    sketch.box(40, 676, 820, 66, "#ffffff", radius=10)
    sketch.polygon([(64, 718), (86, 718), (75, 698)], "#c8433a")
    sketch.text(98, 709, "Eingang", 16, INK, anchor="lm")
    sketch.line([(204, 709), (244, 709)], "#dfc795", 11)
    sketch.text(258, 709, "Fußweg", 16, INK, anchor="lm")
    sketch.ellipse(368, 709, 13, 13, "#4f8f4d")
    sketch.text(392, 709, "Baum", 16, INK, anchor="lm")
    sketch.box(474, 698, 30, 22, "#6fb3d2", radius=6)
    sketch.text(516, 709, "Wasser", 16, INK, anchor="lm")
    sketch.line([(640, 716), (820, 716)], INK, 3)
    for x, words in ((640, "0"), (730, "50"), (820, "100 m")):
        sketch.line([(x, 709), (x, 722)], INK, 2.5)
        sketch.text(x, 696, words, 13, INK)


def _compass(sketch: Sketch, x: float, y: float) -> None:
    sketch.ellipse(x, y, 28, 28, (255, 255, 255, 220))
    sketch.polygon([(x, y - 24), (x - 9, y + 14), (x, y + 7)], "#c8433a")
    sketch.polygon([(x, y - 24), (x + 9, y + 14), (x, y + 7)], "#7d2a24")
    sketch.text(x, y - 40, "N", 20, INK, bold=True)
