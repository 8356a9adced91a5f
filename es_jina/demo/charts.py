"""Draws the eight kinds of charts, in one colour each."""

import math
from collections.abc import Callable
from random import Random

from PIL import ImageColor

from es_jina.demo.pen import Box, Pen

RGB = tuple[int, int, int]
_AXIS, _PALE = (90, 96, 104), (214, 218, 224)


def draw_chart(draw: Pen, kind: str, colour: str, box: Box, *, unit: float, random: Random) -> None:
    """Draw a chart.

    Args:
        draw: what it is drawn with.
        kind: English word of a kind, see ``vocabulary/charts.tsv``.
        colour: its main colour, such as ``#d62728``; the rest is grey.
        box: left, top, right, bottom.
        unit: the width of a thin line.
        random: of its numbers.
    """
    _KINDS[kind](draw, _jittered(colour, random), box, unit, random)


def _jittered(colour: str, random: Random) -> RGB:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return tuple(max(0, min(255, part + random.randint(-14, 14))) for part in (red, green, blue))  # type: ignore[return-value]


def _lighter(colour: RGB, share: float) -> RGB:
    red, green, blue = (round(part + (255 - part) * share) for part in colour)
    return red, green, blue


def _axes(draw: Pen, box: Box, unit: float, random: Random) -> Box:
    left, top, right, bottom = box
    if random.random() < 0.7:
        for line in range(1, 4):
            y = bottom - (bottom - top) * line / 4
            draw.line([(left, y), (right, y)], fill=_PALE, width=round(unit))
    draw.line([(left, top), (left, bottom), (right, bottom)], fill=_AXIS, width=round(unit * 1.5))
    return left + 2 * unit, top, right, bottom - unit


def _bar(draw: Pen, colour: RGB, box: Box, unit: float, random: Random) -> None:
    left, top, right, bottom = _axes(draw, box, unit, random)
    count = random.randint(3, 8)
    upright = random.random() < 0.75
    whole = (right - left) if upright else (bottom - top)
    step, gap = whole / count, random.uniform(0.15, 0.45)
    for number in range(count):
        share = random.uniform(0.2, 1)
        near, far = number * step + step * gap / 2, (number + 1) * step - step * gap / 2
        if upright:
            height = (bottom - top) * share
            draw.rectangle((left + near, bottom - height, left + far, bottom), fill=colour)
        else:
            width = (right - left) * share
            draw.rectangle((left, top + near, left + width, top + far), fill=colour)


def _heights(box: Box, random: Random, count: int) -> list[tuple[float, float]]:
    left, top, right, bottom = box
    level, points = random.uniform(0.2, 0.8), []
    for number in range(count):
        level = min(0.97, max(0.06, level + random.uniform(-0.28, 0.28)))
        points.append(
            (left + (right - left) * number / (count - 1), bottom - (bottom - top) * level)
        )
    return points


def _line(draw: Pen, colour: RGB, box: Box, unit: float, random: Random) -> None:
    inside = _axes(draw, box, unit, random)
    for _ in range(random.randint(1, 2)):
        points = _heights(inside, random, random.randint(5, 12))
        draw.line(points, fill=colour, width=round(unit * random.uniform(2, 3.5)), joint="curve")
        if random.random() < 0.5:
            for x, y in points:
                _dot(draw, x, y, unit * 2.6, colour)


def _area(draw: Pen, colour: RGB, box: Box, unit: float, random: Random) -> None:
    inside = _axes(draw, box, unit, random)
    points = _heights(inside, random, random.randint(6, 12))
    floor = inside[3]
    draw.polygon([(points[0][0], floor), *points, (points[-1][0], floor)], fill=colour)


def _scatter(draw: Pen, colour: RGB, box: Box, unit: float, random: Random) -> None:
    left, top, right, bottom = _axes(draw, box, unit, random)
    slope = random.choice((-0.7, 0, 0.7))
    for _ in range(random.randint(22, 60)):
        x = random.random()
        y = min(0.97, max(0.03, 0.5 + slope * (x - 0.5) + random.gauss(0, 0.17)))
        _dot(draw, left + (right - left) * x, bottom - (bottom - top) * y, unit * 2.7, colour)


