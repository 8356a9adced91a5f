"""Chunks of a text, measured in tokens and ended where a reader would pause."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from es_jina.ingest.borders import HEADING, LINE, PARAGRAPH, SENTENCE, SPACE, Borders
from es_jina.providers.base import Tokenizer

# Characters that are looked at together: some 25,000 tokens of prose, less than the model reads.
SECTION = 100_000

_CONTENT = re.compile(r"\S")
# What a chunk may end on, best first, and how full it must be there.
_LEAST_FULL = ((HEADING, 1 / 2), (PARAGRAPH, 1 / 4), (SENTENCE, 1 / 4), (LINE, 1 / 4), (SPACE, 0))


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a text.

    Attributes:
        text: what it says, without white space at either end.
        start: its first character in the text.
        end: the character behind its last.
        tokens: how many tokens of the text have a character in it; read alone it may have a few
            more or less.
    """

    text: str
    start: int
    end: int
    tokens: int


def chunks(
    text: str, limit: int, tokenizer: Tokenizer, *, overlap: int | None = None
) -> Iterator[Chunk]:
    """Cut a text into chunks of at most `limit` tokens, on the best border there is.

    A chunk ends before a Markdown heading where it is at least half full, else behind a paragraph,
    a sentence or a line where it is at least a quarter full, else between words, and within a word
    as the last resort. It does not end with a heading, and no character is taken off the marks upon
    it, unless that alone is over the limit. Nothing but white space is lost. The text is worked
    through by :func:`sections`; no chunk reaches over the end of one.

    Args:
        text: of any length.
        limit: the most tokens of a chunk, at least 1.
        tokenizer: counts them.
        overlap: the most tokens that a chunk repeats from the one before it, by default an eighth
            of the limit, never more than half. They are whole sentences: there are none where the
            last sentence is longer, nor before a heading.
    """
    repeated = limit // 8 if overlap is None else min(overlap, limit // 2)
    for first, behind in sections(text):
        section = _Section(text[first:behind], limit, tokenizer)
        for start, end in section.spans(repeated):
            tokens = section.tokens(start, end)
            yield Chunk(section.text[start:end], first + start, first + end, tokens)


def sections(text: str) -> Iterator[tuple[int, int]]:
    """Yield the parts of a text that are cut one at a time, in characters.

    A text of up to 100,000 characters is one section; a section of a longer one ends on the best
    border in the last quarter of that many.

    Yields:
        The first character and the one behind the last. There is no white space at either end, and
        nothing else between two sections.
    """
    start = 0
    while content := _CONTENT.search(text, start):
        first = content.start()
        window = text[first : first + SECTION]
        if first + len(window) < len(text):
            window = window[: _section_end(window)]
        start = first + len(window)
        yield first, first + len(window.rstrip())


def _section_end(window: str) -> int:
    least, most = len(window) * 3 // 4, len(window) - 1
    borders = Borders(window)
    for kind, _ in _LEAST_FULL:
        end = borders.last(kind, least, most)
        if end is not None:
            return end
    return borders.between_characters(least, most)


class _Section:
    """One section on its way to chunks; all places are characters of it."""

    def __init__(self, text: str, limit: int, tokenizer: Tokenizer) -> None:
        self.text = text
        self._limit = limit
        self._starts, self._ends = np.ascontiguousarray(tokenizer.spans(text).T)
        self._borders = Borders(text)

    def tokens(self, start: int, end: int) -> int:
        """Return how many tokens have a character between two places."""
        return self._behind(end) - self._first(start)

    def spans(self, overlap: int) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each chunk."""
        start = done = 0
        while done < len(self.text):
            end = self._end(start, done)
            if end is None:  # what is repeated leaves no room for more
                start = self._borders.content_from(done)
                continue
            yield start, end
            start, done = self._next_start(start, end, overlap), end

    def _end(self, start: int, done: int) -> int | None:
        """Return where the chunk from `start` ends, with content that is not `done`."""
        first = self._first(start)
        if first + self._limit >= len(self._starts):
            return len(self.text)
        # No character before this has a token too many.
        most = int(self._starts[first + self._limit])
        for kind, share in _LEAST_FULL:
            least = int(self._starts[first + int(self._limit * share)])
            end = self._borders.last(kind, max(least, start + 1, done + 1), most)
            if end is not None:
                return end
        least = max(start, done)
        if most > least:
            end = self._borders.content_before(self._borders.between_characters(least, most))
            if end > least:
                return end
        # A character that has more tokens than the limit stands alone.
        return start + 1 if start >= done else None

    def _next_start(self, start: int, end: int, overlap: int) -> int:
        """Return where the chunk behind `end` starts: there, or with sentences before it."""
        following = self._borders.content_from(end)
        if not overlap or self._borders.is_heading(following):
            return following
        beyond = self._behind(end) - overlap - 1
        earliest = max(start + 1, int(self._ends[beyond]) if beyond >= 0 else 0)
        sentence = self._borders.sentence_from(earliest)
        return following if sentence is None or sentence >= end else sentence

    def _first(self, place: int) -> int:
        """Return the first token with a character from there on."""
        return int(np.searchsorted(self._ends, place, side="right"))

    def _behind(self, place: int) -> int:
        """Return the first token without a character before there."""
        return int(np.searchsorted(self._starts, place))
