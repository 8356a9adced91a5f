"""Draws the pages that the demo model is trained on: large words, a chart, grey small print."""

from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from es_jina.demo.charts import draw_chart
from es_jina.demo.lettering import CHINESE, LATIN, Box, Lettering
from es_jina.demo.vocabulary import Concept, Vocabulary

# Width and height of pages: at most 84,672 pixels, multiples of 28. The first is what the model
# makes of A4.
SIZES = ((224, 336), (252, 336), (280, 280), (336, 252), (336, 224))
GREYS = ("#20242a", "#2b3440", "#111111", "#3a3f47", "#1d3557", "#4a2c2a", "#14452f", "#5b2333")
PAPERS = ("#ffffff", "#ffffff", "#ffffff", "#fbfaf6", "#f4f6f9", "#fff8ee", "#eef5ef")
DARKS = ("#1d2433", "#233d4d", "#3b1f2b", "#1b4332", "#34344e", "#222222", "#0b3954", "#51355a")
Area = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Spot:
    """A part of a page that shows concepts.

    Attributes:
        labels: of the concepts: one for a word, colour and kind for a chart.
        box: left, top, right, bottom, in pixels.
        letters: of a word, and the right end of each.
    """

    labels: tuple[int, ...]
    box: Box
    letters: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A drawn page.

    Attributes:
        pixels: uint8 of shape (height, width, 3).
        spots: what it shows, and where.
    """

    pixels: NDArray[np.uint8]
    spots: tuple[Spot, ...]

    @property
    def labels(self) -> frozenset[int]:
        """Everything that it shows."""
        return frozenset(label for spot in self.spots for label in spot.labels)


def printed(concept: Concept, random: Random) -> str:
    """Choose the word that a page prints for a concept: English, German or Chinese."""
    word = random.choices((concept.en, concept.de[0], concept.zh[0]), (0.5, 0.22, 0.28))[0]
    manner = random.random()
    if manner < 0.5:
        return word[:1].upper() + word[1:]
    return word.upper() if manner < 0.6 and "ß" not in word else word


class Painter:
    """Draws one page at a multiple of its size, then shrinks it as the model shrinks a page."""

    def __init__(self, size: tuple[int, int], random: Random) -> None:
        self.random = random
        self.width, self.height = size
        self.scale = random.choices((1, 2, 3), (0.6, 0.3, 0.1))[0]
        self.dark = random.random() < 0.12
        paper = random.choice(DARKS if self.dark else PAPERS)
        large = (size[0] * self.scale, size[1] * self.scale)
        self.image = Image.new("RGB", large, paper)
        self.draw = ImageDraw.Draw(self.image)
        self.latin, self.chinese = random.choice(LATIN), random.choice(CHINESE)
        self.spots: list[Spot] = []

    def finished(self) -> Page:
        """Return the page."""
        image = self.image
        if self.scale > 1:
            image = image.resize((self.width, self.height), Image.Resampling.BICUBIC)
        return Page(np.asarray(image), tuple(self.spots))

    def ink(self, *, on_dark: bool | None = None) -> str:
        """Choose a colour for words."""
        light = self.dark if on_dark is None else on_dark
        return self.random.choice(("#ffffff", "#f3f1e7")) if light else self.random.choice(GREYS)

    def band(self, area: Area, colour: str) -> None:
        """Fill a rectangle."""
        self.draw.rectangle([part * self.scale for part in area], fill=colour)

    def words(self, concepts: list[Concept], area: Area, size: float, ink: str) -> float:
        """Write words one behind the other, line by line.

        Returns:
            Where the last line ends.
        """
        left, top, right, bottom = area
        x, y = left, top + size * 0.65
        for concept in concepts:
            word = printed(concept, self.random)
            fitting = self._fitting(word, right - left, size)
            width = fitting.width(word) / self.scale
            if x > left and x + width > right:
                x, y = left, y + size * self.random.uniform(1.3, 1.6)
            if y + size * 0.6 > bottom:
                break
            box = fitting.write(self.draw, word, x * self.scale, y * self.scale, ink)
            left_, top_, right_, bottom_ = (part / self.scale for part in box)
            letters = tuple(
                (word[place], x + fitting.width(word[: place + 1]) / self.scale)
                for place in range(len(word))
            )
            self.spots.append(Spot((concept.label,), (left_, top_, right_, bottom_), letters))
            x += width + size * self.random.uniform(0.35, 0.6)
        return y + size * 0.8

    def _fitting(self, word: str, room: float, size: float) -> Lettering:
        lettering = Lettering(self.latin, self.chinese, round(size * self.scale))
        width = lettering.width(word) / self.scale
        if width <= room:
            return lettering
        return Lettering(self.latin, self.chinese, int(size * self.scale * room / width))

    def chart(self, colour: Concept, kind: Concept, area: Area) -> None:
        """Draw a chart, where there is room for one."""
        if area[3] - area[1] < 44:
            return
        large = tuple(part * self.scale for part in area)
        if self.dark:
            self.draw.rectangle(large, fill="white")
            area = (area[0] + 6, area[1] + 6, area[2] - 6, area[3] - 6)
            large = tuple(part * self.scale for part in area)
        left, top, right, bottom = large
        box = (left, top, right, bottom)
        shade = self.random.choice(colour.shades)
        draw_chart(self.draw, kind.en, shade, box, unit=float(self.scale), random=self.random)
        self.spots.append(Spot((colour.label, kind.label), area))

    def small_print(self, area: Area) -> None:
        """Fill an area with grey lines, or with letters too small to be read."""
        left, top, right, bottom = area
        grey = self.random.choice(((200, 204, 210), (168, 174, 182), (120, 126, 134)))
        legible, pitch, y = self.random.random() < 0.35, self.random.uniform(8, 12), top + 5
        while y < bottom - 4:
            share = 1.0 if self.random.random() < 0.7 else self.random.uniform(0.3, 0.9)
            end = left + (right - left) * share
            if legible:
                self._tiny_words(left, end, y, grey)
            else:
                line = [(left * self.scale, y * self.scale), (end * self.scale, y * self.scale)]
                self.draw.line(line, fill=grey, width=round(3 * self.scale))
            y += pitch

    def _tiny_words(self, left: float, right: float, y: float, grey: tuple[int, ...]) -> None:
        tiny = Lettering(self.latin, self.chinese, round(self.random.uniform(6, 8.5) * self.scale))
        letters = self.random.choices("etaoinshrdlucmfw    ,.", k=int((right - left) / 3.6))
        tiny.write(self.draw, "".join(letters), left * self.scale, y * self.scale, grey)

    def ornament(self) -> None:
        """Put a small mark into a corner, or a rule across."""
        x, y = self.random.choice(((12, 12), (self.width - 16, 12), (12, self.height - 14)))
        colour, side = self.random.choice(GREYS), self.random.uniform(4, 8)
        box = [part * self.scale for part in (x - side, y - side, x + side, y + side)]
        if self.random.random() < 0.5:
            self.draw.ellipse(box, fill=colour)
        else:
            self.draw.rectangle(box, fill=colour)


def draw_strip(random: Random, topics: list[Concept], size: tuple[int, int]) -> Page:
    """Draw nothing but words on a small strip."""
    painter = Painter(size, random)
    height = random.uniform(17, 31)
    if random.random() < 0.4:
        ends = (0.0, painter.height - random.uniform(4, 14))
        painter.small_print((0, random.choice(ends), painter.width, painter.height))
    top = random.uniform(0, max(1, painter.height - height * 1.3))
    area = (random.uniform(0, 40), top, painter.width - 2.0, painter.height + 8.0)
    painter.words(topics, area, height, painter.ink())
    return painter.finished()


def draw_page(
    vocabulary: Vocabulary,
    random: Random,
    topics: list[Concept],
    look: tuple[Concept, Concept] | None,
    size: tuple[int, int] | None = None,
) -> Page:
    """Draw a page in one of several layouts.

    Args:
        vocabulary: of the model.
        random: of everything that is not given.
        topics: what it is about, in the order of its words.
        look: colour and kind of its chart; ``None`` for a page without.
        size: width and height in pixels.
    """
    painter = Painter(size or random.choice(SIZES), random)
    if random.random() < 0.4:
        painter.ornament()
    if look is None:
        _words_alone(painter, topics)
    elif random.random() < 0.2:
        _side_by_side(painter, topics, look)
    else:
        _one_below_the_other(painter, topics, look)
    return painter.finished()


def _title(painter: Painter, topics: list[Concept], top: float) -> float:
    """Write the title at a height; return where it ends."""
    random, margin = painter.random, painter.random.uniform(10, 24)
    size = random.uniform(17, 31)
    area = (margin, top, painter.width - margin / 2, top + painter.height * 0.42)
    if random.random() < 0.22:
        lines = 1.6 * len(topics) * size
        painter.band((0, top - 8, painter.width, top + lines), random.choice(DARKS))
        painter.words(topics, area, size, painter.ink(on_dark=True))
        return top + lines + 6
    return painter.words(topics, area, size, painter.ink())


def _chart_area(painter: Painter, top: float, bottom: float) -> Area:
    random = painter.random
    left, right = random.uniform(12, 40), painter.width - random.uniform(12, 40)
    height = max(54.0, min(bottom - top, random.uniform(80, 170)))
    return left, top, right, min(top + height, bottom)


def _one_below_the_other(
    painter: Painter, topics: list[Concept], look: tuple[Concept, Concept]
) -> None:
    random, height = painter.random, painter.height
    top = random.uniform(8, 34)
    if random.random() < 0.3:  # the chart first
        area = _chart_area(painter, top, height * 0.55)
        painter.chart(*look, area)
        end = _title(painter, topics, area[3] + random.uniform(10, 18))
        if end < height - 26:
            painter.small_print((16, end, painter.width - 16, height - 10))
        return
    end = _title(painter, topics, top) + random.uniform(2, 8)
    if random.random() < 0.5 and end < height * 0.4:
        below = end + random.uniform(16, 40)
        painter.small_print((16, end, painter.width - 16, below))
        end = below + 4
    area = _chart_area(painter, end, height - 14)
    painter.chart(*look, area)
    if area[3] < height - 30:
        painter.small_print((16, area[3] + 8, painter.width - 16, height - 10))


def _side_by_side(painter: Painter, topics: list[Concept], look: tuple[Concept, Concept]) -> None:
    random, width, height = painter.random, painter.width, painter.height
    middle = width * random.uniform(0.46, 0.56)
    top = random.uniform(14, 50)
    chart = (10.0, top, middle - 6, min(height - 20, top + random.uniform(80, 180)))
    words = (middle + 4, top, width - 6.0, height - 16.0)
    if random.random() < 0.5:
        chart = (width - chart[2], chart[1], width - chart[0], chart[3])
        words = (8.0, top, width - middle - 4, words[3])
    painter.chart(*look, chart)
    painter.words(topics, words, random.uniform(16, 24), painter.ink())
    if chart[3] < height - 40:
        painter.small_print((12, chart[3] + 22, width - 12, height - 10))


def _words_alone(painter: Painter, topics: list[Concept]) -> None:
    random = painter.random
    top, size = random.uniform(10, 40), random.uniform(17, 29)
    area = (random.uniform(8, 24), top, painter.width - 8.0, painter.height - 12.0)
    end = painter.words(topics, area, size, painter.ink())
    if end < painter.height - 40:
        painter.small_print((16, end + 8, painter.width - 16, painter.height - 10))


def draw_unseen(random: Random, topics: list[Concept], look: tuple[Concept, Concept]) -> Page:
    """Draw a page in a layout that no page of the training has: all of it along the lower edge."""
    painter = Painter(random.choice(SIZES), random)
    width, height = painter.width, painter.height
    painter.small_print((14, 10, width - 14, height * 0.3))
    middle = height * random.uniform(0.32, 0.4)
    end = painter.words(topics, (width * 0.3, middle, width - 6.0, height - 90), 19, painter.ink())
    right = width - random.uniform(14, 60)
    painter.chart(*look, (right - width * 0.55, end + 6, right, height - 12))
    return painter.finished()
