"""Where a text may be cut: headings, paragraphs, sentences, lines, words, characters."""

import re
import unicodedata
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]

# Kinds of border, the best first. A border of one kind is one of all kinds behind it too.
HEADING, PARAGRAPH, SENTENCE, LINE, SPACE = KINDS = range(5)
_NONE = len(KINDS)

# A Markdown heading; a line that is much longer is none.
_HEADING = re.compile(r"^#{1,6}[ \t]+\S[^\n]{0,200}$", re.MULTILINE)

# What a character is: bits of a table for the characters up to U+FFFF.
_WHITE, _STOP, _FULL_STOP, _CLOSER, _QUOTE, _SMALL, _DIGIT = (1 << bit for bit in range(7))
_LAST = 0xFFFF


def _table() -> NDArray[np.uint8]:
    table = np.zeros(_LAST + 1, np.uint8)
    for code in chain(range(0x2100), (0x3000,)):
        character = chr(code)
        table[code] |= _WHITE * character.isspace() | _SMALL * character.islower()
    for bit, characters in (
        # The end of a sentence where white space follows.
        (_STOP, ".!?…։؟۔"),
        # The end of a sentence, with or without.
        (_FULL_STOP, "。！？｡।॥።။។"),
        (_CLOSER, "\"'”’»)]}*_」』）】》〉］｝〕"),
        (_DIGIT, "0123456789"),
    ):
        for character in characters:
            table[ord(character)] |= bit
    return table


_TABLE = _table()


class Borders:
    """The borders of one text, each by the character behind the content before it."""

    def __init__(self, text: str) -> None:
        self._text = text
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        bits = _TABLE[np.minimum(codes, _LAST)]
        self._content = np.flatnonzero(bits & _WHITE == 0)
        before, behind = self._content[:-1], self._content[1:]
        gap = behind - before > 1
        lines = np.cumsum(codes == 0x0A)
        newlines = lines[behind] - lines[before]
        headings = [match.span() for match in _HEADING.finditer(text)]
        self._headings = np.array([start for start, _ in headings], np.int64)
        kind = np.select(
            [
                np.isin(behind, self._headings),
                newlines > 1,
                _sentences(codes, bits, before, behind),
                newlines == 1,
                gap,
            ],
            KINDS,
            _NONE,
        )
        for start, end in headings:
            # A heading belongs to what follows: nothing ends between the two.
            kind[_place(behind, start + 1) : _place(behind, self.content_from(end) + 1)] = _NONE
        self._ends = [before[kind <= each] + 1 for each in KINDS]
        self._sentences = behind[kind <= SENTENCE]

    def last(self, kind: int, least: int, most: int) -> int | None:
        """Return the last border of a kind from `least` to `most`."""
        ends = self._ends[kind]
        place = _place(ends, most + 1) - 1
        return int(ends[place]) if place >= 0 and ends[place] >= least else None

    def between_characters(self, least: int, most: int) -> int:
        """Return the last place behind `least` and up to `most` to cut between characters.

        Returns:
            `most` where there is none.
        """
        place = most
        while place > least and _joins(self._text, place):
            place -= 1
        return place if place > least else most

    def is_heading(self, place: int) -> bool:
        """Whether a heading begins there."""
        found = _place(self._headings, place)
        return found < len(self._headings) and int(self._headings[found]) == place

    def sentence_from(self, place: int) -> int | None:
        """Return the first character of the first sentence that begins there or behind."""
        found = _place(self._sentences, place)
        return int(self._sentences[found]) if found < len(self._sentences) else None

    def content_from(self, place: int) -> int:
        """Return the first place from there that is no white space, or the end of the text."""
        found = _place(self._content, place)
        return int(self._content[found]) if found < len(self._content) else len(self._text)

    def content_before(self, place: int) -> int:
        """Return the place behind the last content before there; 0 where there is none."""
        found = _place(self._content, place)
        return int(self._content[found - 1]) + 1 if found else 0


def _sentences(
    codes: NDArray[np.uint32], bits: NDArray[np.uint8], before: Places, behind: Places
) -> NDArray[np.bool_]:
    """Return between which neighbours in `before` and `behind` a sentence ends."""
    gap = behind - before > 1
    mark = _last_outside(bits, _CLOSER | _QUOTE)[before]
    small = bits[behind] & _SMALL != 0  # as behind "e.g."
    stops = bits[mark] & (_STOP | _FULL_STOP) != 0
    spaced = gap & stops & ~small & ~_numbered(codes, bits, mark)
    full = bits[_last_outside(bits, _CLOSER)[before]] & _FULL_STOP != 0
    goes_on = bits[behind] & (_STOP | _FULL_STOP | _CLOSER) != 0
    found: NDArray[np.bool_] = spaced | (full & ~goes_on)
    return found


def _last_outside(bits: NDArray[np.uint8], kinds: int) -> Places:
    """Return for each character the last up to it that is of none of these kinds."""
    return np.maximum.accumulate(np.where(bits & kinds == 0, np.arange(len(bits)), 0))


def _numbered(
    codes: NDArray[np.uint32], bits: NDArray[np.uint8], mark: Places
) -> NDArray[np.bool_]:
    """Return which marks only end the number of a list's item, as in "12." at the line's start."""
    places = np.arange(len(codes))
    word = np.maximum.accumulate(np.where(bits & _WHITE != 0, places + 1, 0))[mark]
    opens_line = (word == 0) | (codes[word - 1] == 0x0A)
    digit = bits & _DIGIT != 0
    numbered: NDArray[np.bool_] = opens_line & digit[word] & digit[mark - 1] & (mark - word <= 3)
    return numbered


def _joins(text: str, place: int) -> bool:
    """Whether the character there belongs to the one before it, as people see them."""
    before, here = text[place - 1], text[place]
    return (
        unicodedata.category(here) in {"Mn", "Mc", "Me"}
        or "\u200d" in {before, here}  # joins emoji
        or "\U0001f3fb" <= here <= "\U0001f3ff"  # the colour of a skin
        or "\U000e0020" <= here <= "\U000e007f"  # the region of a flag
        or "\u1160" <= here <= "\u11ff"  # the later parts of a Hangul syllable
        or ("\ud800" <= before <= "\udbff" and "\udc00" <= here <= "\udfff")
    )


def _place(ascending: NDArray[np.integer], value: int) -> int:
    """Return the first index whose value is at least that much."""
    return int(np.searchsorted(ascending, value))
