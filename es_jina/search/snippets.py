"""What a hit shows of a text: one line, and which of its characters match."""

import re

from es_jina.search.stop_words import folded, stop_words

# Elasticsearch puts them round words that match; noncharacters, which are for such use and stand in
# no text (Unicode 23.7).
MARK, UNMARK = "\ufdd0", "\ufdd1"
_MARKS = re.compile(f"([{MARK}{UNMARK}])")
_LONGEST = 160
# Letters before the first match, where that is far behind.
_BEFORE = 40
# Letters that are left out rather than that a word is cut.
_WORD = 20
# What a passage may begin with that belongs to what stood before it, or is Markdown's.
_LEAD = re.compile(r"(?:[,;:.!?…)\]}]+ |[#>*+|=~`_–—-]+ |[*_`~]+(?=\w))+")

Spans = list[tuple[int, int]]


def snippet_of(passage: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return a passage in one line of at most 160 letters, and what of it matches.

    It begins and ends with whole words where there are spaces, and shows the first match. Stop
    words are no matches, unless there are no others.

    Args:
        passage: with matches between :data:`MARK` and :data:`UNMARK`.

    Returns:
        The line, and of each match the first character and the one behind the last, in order.
    """
    text, spans = _parted(passage)
    spans = _telling(text, spans)
    first, end = _shown(text, spans)
    before, behind = "…" if first > _lead(text) else "", "…" if end < len(text) else ""
    moved = [(max(a, first), min(b, end)) for a, b in spans if a < end and b > first]
    by = len(before) - first
    return before + text[first:end] + behind, tuple((a + by, b + by) for a, b in moved)


def _parted(passage: str) -> tuple[str, Spans]:
    """Return a passage in one line, without marks, and where they stood."""
    text, marked = "", False
    spans: Spans = []
    for piece in _MARKS.split(" ".join(passage.split())):
        if piece in (MARK, UNMARK):
            marked = piece == MARK
            continue
        if marked and piece:
            first = len(text)
            # Letters that are words of their own, as in Chinese, are marked one by one.
            if spans and spans[-1][1] == first:
                first = spans.pop()[0]
            spans.append((first, len(text) + len(piece)))
        text += piece
    return text, spans


def _telling(text: str, spans: Spans) -> Spans:
    words = [folded(text[first:end]) for first, end in spans]
    empty = stop_words(words)
    return [span for span, word in zip(spans, words, strict=True) if word not in empty] or spans


def _lead(text: str) -> int:
    found = _LEAD.match(text)
    return found.end() if found and found.end() < len(text) else 0


def _shown(text: str, spans: Spans) -> tuple[int, int]:
    """Return the first character that is shown, and the one behind the last."""
    first = _lead(text)
    if len(text) - first <= _LONGEST:
        return first, len(text)
    match, match_end = spans[0] if spans else (first, first)
    if match_end > first + _LONGEST - _WORD:
        first = _behind_space(text, max(first, match - _BEFORE), match)
    # For what stands for the rest, on either side.
    end = first + _LONGEST - (1 if first == _lead(text) else 2)
    if end >= len(text):
        return first, len(text)
    space = text.rfind(" ", max(end - _WORD, match_end), end + 1)
    return first, end if space < 0 else space


def _behind_space(text: str, first: int, last: int) -> int:
    space = text.find(" ", first, last)
    return first if space < 0 else space + 1
