"""Chunks by tokens, on the borders of a text."""

import itertools
import re
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from es_jina.ingest.text import SECTION, Chunk, chunks, sections
from es_jina.model.tokens import TextTokenizer
from es_jina.providers.base import Tokenizer
from es_jina.providers.tokenizers import EstimatedTokens


class Words:
    """A word, a mark or a line end is a token; a character beyond Latin is two."""

    def spans(self, text: str) -> NDArray[np.int32]:
        found = [
            match.span()
            for match in re.finditer(r" ?[a-zA-Z#]+|[^a-zA-Z ]", text)
            for _ in range(2 if match[0] > "\u0fff" else 1)
        ]
        return np.array(found, np.int32).reshape(-1, 2)


WORDS = Words()


def cut(text: str, limit: int, overlap: int | None = 0, tokenizer: Tokenizer = WORDS) -> list[str]:
    return [chunk.text for chunk in chunks(text, limit, tokenizer, overlap=overlap)]


def sentence(number: int, words: int = 9) -> str:
    """A sentence of so many words and a full stop, which is one token more."""
    letter = chr(ord("a") + number % 26)
    return letter.upper() + " ".join([letter] * words) + "."


def test_a_short_text_is_one_chunk() -> None:
    [chunk] = chunks(" \n# One\n\nTwo.\n", 10, WORDS)
    assert chunk == Chunk("# One\n\nTwo.", start=2, end=13, tokens=6)


@pytest.mark.parametrize("text", ["", " \n\t\u3000 "])
def test_nothing_has_no_chunk(text: str) -> None:
    assert cut(text, 10) == []
    assert list(sections(text)) == []


def test_paragraphs_stay_whole_where_they_fit() -> None:
    paragraphs = [f"{sentence(n)} {sentence(n)}" for n in range(20)]
    found = cut("\n\n".join(paragraphs), 50)
    assert found == [f"{a}\n\n{b}" for a, b in zip(paragraphs[::2], paragraphs[1::2], strict=True)]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentences = [sentence(n) for n in range(50)]
    found = cut(" ".join(sentences), 35)
    assert found[0] == " ".join(sentences[:3])
    assert all(chunk.endswith(".") for chunk in found)


@pytest.mark.parametrize(
    "sentences",
    [
        ["これは文です。"] * 30,
        ["这是一句话！"] * 30,
        ["「そうですか？」"] * 30,
        ["यह एक वाक्य है।"] * 30,
        ["هل هذه جملة؟ "] * 30,
        ["Is that so? ", "Yes! ", 'He said "no." ', "(It is late.) "] * 8,
    ],
)
def test_sentences_of_many_scripts(sentences: list[str]) -> None:
    found = cut("".join(sentences), 40, tokenizer=EstimatedTokens())
    assert len(found) > 2
    whole = {each.strip() for each in sentences}
    for chunk in found:
        end = max(chunk.rfind(each) + len(each) for each in whole if each in chunk)
        assert end == len(chunk)


@pytest.mark.parametrize("inside", ["e.g. this", "3.5 of it", "v. small"])
def test_not_every_full_stop_ends_a_sentence(inside: str) -> None:
    text = f"{sentence(1, 5)} A b c {inside} and so on and so forth without an end in sight"
    assert cut(text, 16)[0] != text[: text.index(inside) + inside.index(".") + 1]


def test_the_number_of_a_list_item_stays_with_it() -> None:
    text = "\n".join(f"{n}. Item of a list without a full stop" for n in range(1, 100))
    for chunk in cut(text, 40):
        assert re.match(r"\d+\. Item", chunk)
        assert chunk.endswith("stop")


def test_lines_then_words_then_characters() -> None:
    lines = "\n".join(["one two three four"] * 8)
    assert cut(lines, 10) == ["one two three four\none two three four"] * 4
    assert cut("one two three four five", 3) == ["one two three", "four five"]
    assert cut("、" * 7, 6) == ["、、、", "、、、", "、"]


def test_a_heading_ends_a_chunk_that_is_half_full() -> None:
    body = "\n\n".join([sentence(1), sentence(2), "## Next", sentence(3), sentence(4)])
    assert cut(body, 40) == [body[: body.index("\n\n##")], body[body.index("##") :]]
    early = "\n\n".join([sentence(1, 4), "## Next", sentence(3), sentence(4), sentence(5)])
    assert cut(early, 40)[0] == "\n\n".join(early.split("\n\n")[:4])


@pytest.mark.parametrize("space", ["\n", "\n\n", "\n\n\n\n"])
def test_a_heading_is_never_parted_from_what_follows(space: str) -> None:
    text = ""
    for number in range(60):
        text += (
            f"# A. Heading! No {number % 10}\n## Second{space}{sentence(number, 5 + number)}\n\n"
        )
    for limit in (20, 25, 30, 40, 60):
        for chunk in cut(text, limit, overlap=None):
            assert not chunk.splitlines()[-1].startswith("#"), chunk


def test_hashtags_are_no_headings() -> None:
    text = f"{sentence(1)}\n#tag {sentence(2)}\n{sentence(3)}"
    assert cut(text, 26)[0] == text[: text.rindex("\n")]


def test_the_overlap_is_whole_sentences() -> None:
    sentences = [sentence(n, 3) for n in range(40)]
    found = cut(" ".join(sentences), 40, overlap=10)
    assert found[0] == " ".join(sentences[:10])
    assert found[1] == " ".join(sentences[8:18])
    assert cut(" ".join(sentences), 64, overlap=None)[1].startswith(sentences[14])


