"""The words of a query: which they are, where they stand, which tokens make them."""

import re
import unicodedata
from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.embedding import Embedding, TokenSpans
from es_jina.inputs import Task, Text
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider
from es_jina.search.stop_words import stop_words
from es_jina.search.words import Word, content_words

PROMPT = [(0, 0), (0, 0)]


def layout(*spans: tuple[int, int]) -> TokenSpans:
    """Return the tokens of a text behind two of the prompt."""
    return TokenSpans(np.array([*PROMPT, *spans], np.int32))


def tokenised(text: str) -> TokenSpans:
    """Words with the space before them, every other character alone, as Qwen's BPE has it."""
    return layout(*(found.span() for found in re.finditer(r"\s?[^\W\d_]+|.", text, re.DOTALL)))


def texts(query: str) -> list[str]:
    return [word.text for word in content_words(query, tokenised(query))]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("A beautiful sunset over the beach", "beautiful sunset beach"),
        ("Wie viel Strom erzeugen Solardächer im Juli?", "Strom erzeugen Solardächer Juli"),
        ("Quel est le prix de l'énergie ?", "prix énergie"),
        ("puesta de sol en el mar", "puesta sol mar"),
        ("Дом у моря", "Дом моря"),
        # Danish, German, Spanish and Latvian have these in their lists.
        ("dog in the sun", "dog sun"),
        ("red hat", "red hat"),
        ("sea", "sea"),
        ("apple pie", "apple pie"),
        ("die Sonne und der Hund", "Sonne Hund"),
        # Nothing but stop words: they are what is looked for.
        ("to be or not to be", "to be or not to be"),
        ("COVID-19 in 2025: 3.5% more, 1,000 at 10:30", "COVID-19 2025 3.5 1,000 10:30"),
        ("don’t buy R&D's e-mail", "buy R&D's e-mail"),
        ("the U.S. flag (1.000.000 stars)", "U.S flag 1.000.000 stars"),
        ("dell’acqua, l'isola", "acqua isola"),
        ("'quoted' --dashes-- a", "quoted dashes"),
        ("🚗 am Meer, 25 °C", "🚗 Meer 25 C"),
        ("नदी का पानी", "नदी पानी"),
        ("می‌خواهم", "می‌خواهم"),
        ("", ""),
        (" ... ", ""),
    ],
)
def test_stop_words_do_not_count(query: str, words: str) -> None:
    assert texts(query) == words.split()


def test_stop_words_are_those_of_one_language() -> None:
    # "der" is German; as an English word "will" and "war" mean something.
    assert stop_words(["The", "War", "will", "end"]) == {"the"}
    assert stop_words(["Was", "will", "der", "Hund"]) == {"was", "will", "der"}
    assert stop_words(["unicorn"]) == frozenset()


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_are_parts_of_their_letters(form: Literal["NFC", "NFD"]) -> None:
    query = unicodedata.normalize(form, "Où est le café près du lac d'été")
    assert [unicodedata.normalize("NFC", word) for word in texts(query)] == [
        "café",
        "près",
        "lac",
        "été",
    ]


def test_each_word_knows_its_tokens() -> None:
    query = "the solar panels, solar"
    spans = [(0, 3), (3, 6), (6, 9), (9, 16), (16, 17), (17, 23)]
    assert content_words(query, layout(*spans)) == [
        Word("solar", 4, 9, (3, 4)),
        Word("panels", 10, 16, (5,)),
        Word("solar", 18, 23, (7,)),
    ]


def test_what_was_cut_off_is_no_word() -> None:
    assert content_words("solar panels", layout((0, 5))) == [Word("solar", 0, 5, (2,))]


@pytest.mark.parametrize(
    ("query", "spans", "words"),
    [
        # Each token is a word; の is a stop word.
        ("夕日の海", [(0, 2), (2, 3), (3, 4)], ["夕日", "海"]),
        ("太阳能和风", [(0, 3), (3, 4), (4, 5)], ["太阳能", "风"]),
        # Pieces of a character have it whole: 鱼 is three bytes, and so is 猫 with half of 鱼.
        ("鱼猫", [(0, 1), (0, 1), (0, 1), (1, 2)], ["鱼", "猫"]),
        ("猫鱼", [(0, 2), (1, 2)], ["猫鱼"]),
        # A vowel sign stays with its consonant, whatever the tokens.
        ("น้ำดี", [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)], ["น้ำ", "ดี"]),
        # Other scripts beside them are parted from them.
        ("iPhone手机2025年", [(0, 6), (6, 8), (8, 12), (12, 13)], ["iPhone", "手机", "2025", "年"]),
        ("B股", [(0, 2)], ["B", "股"]),
        ("カメラ、海", [(0, 3), (3, 4), (4, 5)], ["カメラ", "海"]),
    ],
)
def test_scripts_without_spaces(query: str, spans: list[tuple[int, int]], words: list[str]) -> None:
    assert [word.text for word in content_words(query, layout(*spans))] == words


def test_the_models_own_tokens(provider: LocalProvider) -> None:
    query = "The quick brown-fox jumps; 日本語 café"
    (found,) = provider.embed([Text(query)], Task.RETRIEVAL_QUERY, Want.MULTI)
    assert isinstance(found, Embedding)
    assert isinstance(found.layout, TokenSpans)
    words = content_words(query, found.layout)
    assert [word.text for word in words][:3] == ["quick", "brown-fox", "jumps"]
    assert words[-1].text == "café"
    assert "".join(word.text for word in words[3:-1]) == "日本語"
    assert found.multi is not None
    prompt = int((found.layout.characters[:, 1] == 0).sum())
    assert {each for word in words for each in word.tokens} <= {*range(prompt, len(found.multi))}


letters = st.sampled_from(
    [*"aZé9 .,-'’&:", "\u0301", "ß", "日", "の", "ー", "ก", "ิ", "한", "🚗", "\u200d"]
)


@st.composite
def queries(draw: st.DrawFn) -> tuple[str, TokenSpans]:
    """A text in any tokens that have no gaps, with pieces of characters among them."""
    text = draw(st.text(letters, max_size=30) | st.text(max_size=30))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)))) | {0, len(text)})
    spans = []
    for start, end in pairwise(cuts):
        again = draw(st.integers(0, 2))
        behind = min(len(text), end + draw(st.integers(0, 1)))
        spans += [(start, behind), *[(max(start, behind - 1), behind)] * again]
    return text, layout(*spans)


@given(queries())
def test_words_are_in_order_and_apart(query: tuple[str, TokenSpans]) -> None:
    text, tokens = query
    words = content_words(text, tokens)
    end = 0
    for word in words:
        assert end <= word.start < word.end <= len(text)
        assert text[word.start : word.end] == word.text
        end = word.end
        assert list(word.tokens) == sorted(set(word.tokens))
        for each in word.tokens:
            start, behind = tokens.characters[each]
            assert max(start, word.start) < min(behind, word.end)
    assert bool(words) == any(unicodedata.category(letter)[0] in "LN" for letter in text) or any(
        letter >= "\u2600" for letter in text
    )
