"""Prints every Chinese character of the demo: what its typeface is cut down to.

``python -m es_jina.demo.sample_source.characters``; see ``fonts/README.md``.
"""

from es_jina.demo.sample_source.decks import DECKS
from es_jina.demo.sample_source.sheets.typesetting import is_wide
from es_jina.demo.vocabulary import vocabulary


def characters() -> str:
    """Return the Chinese characters and signs of all words and pages, each once."""
    words = [word for concept in vocabulary().concepts for word in concept.zh]
    return "".join(sorted({sign for sign in f"{words}{DECKS}" if is_wide(sign)}))


if __name__ == "__main__":
    print(characters())
