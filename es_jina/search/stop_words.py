"""Words that say nothing of what is looked for, in the language of the query."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class _Lists:
    """What stop_words.json holds.

    Attributes:
        languages: the stop words of each language, by its code.
        also_english: those of other languages that mean something in English: *dog*, *hat*, *sea*.
    """

    languages: dict[str, frozenset[str]]
    also_english: frozenset[str]


def stop_words(words: Iterable[str]) -> frozenset[str]:
    """Return which words of a query are stop words of its language, each :func:`folded`.

    Nobody says which language it is: it is the one that has most of the words in its list, English
    where several have. So *der* is one in "Hund in der Sonne" and *dog* is none in "dog in the
    sun", though it is in Danish.
    """
    lists = _lists()
    asked = frozenset(map(folded, words))
    votes = Counter(
        code
        for word in asked - lists.also_english
        for code, listed in lists.languages.items()
        if word in listed
    )
    most = max(votes.values(), default=0)
    best = [code for code, count in votes.items() if count == most]
    chosen = [_ENGLISH] if _ENGLISH in best else best
    return asked & frozenset().union(*(lists.languages[code] for code in chosen))


def stop_words_of(language: str) -> frozenset[str]:
    """Return the stop words of a language, each :func:`folded`.

    Raises:
        KeyError: there is no list of that language.
    """
    return _lists().languages[language]


def folded(word: str) -> str:
    """Return a word as it is compared: small letters, composed, with plain apostrophes."""
    return unicodedata.normalize("NFC", word).casefold().replace("’", "'").rstrip("'")


@cache
def _lists() -> _Lists:
    told = json.loads((files("es_jina.search") / "stop_words.json").read_text("utf-8"))
    return _Lists(
        {
            code: frozenset(map(folded, listed.split()))
            for code, listed in told["languages"].items()
        },
        frozenset(told["also_english"].split()),
    )
