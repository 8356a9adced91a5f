"""The sample circuit diagram: a light that blinks, with a 555 timer."""

from es_jina.demo.sample_source.sketch import Point, Sketch

INK, BLUE, RED = "#22303c", "#2a6f97", "#c8433a"
TOP, GROUND = 110.0, 500.0


def circuit() -> Sketch:
    """Draws a 555 timer that lets a light-emitting diode blink, with all values."""
    sketch = Sketch(840, 600, "#fdfdf8")
    for place in range(1, 42):
        sketch.line([(place * 20, 0), (place * 20, 600)], "#eef3f4", 1)
    for place in range(1, 30):
        sketch.line([(0, place * 20), (840, place * 20)], "#eef3f4", 1)
    sketch.text(40, 42, "LED blinker with a 555 timer", 26, INK, anchor="lm", bold=True)
    sketch.text(40, 74, "about one flash per second", 17, "#5b6b76", anchor="lm")
    _wires(sketch)
    _battery(sketch, 100, 300)
    _resistor(sketch, 260, 180, "R1", "10 kΩ")
    _resistor(sketch, 260, 300, "R2", "68 kΩ")
    _capacitor(sketch, 260, 440)
    _resistor(sketch, 680, 370, "R3", "470 Ω")
    _diode(sketch, 680, 450)
    _timer(sketch)
    return sketch


def _wires(sketch: Sketch) -> None:
    wires: list[list[Point]] = [
        [(100, 272), (100, TOP), (530, TOP)],
        [(100, 328), (100, GROUND), (680, GROUND)],
        [(260, TOP), (260, 148)],
        [(260, 212), (260, 268)],
        [(260, 332), (260, 430)],
        [(260, 450), (260, GROUND)],
        [(260, 240), (400, 240)],
        [(260, 360), (400, 360)],
        [(340, 360), (340, 300), (400, 300)],
        [(450, TOP), (450, 190)],
        [(530, TOP), (530, 190)],
        [(490, 410), (490, GROUND)],
        [(580, 300), (680, 300), (680, 338)],
        [(680, 402), (680, 434)],
        [(680, 466), (680, GROUND)],
    ]
    for wire in wires:
        sketch.line(wire, INK, 3)
    dots = (
        (260, TOP),
        (450, TOP),
        (260, 240),
        (260, 360),
        (340, 360),
        (260, GROUND),
        (490, GROUND),
    )
    for x, y in dots:
        sketch.ellipse(x, y, 6, 6, INK)
    sketch.text(570, TOP, "+9 V", 18, RED, bold=True)
    sketch.text(150, GROUND + 22, "0 V (ground)", 18, BLUE, bold=True)


def _battery(sketch: Sketch, x: float, y: float) -> None:
    for shift, half, width in ((-27, 30, 4), (-9, 15, 7), (9, 30, 4), (27, 15, 7)):
        sketch.line([(x - half, y + shift), (x + half, y + shift)], INK, width)
    sketch.text(x - 44, y - 28, "+", 22, RED, bold=True)
    sketch.text(x + 40, y - 10, "B1", 18, INK, anchor="lm", bold=True)
    sketch.text(x + 40, y + 14, "9 V battery", 15, "#5b6b76", anchor="lm")


def _resistor(sketch: Sketch, x: float, y: float, name: str, value: str) -> None:
    sketch.box(x - 13, y - 33, 26, 66, "#f6e7c8", radius=3, outline=INK)
    sketch.text(x + 24, y - 11, name, 18, INK, anchor="lm", bold=True)
    sketch.text(x + 24, y + 12, value, 16, "#5b6b76", anchor="lm")


def _capacitor(sketch: Sketch, x: float, y: float) -> None:
    for shift in (-10, 10):
        sketch.line([(x - 30, y + shift), (x + 30, y + shift)], INK, 5)
    sketch.text(x - 42, y - 20, "+", 18, RED, bold=True)
    sketch.text(x + 44, y - 11, "C1", 18, INK, anchor="lm", bold=True)
    sketch.text(x + 44, y + 12, "10 µF", 16, "#5b6b76", anchor="lm")


def _diode(sketch: Sketch, x: float, y: float) -> None:
    sketch.polygon([(x - 22, y - 16), (x + 22, y - 16), (x, y + 16)], RED)
    sketch.line([(x - 22, y + 16), (x + 22, y + 16)], INK, 4)
    for shift in (-6, 10):
        start, tip = (x + 30, y + shift), (x + 50, y + shift - 14)
        sketch.line([start, tip], "#e09b2d", 3)
        sketch.polygon(
            [(tip[0] + 7, tip[1] - 5), (tip[0] - 6, tip[1] - 3), (tip[0] + 2, tip[1] + 7)],
            "#e09b2d",
        )
    sketch.text(x + 62, y - 4, "LED1", 18, INK, anchor="lm", bold=True)
    sketch.text(x + 62, y + 19, "red", 16, "#5b6b76", anchor="lm")


def _timer(sketch: Sketch) -> None:
    sketch.box(400, 190, 180, 220, "#dce9ef", radius=6, outline=INK)
    sketch.text(490, 288, "555", 36, INK, bold=True)
    sketch.text(490, 322, "timer", 18, "#5b6b76")
    pins = (
        (416, 240, "7"),
        (416, 300, "6"),
        (416, 360, "2"),
        (564, 300, "3"),
        (450, 208, "8"),
        (530, 208, "4"),
        (490, 394, "1"),
    )
    for x, y, number in pins:
        sketch.text(x, y, number, 16, BLUE, bold=True)
    sketch.text(596, 284, "out", 15, "#5b6b76", anchor="lm")
