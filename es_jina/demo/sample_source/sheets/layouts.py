"""Places the parts of a page: header, title, chart, text."""

from es_jina.demo.pen import Box
from es_jina.demo.sample_source.sheets import typesetting
from es_jina.demo.sample_source.sheets.model import A4, Sheet
from es_jina.demo.sample_source.sheets.naming import Name, is_level
from es_jina.demo.sample_source.sheets.paper import Paper
from es_jina.demo.sample_source.sheets.text import TextBlock
from es_jina.demo.sample_source.sheets.typesetting import BOLD, PLAIN, Type

_TEXT, _QUIET = "#4d5560", "#8a929d"
_TEXT_ON_DARK, _QUIET_ON_DARK = "#d5d9e0", "#a3abb8"
_WHITE, _PANEL = "#ffffff", "#ffffff"
_SUBTITLE, _CAPTION = Type(PLAIN, 13.5, 19), Type(BOLD, 9.6, 14)
_BODY, _BODY_ON_SLIDES = 11.0, 12.0
# How high charts are at most, as a share of the width; how high at least, in pixels of the model.
_HIGHEST = {"flow": 0.66, "pie": 0.58, "table": 0.68, "map": 0.7}
_HIGHEST_ON_SLIDES = {"flow": 1.25, "pie": 1.2, "table": 0.85, "map": 1.15}
_LEAST = 62


