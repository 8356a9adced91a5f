"""The words that pages print."""

from functools import cache

from es_jina.demo.sample_source.sheets.model import Language
from es_jina.demo.vocabulary import Concept, vocabulary


@cache
def concept_of(word: str) -> Concept:
    """Return the concept of an English word.

    Raises:
        ValueError: the demo model has no such word.
    """
    for concept in vocabulary().concepts:
        if concept.en == word:
            return concept
    raise ValueError(f"the demo model has no word {word!r}")


def printed(topic: str, language: Language) -> str:
    """Return the word that pages in a language print for a topic."""
    concept = concept_of(topic)
    word = {"en": concept.en, "de": concept.de[0], "zh": concept.zh[0]}[language]
    return word[:1].upper() + word[1:]
