"""The words of a query that say what is looked for, and the tokens that make each."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from es_jina.embedding import TokenSpans
from es_jina.search.stop_words import folded, stop_words

# What may stand inside a word, between two letters or digits; and between two digits alone.
_JOINING = frozenset("-‐‑'’.·_&")
_JOINING_DIGITS = frozenset(",:/")
# Vowels of Thai and Lao that Unicode counts as letters, and nobody parts from the one before.
_TRAILING = frozenset("ำຳ")
# How Unicode's names of letters begin whose scripts put no spaces between words.
_UNSPACED = (
    *("CJK ", "IDEOGRAPHIC ", "HIRAGANA ", "KATAKANA", "BOPOMOFO "),
    *("THAI ", "LAO ", "KHMER ", "MYANMAR ", "JAVANESE ", "BALINESE ", "TAI ", "NEW TAI LUE "),
)
# Symbols from here on are pictures rather than signs: sun, car.
_FIRST_PICTURE = "\u2600"
# In terms of `_kind`.
_WORD = re.compile(r"[ld]m*(?:(?:j|(?<=d)n(?=d))?[ld]m*)*|u[um]*|s[sm]*")
# Articles and the like that lean on the word behind them, in French and Italian.
_ELIDED = re.compile(
    r"(?:[cdjlmnst]|qu|lorsqu|puisqu|jusqu|un|quest|(?:d|n|s|c|qu)?(?:e|a|o|u)ll)['’](?=.)",
    re.IGNORECASE,
)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a query.

    Attributes:
        text: as it stands there.
        start: its first character.
        end: the one behind its last.
        tokens: the numbers of the vectors that stand for it, ascending, at least one.
    """

    text: str
    start: int
    end: int
    tokens: tuple[int, ...]


def content_words(text: str, layout: TokenSpans) -> list[Word]:
    """Return the words of a query, without stop words unless there are no others.

    A word is a run of letters and digits, with what joins them: *heat-pump*, *3.5*, *don't*. In
    scripts that put no spaces between words each token is one, or several that share a character.

    Args:
        text: of the query.
        layout: which part of it each of its vectors stands for; those of the prompt for none.

    Returns:
        In their order; they do not overlap.
    """
    spans = layout.characters
    words = [
        Word(text[start:end], start, end, tokens)
        for start, end in _parts(text, spans)
        if (tokens := tuple(np.flatnonzero(_overlapping(spans, (start, end))).tolist()))
    ]
    stops = stop_words(word.text for word in words)
    return [word for word in words if folded(word.text) not in stops] or words


def _overlapping(spans: NDArray[np.int32], part: Span) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.maximum(spans[:, 0], part[0]) < np.minimum(spans[:, 1], part[1])
    return found


def _parts(text: str, spans: NDArray[np.int32]) -> Iterator[Span]:
    kinds = "".join(map(_kind, text))
    for found in _WORD.finditer(kinds):
        start, end = found.span()
        if kinds[start] == "u":
            yield from _by_token(kinds, spans[_overlapping(spans, (start, end))], (start, end))
        elif elided := _ELIDED.match(text, start, end):
            yield start, elided.end()
            yield elided.end(), end
        else:
            yield start, end


def _by_token(kinds: str, spans: NDArray[np.int32], run: Span) -> Iterator[Span]:
    """Part a run of letters where no token goes on, nor a letter with its marks."""
    first: int | None = None
    end = run[0]
    for token_start, token_end in spans.tolist():
        start = max(token_start, run[0])
        if first is None:
            first = start
        elif start >= end and kinds[start] != "m":
            yield first, end
            first = start
        end = max(end, min(token_end, run[1]))
    if first is not None:
        yield first, end


@lru_cache(4096)
def _kind(letter: str) -> str:
    """Return one letter for what a character is.

    l a letter, u one of a script without spaces, d a digit, m what belongs to the character before
    it, s a small picture, j and n what joins letters or digits, a space for all others.
    """
    category = unicodedata.category(letter)
    if letter in _JOINING:
        return "j"
    if letter in _JOINING_DIGITS:
        return "n"
    # Joiners of two letters or pictures (Cf) are not seen.
    if category[0] == "M" or category == "Cf" or letter in _TRAILING:
        return "m"
    if category[0] in "LN":
        name = unicodedata.name(letter, "").removeprefix("HALFWIDTH ")
        if name.startswith(_UNSPACED):
            return "u"
        return "l" if category[0] == "L" else "d"
    return "s" if category in ("So", "Sk") and letter >= _FIRST_PICTURE else " "