def _dot(draw: Pen, x: float, y: float, radius: float, colour: RGB) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _pie(draw: Pen, colour: RGB, box: Box, unit: float, random: Random) -> None:
    left, top, right, bottom = box
    radius = min(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    ring = (x - radius, y - radius, x + radius, y + radius)
    parts = [random.uniform(0.5, 2) for _ in range(random.randint(3, 6))]
    start = random.uniform(0, 360)
    for number, part in enumerate(parts):
        end = start + 360 * part / sum(parts)
        shade = _lighter(colour, 0.42 * number / len(parts))
        draw.pieslice(ring, start, end, fill=shade, outline="white", width=round(unit * 1.5))
        start = end
    if random.random() < 0.35:
        _dot(draw, x, y, radius * 0.48, (255, 255, 255))


def _table(draw: Pen, colour: RGB, box: Box, unit: float, random: Random) -> None:
    left, top, right, bottom = box
    rows, columns = random.randint(4, 8), random.randint(3, 5)
    height, width = (bottom - top) / rows, (right - left) / columns
    striped = random.random() < 0.5
    for row in range(rows):
        y = top + row * height
        if row == 0:
            draw.rectangle((left, y, right, y + height), fill=colour)
        elif striped and row % 2 == 0:
            draw.rectangle((left, y, right, y + height), fill=_lighter(colour, 0.86))
        for column in range(columns):
            x, length = left + column * width, width * random.uniform(0.35, 0.75)
            ink = "white" if row == 0 else (150, 156, 164)
            middle = y + height / 2
            draw.line(
                [(x + width * 0.1, middle), (x + width * 0.1 + length, middle)],
                fill=ink,
                width=round(max(unit, height * 0.16)),
            )
    for row in range(rows + 1):
        y = top + row * height
        draw.line([(left, y), (right, y)], fill=colour, width=round(unit))
    for column in range(columns + 1):
        x = left + column * width
        draw.line([(x, top), (x, bottom)], fill=colour, width=round(unit))


def _map(draw: Pen, colour: RGB, box: Box, unit: float, random: Random) -> None:
    left, top, right, bottom = box
    draw.rectangle(box, fill=(236, 240, 244))
    for _ in range(random.randint(2, 4)):
        x, y = random.uniform(0.25, 0.75), random.uniform(0.25, 0.75)
        size = random.uniform(0.16, 0.3)
        points = []
        for turn in range(18):
            angle, reach = math.tau * turn / 18, size * random.uniform(0.65, 1.25)
            points.append(
                (
                    left + (right - left) * min(0.98, max(0.02, x + reach * math.cos(angle))),
                    top + (bottom - top) * min(0.98, max(0.02, y + reach * math.sin(angle))),
                )
            )
        shade = _lighter(colour, random.uniform(0, 0.3))
        draw.polygon(points, fill=shade)
        draw.line([*points, points[0]], fill="white", width=round(unit))
    if random.random() < 0.6:
        x, y = left + (right - left) * 0.12, top + (bottom - top) * 0.2
        draw.polygon(
            [(x, y - 7 * unit), (x - 3 * unit, y + 4 * unit), (x + 3 * unit, y + 4 * unit)],
            fill=_AXIS,
        )


def _flow(draw: Pen, colour: RGB, box: Box, unit: float, random: Random) -> None:
    left, top, right, bottom = box
    count, upright = random.randint(3, 4), random.random() < 0.5
    step = ((bottom - top) if upright else (right - left)) / count
    filled = random.random() < 0.5
    for number in range(count):
        if upright:
            shape = (left + (right - left) * 0.2, top + number * step,
                     right - (right - left) * 0.2, top + (number + 0.6) * step)  # fmt: skip
            ends = ((left + right) / 2, shape[3]), ((left + right) / 2, shape[3] + 0.4 * step)
        else:
            shape = (left + number * step, top + (bottom - top) * 0.3,
                     left + (number + 0.7) * step, bottom - (bottom - top) * 0.3)  # fmt: skip
            ends = (shape[2], (top + bottom) / 2), (shape[2] + 0.3 * step, (top + bottom) / 2)
        draw.rounded_rectangle(
            shape,
            radius=4 * unit,
            fill=colour if filled else _lighter(colour, 0.85),
            outline=colour,
            width=round(unit * 2),
        )
        if number < count - 1:
            _arrow(draw, *ends, unit)


def _arrow(draw: Pen, start: tuple[float, float], end: tuple[float, float], unit: float) -> None:
    draw.line([start, end], fill=_AXIS, width=round(unit * 1.5))
    (x, y), head = end, 3.5 * unit
    across = abs(end[0] - start[0]) > abs(end[1] - start[1])
    wings = (
        [(x - head, y - head), (x - head, y + head)]
        if across
        else [(x - head, y - head), (x + head, y - head)]
    )
    draw.polygon([end, *wings], fill=_AXIS)


_KINDS: dict[str, Callable[[Pen, RGB, Box, float, Random], None]] = {
    "bar": _bar,
    "line": _line,
    "pie": _pie,
    "scatter": _scatter,
    "area": _area,
    "table": _table,
    "map": _map,
    "flow": _flow,
}
