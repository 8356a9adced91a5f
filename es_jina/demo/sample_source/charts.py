"""The vector drawings of the sample reports."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reportlab.graphics.charts.piecharts import Pie as PieShape
from reportlab.graphics.shapes import Circle, Drawing, Group, Line, Polygon, PolyLine, Rect, String
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth

from es_jina.demo.sample_source.blocks import Chart, Cycle, Pie

FONT, BOLD = "Vera", "VeraBd"
INK, GREY, PALE = HexColor("#2b2f36"), HexColor("#7a828e"), HexColor("#e3e7ec")


@dataclass(frozen=True, slots=True)
class _Plane:
    """Where the numbers of a chart go: the middles of the labels, and points per unit upwards."""

    middles: Sequence[float]
    step: float
    bottom: float
    scale: float


def chart(data: Chart, width: float, height: float, colours: Sequence[Color]) -> Drawing:
    """Draws bars or lines with both axes named and a legend on top.

    Args:
        data: what to draw.
        width: of the drawing, in points.
        height: of the drawing, in points.
        colours: one for each series.

    Returns:
        The drawing.
    """
    left, bottom, top = 44.0, 38.0, height - 26
    drawing = Drawing(width, height)
    scale = (top - bottom) / data.ticks[-1]
    for tick in data.ticks:
        y = bottom + tick * scale
        drawing.add(Line(left, y, width, y, strokeColor=PALE if tick else GREY, strokeWidth=0.7))
        drawing.add(_label(left - 6, y - 2.7, f"{tick}", anchor="end"))
    step = (width - left) / len(data.labels)
    middles = [left + (place + 0.5) * step for place in range(len(data.labels))]
    for middle, label in zip(middles, data.labels, strict=True):
        drawing.add(_label(middle, bottom - 13, label))
    drawing.add(_label((left + width) / 2, 6, data.x_label, bold=True))
    drawing.add(_upright(9, (bottom + top) / 2, data.y_label))
    for mark in _legend(list(data.series), colours, left, height - 12):
        drawing.add(mark)
    draw = _lines if data.lines else _bars
    for mark in draw(data, _Plane(middles, step, bottom, scale), colours):
        drawing.add(mark)
    return drawing


def pie(data: Pie, width: float, height: float, colours: Sequence[Color]) -> Drawing:
    """Draws a pie on the left and its legend, with the percentages, on the right.

    Args:
        data: what to draw.
        width: of the drawing, in points.
        height: of the drawing, in points.
        colours: one for each part.

    Returns:
        The drawing.
    """
    drawing = Drawing(width, height)
    shape = PieShape()
    shape.x, shape.y = width * 0.08, 6
    shape.width = shape.height = height - 12
    shape.data = list(data.parts.values())
    shape.labels = None
    shape.startAngle = 90
    shape.slices.strokeColor = HexColor("#ffffff")
    shape.slices.strokeWidth = 1.5
    for place in range(len(data.parts)):
        shape.slices[place].fillColor = colours[place]
    drawing.add(shape)
    x, y = width * 0.48, height / 2 + 12 * (len(data.parts) - 1) - 4
    for (name, share), colour in zip(data.parts.items(), colours, strict=False):
        drawing.add(Rect(x, y - 1, 11, 11, rx=2, ry=2, fillColor=colour, strokeColor=None))
        drawing.add(_label(x + 52, y, f"{share} %", size=10.2, bold=True, anchor="end"))
        drawing.add(_label(x + 60, y, name, size=10.2, anchor="start"))
        y -= 24
    return drawing


def cycle(data: Cycle, width: float, height: float, colours: Sequence[Color]) -> Drawing:
    """Draws four stations in a ring, joined by arrows that run clockwise.

    Args:
        data: what to draw.
        width: of the drawing, in points.
        height: of the drawing, in points.
        colours: one for each station.

    Returns:
        The drawing.
    """
    drawing = Drawing(width, height)
    box_width, box_height = 122.0, 38.0
    near, far = box_width / 2 + 8, width - box_width / 2 - 8
    low, high = 24.0, height - 24
    middles = [(width / 2, high), (far, height / 2), (width / 2, low), (near, height / 2)]
    half_x, half_y = box_width / 2, box_height / 2 + 3
    arrows = [
        [(width / 2 + half_x, high), (far, high), (far, height / 2 + half_y)],
        [(far, height / 2 - half_y), (far, low), (width / 2 + half_x + 3, low)],
        [(width / 2 - half_x, low), (near, low), (near, height / 2 - half_y)],
        [(near, height / 2 + half_y), (near, high), (width / 2 - half_x - 3, high)],
    ]
    for points, colour in zip(arrows, colours, strict=False):
        drawing.add(_arrow(points, colour))
    for (x, y), name, colour in zip(middles, data.stations, colours, strict=False):
        box = Rect(x - half_x, y - box_height / 2, box_width, box_height, rx=6, ry=6)
        box.fillColor, box.strokeColor = colour, None
        drawing.add(box)
        drawing.add(_label(x, y - 3.5, name, size=10.2, bold=True, fill=HexColor("#ffffff")))
    inside = [(far - 12, high - 38), (far - 12, low + 32), (near + 12, low + 32)]
    for (x, y), words in zip([*inside, (near + 12, high - 38)], data.between, strict=True):
        drawing.add(_label(x, y, words, size=9, anchor="end" if x > width / 2 else "start"))
    return drawing


def _bars(data: Chart, plane: _Plane, colours: Sequence[Color]) -> Iterator[Rect]:
    wide = min(34.0, plane.step * 0.76 / len(data.series))
    for place, numbers in enumerate(data.series.values()):
        shift = (place - len(data.series) / 2) * wide
        # A bar of no height would still show as a hair on the axis.
        for middle, number in ((x, n) for x, n in zip(plane.middles, numbers, strict=True) if n):
            bar = Rect(middle + shift + 0.6, plane.bottom, wide - 1.2, number * plane.scale)
            bar.fillColor, bar.strokeColor = colours[place], None
            yield bar


def _lines(data: Chart, plane: _Plane, colours: Sequence[Color]) -> Iterator[PolyLine | Circle]:
    for place, numbers in enumerate(data.series.values()):
        points = [
            (x, plane.bottom + n * plane.scale) for x, n in zip(plane.middles, numbers, strict=True)
        ]
        flat = [coordinate for point in points for coordinate in point]
        yield PolyLine(flat, strokeColor=colours[place], strokeWidth=2.2, strokeLineJoin=1)
        for x, y in points:
            yield Circle(
                x,
                y,
                3.2,
                fillColor=HexColor("#ffffff"),
                strokeColor=colours[place],
                strokeWidth=1.6,
            )


def _legend(
    names: Sequence[str], colours: Sequence[Color], x: float, y: float
) -> Iterator[Rect | String]:
    for name, colour in zip(names, colours, strict=False):
        yield Rect(x, y - 1, 9, 9, rx=2, ry=2, fillColor=colour, strokeColor=None)
        yield _label(x + 14, y, name, size=9, anchor="start")
        x += 34 + stringWidth(name, FONT, 9)


def _label(
    x: float,
    y: float,
    text: str,
    *,
    size: float = 8.2,
    bold: bool = False,
    anchor: str = "middle",
    fill: Color = INK,
) -> String:
    font = BOLD if bold else FONT
    return String(x, y, text, fontName=font, fontSize=size, textAnchor=anchor, fillColor=fill)


def _upright(x: float, y: float, text: str) -> Group:
    turned = Group(_label(0, 0, text, bold=True))
    turned.transform = (0, 1, -1, 0, x, y)
    return turned


def _arrow(points: Sequence[tuple[float, float]], colour: Color) -> Group:
    group = Group()
    for (x1, y1), (x2, y2) in pairwise(points):
        group.add(Line(x1, y1, x2, y2, strokeColor=colour, strokeWidth=3, strokeLineCap=1))
    (x1, y1), (x2, y2) = points[-2:]
    # The last stretch is upright or level, so its direction is one of four.
    across, up = (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)
    tip = [x2 + 5 * across, y2 + 5 * up]
    back_x, back_y = x2 - 4 * across, y2 - 4 * up
    wings = [back_x + 6 * up, back_y + 6 * across, back_x - 6 * up, back_y - 6 * across]
    group.add(Polygon([*tip, *wings], fillColor=colour, strokeColor=None))
    return group
