import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.errors import ItemError
from es_jina.ingest.text import chunks, decode, title_of


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_decodes_unicode(encoding: str) -> None:
    assert decode("Grüße, 日本\r\n".encode(encoding)) == "Grüße, 日本\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Grüße".encode("latin-1"), r"not utf-8 text \(byte 2\); save it as UTF-8"),
        (b"a\0b", "NUL"),
        (b" \n\t ", "only white space"),
    ],
)
def test_refuses_what_is_no_text(content: bytes, message: str) -> None:
    with pytest.raises(ItemError, match=message):
        decode(content)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Solar power #\n\nText", "Solar power"),
        ("Intro\n\n## Später\nText", "Später"),
        ("A short first line\nand more", "A short first line"),
        ("word " * 50, "stem"),
        ("#hashtag is no heading", "#hashtag is no heading"),
    ],
)
def test_titles(text: str, title: str) -> None:
    assert title_of(text, "stem") == title


def test_a_short_text_is_one_chunk() -> None:
    assert chunks("One.\n\nTwo.") == ["One.\n\nTwo."]


def test_paragraphs_stay_whole_where_they_fit() -> None:
    paragraphs = [f"Paragraph {n} " + "word " * 10 for n in range(20)]
    found = chunks("\n\n".join(paragraphs), limit=200)
    assert len(found) > 5
    for paragraph in paragraphs:
        assert sum(paragraph.strip() in chunk for chunk in found) == 1


def test_a_heading_starts_a_chunk_that_has_room() -> None:
    found = chunks("x" * 120 + "\n\n# Next\n\nBody", limit=200)
    assert found == ["x" * 120, "# Next\n\nBody"]


def test_long_paragraphs_are_cut_between_sentences() -> None:
    sentences = [f"This is sentence number {n}." for n in range(50)]
    found = chunks(" ".join(sentences), limit=100)
    assert all(chunk.endswith(".") for chunk in found)


def test_sentences_without_spaces_are_cut_too() -> None:
    found = chunks("これは文です。" * 100, limit=50)
    assert all(chunk.endswith("。") for chunk in found)
    assert all(len(chunk) <= 50 for chunk in found)


@given(st.text(alphabet=st.sampled_from("ab #.。!\n\r\t"), max_size=400), st.integers(1, 60))
def test_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    found = chunks(text, limit)
    assert re.sub(r"\s", "", "".join(found)) == re.sub(r"\s", "", text)
    assert all(0 < len(chunk) <= limit for chunk in found)
    assert all(chunk.strip() for chunk in found)
