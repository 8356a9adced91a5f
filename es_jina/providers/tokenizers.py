"""Tokens for a model whose tokenizer is not at hand: an estimate that errs upwards."""

import numpy as np
from numpy.typing import NDArray

# Letters of one token, by how well a tokenizer of some 150,000 tokens knows their script. What a
# character counts where it shares a token with no other is below.
_LATIN, _PAIRED, _BLANK = 4, 2, 8
_ALONE = 1
_SIZES = np.full(0x10000, _ALONE, np.uint8)
_WEIGHTS = np.full(0x10000, 2, np.uint8)

# (first, last, letters of one token): plain Latin, Cyrillic, Hebrew and Arabic letters, spaces.
for _first, _last, _size in (
    (0x41, 0x5A, _LATIN),
    (0x61, 0x7A, _LATIN),
    (0x410, 0x44F, _PAIRED),
    (0x5D0, 0x5EA, _PAIRED),
    (0x621, 0x64A, _PAIRED),
    (0x20, 0x20, _BLANK),
):
    _SIZES[_first : _last + 1] = _size
# (first, last): a token each. Other letters of Europe, the Near East, Devanagari, Thai, Georgian,
# Hangul, kana and the ideographs; the rest of the plane counts two.
for _first, _last in (
    (0x00, 0x97F),
    (0xE00, 0xE7F),
    (0x10A0, 0x10FF),
    (0x1E00, 0x1EFF),
    (0x2010, 0x206F),
    (0x3000, 0x30FF),
    (0x3400, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xFF00, 0xFFEF),
):
    _WEIGHTS[_first : _last + 1] = 1
_WEIGHTS[0xFFFF] = 3  # it stands for all that is beyond: emoji and rare ideographs


class EstimatedTokens:
    """Counts as Qwen's byte-level BPE does, or more.

    Four plain Latin letters of a word are a token, two of Cyrillic, Hebrew or Arabic; a digit, a
    punctuation mark and a letter of any other script are one each, or more where the script is
    rare. A space before a word of several letters to a token costs nothing.

    Held against Qwen's own on texts in 40 languages and on code it counts 1.0 to 1.9 times as many
    (English 1.4, Chinese 1.5, Python 1.8), 0.95 times for Basque and Mongolian; but 0.75 times for
    base64, which no rule over letters foresees.
    """

    def spans(self, text: str) -> NDArray[np.int32]:
        """Return the characters of each token; a character of several tokens comes as often."""
        if not text:
            return np.empty((0, 2), np.int32)
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        capped = np.minimum(codes, 0xFFFF)
        sizes = _SIZES[capped]
        joined = _joined(codes, sizes)
        starts = _starts(codes, sizes) & ~joined
        borders = np.flatnonzero(starts | joined)
        spans = np.stack([borders, np.append(borders[1:], len(codes))], axis=1).astype(np.int32)
        spans = spans[starts[borders]]
        return np.repeat(spans, _WEIGHTS[capped[spans[:, 0]]], axis=0)


def _joined(codes: NDArray[np.uint32], sizes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which spaces go with the word or the mark behind them."""
    joined: NDArray[np.bool_] = codes == 0x20
    behind = codes[1:]
    digit = (behind >= 0x30) & (behind <= 0x39)
    word = (sizes[1:] > _ALONE) | (behind < 0x80)
    joined[:-1] &= word & (behind > 0x20) & ~digit
    joined[-1] = False
    return joined


def _starts(codes: NDArray[np.uint32], sizes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which characters begin a token: the first of a word and every so many behind it."""
    places = np.arange(len(codes))
    upper = (codes >= 0x41) & (codes <= 0x5A)
    first = np.ones(len(codes), np.bool_)
    # A capital behind a small letter begins a word: camelCase, base64.
    first[1:] = (sizes[1:] != sizes[:-1]) | (upper[1:] & ~upper[:-1])
    word = np.maximum.accumulate(np.where(first, places, 0))
    starts: NDArray[np.bool_] = (places - word) % sizes == 0
    return starts