def test_there_is_no_overlap_before_a_heading_or_of_a_long_sentence() -> None:
    text = f"{sentence(1)} {sentence(2, 4)}\n\n# Next\n\n{sentence(3)} {sentence(4)}"
    assert cut(text, 30, overlap=8)[1].startswith("# Next")
    long = " ".join(sentence(n, 20) for n in range(4))
    assert cut(long, 45, overlap=8) == cut(long, 45)


def test_characters_are_not_parted_from_their_marks() -> None:
    letters = ["e\u0301\u0323", "👩\u200d🔬", "👍🏽", "한"]
    text = "".join(letters * 20)
    for limit in range(6, 30):
        assert "".join(cut(text, limit)) == text
        for chunk in cut(text, limit):
            assert not re.sub("|".join(letters), "", chunk)


def test_one_character_of_more_tokens_than_the_limit() -> None:
    assert cut("世界", 1) == ["世", "界"]
    assert cut("a" + "\u0301" * 50, 10) == ["a" + "\u0301" * 9, *["\u0301" * 10] * 4, "\u0301"]


def test_half_a_character_is_cut_like_any_other(checkpoint: Path) -> None:
    text = "half \ud83d of it " * 30
    found = list(chunks(text, 20, TextTokenizer(checkpoint)))
    assert [text[chunk.start : chunk.end] for chunk in found] == [chunk.text for chunk in found]


def test_sections_end_on_the_best_border() -> None:
    paragraph = " ".join(sentence(n) for n in range(40))
    text = "\n\n".join(["# Head\n\n" + "\n\n".join([paragraph] * 20)] * 40)
    found = list(sections(text))
    assert len(found) > 3
    for first, end in found:
        assert end - first <= SECTION
        assert text.startswith("# Head", first)
    assert "\n\n".join(text[first:end] for first, end in found) == text


def test_a_section_is_at_least_three_quarters_full() -> None:
    text = "\n\n".join(["x" * (SECTION * 3 // 5)] * 5)
    sizes = [end - first for first, end in sections(text)]
    assert all(SECTION * 3 // 4 <= size <= SECTION for size in sizes[:-1])


@pytest.mark.parametrize(
    "unit", ["a", ".", "7", "word ", "。", "\n#", "# \n", "e\u0301", "a. ", "\n\n\n", "👩\u200d"]
)
def test_a_long_text_takes_time_in_proportion(unit: str) -> None:
    text = "x" + unit * (1_000_000 // len(unit)) + "y"
    started = time.process_time()
    assert list(chunks(text, 512, EstimatedTokens()))
    # It is a second or two; what grows with the square would take hours.
    assert time.process_time() - started < 20


@pytest.mark.parametrize("unit", ["a", "word "])
def test_a_long_text_takes_little_memory(unit: str) -> None:
    text = unit * (2_000_000 // len(unit))
    tracemalloc.start()
    for _ in chunks(text, 512, EstimatedTokens()):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000


PIECES = st.sampled_from([
    "a", "Bc", "d" * 30, " ", "  ", "\n", "\n\n", "# ", "\n# H\n", ".", "! ", "。", "」", '"', "1.",
    "世", "🦊", "e\u0301", "\u0301", "\u200d", "\u3000", "\ud800", "\udc00", "؟ ", "।",
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=120).map("".join)
LIMITS = st.integers(1, 60)
OVERLAPS = st.none() | st.integers(0, 80)


def check(text: str, limit: int, overlap: int | None, tokenizer: Tokenizer) -> None:
    found = list(chunks(text, limit, tokenizer, overlap=overlap))
    spans = tokenizer.spans(text.strip())
    offset = len(text) - len(text.lstrip())
    covered: set[int] = set()
    for chunk in found:
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.text == chunk.text.strip() != ""
        inside = (spans[:, 1] + offset > chunk.start) & (spans[:, 0] + offset < chunk.end)
        assert chunk.tokens == inside.sum()
        assert chunk.tokens <= limit or len(chunk.text) == 1
        covered |= set(range(chunk.start, chunk.end))
    assert {place for place, each in enumerate(text) if not each.isspace()} <= covered
    allowed = limit // 8 if overlap is None else min(overlap, limit // 2)
    for one, other in itertools.pairwise(found):
        assert one.start < other.start
        assert one.end < other.end
        shared = (spans[:, 1] + offset > other.start) & (spans[:, 0] + offset < one.end)
        assert other.start >= one.end or shared.sum() <= allowed


@given(TEXTS, LIMITS, OVERLAPS)
def test_chunks_of_any_text(text: str, limit: int, overlap: int | None) -> None:
    check(text, limit, overlap, WORDS)


@pytest.fixture(scope="module")
def tokenizer(checkpoint: Path) -> TextTokenizer:
    return TextTokenizer(checkpoint)


@given(TEXTS | st.text(), LIMITS, OVERLAPS)
@example("\u0958\u0344 \ufb2c", 2, 1)  # composing (NFC) makes these longer
def test_chunks_by_a_real_tokenizer(
    tokenizer: TextTokenizer, text: str, limit: int, overlap: int | None
) -> None:
    check(text, limit, overlap, tokenizer)


@given(st.text(st.characters()), LIMITS, OVERLAPS)
def test_chunks_by_the_estimate(text: str, limit: int, overlap: int | None) -> None:
    check(text, limit, overlap, EstimatedTokens())


@given(st.text(st.sampled_from("ab.。\n #"), min_size=1, max_size=50), st.integers(1, 8000))
def test_sections_of_any_text(unit: str, times: int) -> None:
    text = unit * times
    behind = 0
    for first, end in sections(text):
        assert 0 < end - first <= SECTION
        assert text[first:end] == text[first:end].strip()
        assert not text[behind:first].strip()
        behind = end
    assert not text[behind:].strip()