class Layout:
    """Draws one page.

    Args:
        paper: to draw on.
        sheet: what is drawn.
        place: the number of the page, such as ``3 / 6``.
    """

    def __init__(self, paper: Paper, sheet: Sheet, place: str) -> None:
        self.paper, self.sheet, self.place = paper, sheet, place
        self.style, self.unit = paper.deck.style, paper.unit
        self.margin = 17 * self.unit
        self.right = paper.width - self.margin
        self.bottom = paper.height - 15 * self.unit
        self.wide = paper.width > paper.height
        self.size = sheet.size * self.unit
        dark = sheet.dark
        self.ink = _WHITE if dark else self.style.ink
        self.text_ink = _TEXT_ON_DARK if dark else _TEXT
        self.quiet = _QUIET_ON_DARK if dark else _QUIET

    def draw(self) -> None:
        """Draw it."""
        paper = self.paper
        background = self.style.band if self.sheet.dark else self.style.paper
        paper.fill((0, 0, paper.width, paper.height), background)
        {
            "open": self._open, "band": self._band, "below": self._below, "beside": self._beside,
        }[self.sheet.layout]()  # fmt: skip
        self._edges()

    def _edges(self) -> None:
        """Write the title of the file above the page and its number below."""
        unit, paper = self.unit, self.paper
        above = _QUIET_ON_DARK if self.sheet.layout == "band" else self.quiet
        mark = _WHITE if self.sheet.layout == "band" or self.sheet.dark else self.style.ink
        top, left = 7.5 * unit, self.margin
        paper.fill((left, top, left + 3.4 * unit, top + 3.4 * unit), mark)
        paper.name(
            Name(paper.deck.title, left + 5.4 * unit, top + 2.9 * unit, "start", above), size=8.6
        )
        if self.place:
            low = paper.height - 7 * unit
            paper.name(Name(self.place, self.right, low, "end", self.quiet), size=8.6)

    def _open(self) -> None:
        end = self._title((self.margin, 17 * self.unit, self.right, 0), self.ink, self.text_ink)
        self._chart_and_text(end + 7 * self.unit)

    def _band(self) -> None:
        paper, unit = self.paper, self.unit
        area = (self.margin, 16 * unit, self.right, 0)
        high = paper.title_height(self.sheet.topics, self.right - self.margin, self.size)
        high += len(self._subtitle(self.right - self.margin)) * _SUBTITLE.leading
        band = area[1] + high + 9 * unit
        paper.fill((0, 0, paper.width, band), self.style.band)
        self._title(area, _WHITE, _TEXT_ON_DARK)
        self._chart_and_text(band + 8 * unit)

    def _below(self) -> None:
        """The chart above the title: it takes the room that title and text leave."""
        unit, room = self.unit, self.right - self.margin
        text = self._text_block(room, 2)
        high = self.paper.title_height(self.sheet.topics, room, self.size)
        high += len(self._subtitle(room)) * _SUBTITLE.leading + text.height + 11 * unit
        end = self._chart((self.margin, 19 * unit, self.right, self.bottom - high))
        end = self._title((self.margin, end + 5 * unit, self.right, 0), self.ink, self.text_ink)
        text.draw(self.paper, (self.margin, end + 5 * unit), self.text_ink, self.ink)

    def _beside(self) -> None:
        """The chart on the left, title and text on the right."""
        unit = self.unit
        middle = self.margin + (self.right - self.margin) * 0.55
        self._chart((self.margin, 20 * unit, middle, self.bottom))
        left = middle + 10 * unit
        end = self._title((left, 15 * unit, self.right, 0), self.ink, self.text_ink)
        text = self._text_block(self.right - left, 1)
        self._check(end + 5 * unit + text.height)
        text.draw(self.paper, (left, end + 5 * unit), self.text_ink, self.ink)

    def _chart_and_text(self, top: float) -> None:
        """Below a title: the chart above the text, on most wide pages to the left of it."""
        unit = self.unit
        if self.wide and not is_level(self.sheet.figure):
            middle = self.margin + (self.right - self.margin) * 0.58
            self._chart((self.margin, top, middle, self.bottom))
            left = middle + 11 * unit
            text = self._text_block(self.right - left, 1)
        else:
            text = self._text_block(self.right - self.margin, 2)
            low = self.bottom - text.height - 5 * unit
            top = self._chart((self.margin, top, self.right, low)) + 5 * unit
            left = self.margin
        self._check(top + text.height)
        text.draw(self.paper, (left, top), self.text_ink, self.ink)

    def _title(self, area: Box, ink: str, quiet: str) -> float:
        """Print title and subtitle; return where they end."""
        left, _, right, _ = area
        end = self.paper.title(self.sheet.topics, area, self.size, ink)
        for line in self._subtitle(right - left):
            end += _SUBTITLE.leading
            self.paper.write(line, (left, end - 1), _SUBTITLE, quiet)
        return end

    def _subtitle(self, room: float) -> list[str]:
        return typesetting.lines(self.sheet.subtitle, _SUBTITLE.font, _SUBTITLE.size, room)

    def _chart(self, area: Box) -> float:
        """Draw the chart and its caption in an area; return where they end."""
        left, top, right, bottom = area
        caption = typesetting.lines(
            self.sheet.figure.caption, _CAPTION.font, _CAPTION.size, right - left
        )
        low = bottom - len(caption) * _CAPTION.leading - 5
        low = min(low, top + (right - left) * self._highest())
        if low - top < _LEAST * self.unit:
            raise ValueError(f"{self._where()} leaves no room for its chart")
        inside = (left, top, right, low)
        if self.sheet.dark:
            self.paper.fill(inside, _PANEL)
            inside = (left + 14, top + 14, right - 14, low - 12)
        self.paper.chart(self.sheet.figure, inside)
        low += 5
        for line in caption:
            low += _CAPTION.leading
            self.paper.write(line, (left, low - 2), _CAPTION, self.text_ink)
        return low

    def _text_block(self, room: float, columns: int) -> TextBlock:
        size = _BODY if self.paper.deck.page == A4 else _BODY_ON_SLIDES
        return TextBlock(self.sheet.text, room, min(columns, len(self.sheet.text)), size)

    def _highest(self) -> float:
        figure = self.sheet.figure
        if is_level(figure):
            return 0.34 if self.wide else 0.44
        highest = _HIGHEST_ON_SLIDES if self.wide else _HIGHEST
        return highest.get(figure.kind, 1.2 if self.wide else 0.86)

    def _check(self, end: float) -> None:
        if end > self.bottom + 2:
            raise ValueError(f"{self._where()} is too full by {end - self.bottom:.0f} points")

    def _where(self) -> str:
        return f"{self.paper.deck.path}: page {self.place or 1}"
