"""One page while it is drawn: what it shows, and where."""

from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.pdfgen.canvas import Canvas

from es_jina.demo.lettering import Lettering, is_chinese
from es_jina.demo.pen import Box
from es_jina.demo.sample_source.sheets import typesetting
from es_jina.demo.sample_source.sheets.model import Deck, Figure
from es_jina.demo.sample_source.sheets.naming import SMALL, Name, Named
from es_jina.demo.sample_source.sheets.pen import CanvasPen, colour
from es_jina.demo.sample_source.sheets.typesetting import CHINESE, Type
from es_jina.demo.sample_source.sheets.words import printed

# Pixels of the longer side of a page as the demo model sees it, and of a square.
_SEEN, _SEEN_SQUARE = 336, 280
# Ink of letters is measured at this size.
_LARGE = 250
# Between words of a title, as a share of their size.
_SPACE = 0.36


@dataclass(frozen=True, slots=True)
class Spot:
    """A part of a page that shows something.

    Attributes:
        words: English words of the concepts: one for a word, colour and kind for a chart.
        printed: the word as it stands there; nothing for a chart.
        box: left, top, right, bottom, in points from the upper left corner.
    """

    words: tuple[str, ...]
    printed: str
    box: Box


class Paper:
    """A page; its places are points from the upper left corner.

    Args:
        canvas: on which it is drawn.
        deck: that it is in.

    Attributes:
        unit: points of a pixel of the page that the demo model sees.
        spots: what it shows, in the order in which it was drawn.
    """

    def __init__(self, canvas: Canvas, deck: Deck) -> None:
        self.canvas, self.deck = canvas, deck
        self.width, self.height = deck.page
        seen = _SEEN_SQUARE if self.width == self.height else _SEEN
        self.unit = max(deck.page) / seen
        self.pen = CanvasPen(canvas, self.height)
        self.spots: list[Spot] = []
        self._latin = deck.style.latin

    def fill(self, box: Box, ink: str) -> None:
        """Fill a rectangle."""
        self.pen.rectangle(box, ink)

    def title_height(self, topics: Sequence[str], room: float, size: float) -> float:
        """Return how high the lines of a title are."""
        return len(self._lines(topics, room, size)) * size * 1.2

    def title(self, topics: Sequence[str], area: Box, size: float, ink: str) -> float:
        """Print topics large, one behind the other.

        Args:
            topics: English words.
            area: left, top, right, bottom.
            size: points.
            ink: their colour.

        Returns:
            Where the last line ends.
        """
        left, top, right, _ = area
        for line in self._lines(topics, right - left, size):
            x = left
            for topic in line:
                x += self._word(topic, (x, top + size * 0.92), right - left, size, ink)
                x += size * _SPACE
            top += size * 1.2
        return top

    def chart(self, figure: Figure, area: Box) -> float:
        """Draw a chart and its names.

        Returns:
            Where they end.
        """
        named = Named(figure, area, self.unit)
        for mark in [*named.marks, *named.swatches()]:
            mark.draw(self.pen)
        for name in named.names():
            self.name(name)
        self.spots.append(Spot((figure.colour, figure.kind), "", named.box))
        return area[3]

    def name(self, name: Name, size: float = SMALL) -> None:
        """Write a line of small print."""
        width = typesetting.width(name.text, name.font, size)
        x = name.x - width * {"start": 0, "middle": 0.5, "end": 1}[name.anchor]
        self.write(name.text, (x, name.y), Type(name.font, size, size), name.ink)

    def write(self, text: str, at: tuple[float, float], style: Type, ink: str) -> None:
        """Write a line that starts at a point, on its base line."""
        x, y = at
        place = (x, self.height - y)
        typesetting.draw(self.canvas, text, place, style, colour(ink))

    def _lines(self, topics: Sequence[str], room: float, size: float) -> list[list[str]]:
        lines: list[list[str]] = []
        x = room
        for topic in topics:
            width = self._width(topic, size)
            if x + width > room:
                lines.append([])
                x = 0
            lines[-1].append(topic)
            x += width + size * _SPACE
        return lines

    def _width(self, topic: str, size: float) -> float:
        return typesetting.width(printed(topic, self.deck.language), self._latin, size)

    def _word(
        self, topic: str, at: tuple[float, float], room: float, size: float, ink: str
    ) -> float:
        """Print a word, smaller where there is no room for it; return how wide it is."""
        word = printed(topic, self.deck.language)
        size = min(size, size * room / self._width(topic, size))
        self.write(word, at, Type(self._latin, size, size), ink)
        more = typesetting.outline_of(size) / 2 if is_chinese(word) else 0
        self.spots.append(Spot((topic,), word, self._ink(word, at, size, more)))
        return self._width(topic, size)

    def _ink(self, word: str, at: tuple[float, float], size: float, more: float) -> Box:
        font = Lettering(f"{self._latin}.ttf", f"{CHINESE}.ttf", _LARGE).font(word)
        # What Pillow calls the box of a text reaches to where the next one starts.
        mask, (x, y) = font.getmask2(word, mode="L", anchor="ls")
        left, top, right, bottom = mask.getbbox()
        scale = size / _LARGE
        return (
            at[0] + (x + left) * scale - more,
            at[1] + (y + top) * scale - more,
            at[0] + (x + right) * scale + more,
            at[1] + (y + bottom) * scale + more,
        )
