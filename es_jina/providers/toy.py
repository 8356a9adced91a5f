"""Checkpoints that know little and say so: what they are, and which words they know."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Self

from es_jina.errors import CheckpointError

TOY_FILE = "toy.json"

# Scripts that put no space between words: Han, kana, and those of mainland South-East Asia.
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)
_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
# Of "dog's" and "l'eau" it is enough to know a part.
_PARTS = re.compile(f"[{_APOSTROPHES}]")


@dataclass(frozen=True, slots=True)
class Toy:
    """What a toy says of itself.

    Attributes:
        about: what it is and cannot do, in one sentence.
        words: that it has seen, casefolded; empty where nobody tells.
    """

    about: str
    words: frozenset[str] = field(repr=False)

    @classmethod
    def read(cls, told: dict[str, Any], place: str) -> Self:
        """Read what stands beside the weights: ``{"about": ..., "words": [...]}``.

        Args:
            told: the JSON object.
            place: where it stands, for errors.

        Raises:
            CheckpointError: it is not that.
        """
        about, words = told.get("about"), told.get("words")
        if not (isinstance(about, str) and about.strip()):
            raise CheckpointError(f"{place} must say in `about` what the model is, in one sentence")
        if not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
            raise CheckpointError(f"{place} must list in `words` those that the model has seen")
        return cls(" ".join(about.split()), frozenset(map(_folded, words)))

    def unknown(self, text: str) -> list[str]:
        """Return the words of a text that the model has never seen, as they stand there, each once.

        Where a script puts no space between words, the longest known word counts at each place.
        """
        if not self.words:
            return []
        found: dict[str, str] = {}
        for word in words_of(text):
            for part in self._strange(word):
                found.setdefault(_folded(part), part)
        return list(found.values())

    def _strange(self, word: str) -> Iterator[str]:
        """Yield what is not known of a word: all of it, or what stands between known words."""
        if _SPACELESS.match(word):
            yield from self._between(word)
        elif not any(_folded(part) in self.words for part in (word, *_PARTS.split(word))):
            yield word

    def _between(self, run: str) -> Iterator[str]:
        longest = max(map(len, self.words))
        begun = at = 0
        while at < len(run):
            ends = range(min(len(run), at + longest), at, -1)
            end = next((end for end in ends if _folded(run[at:end]) in self.words), None)
            if end is not None and begun < at:
                yield run[begun:at]
            at = end or at + 1
            begun = begun if end is None else end
        if begun < len(run):
            yield run[begun:]


def say_unknown(words: Sequence[str]) -> str:
    """Return a line that says which words of a query a toy does not know."""
    *others, last = map(repr, words)
    listed = f"{', '.join(others)} and {last}" if others else last
    return f"the demo model does not know {listed}"


def words_of(text: str) -> Iterator[str]:
    """Yield the words of a text in any script: letters, marks and digits.

    Where a script puts no space between words, all that stands together is one.
    """
    for kind, chars in groupby(unicodedata.normalize("NFC", text), _kind):
        word = "".join(chars).strip(_APOSTROPHES)
        if kind and any(map(str.isalnum, word)):
            yield word


def _kind(char: str) -> str:
    """Return the kind of word that a character is of; empty where it is of none."""
    if char in _APOSTROPHES:
        return "spaced"
    if unicodedata.category(char)[0] not in "LMN":
        return ""
    return "spaceless" if _SPACELESS.match(char) else "spaced"


def _folded(word: str) -> str:
    return unicodedata.normalize("NFC", word).casefold()
