"""The estimate of tokens for a model whose tokenizer is not at hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.providers.tokenizers import EstimatedTokens


def tokens(text: str) -> list[str]:
    return [text[first:end] for first, end in EstimatedTokens().spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("The fox jumps.", ["The", "fox", "jump", "s", "."]),
        ("camelCase HTTP", ["came", "l", "Case", "HTTP"]),
        ("in 2025", ["in", " ", "2", "0", "2", "5"]),
        ("日本語。", ["日", "本", "語", "。"]),
        ("Тепловой", ["Те", "пл", "ов", "ой"]),
        ("Wärme", ["W", "ä", "rme"]),
        ("a\n\nb", ["a", "\n", "\n", "b"]),
        ("🦊", ["🦊", "🦊", "🦊"]),
        ("ಕ", ["ಕ", "ಕ"]),
        (" " * 20, [" " * 8, " " * 8, " " * 4]),
    ],
)
def test_what_counts(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(st.text(st.characters()))
def test_spans_are_in_order_and_all_but_spaces_are_in_one(text: str) -> None:
    spans = EstimatedTokens().spans(text)
    assert spans.dtype == np.int32
    assert spans.shape == (len(spans), 2)
    starts, ends = spans.T
    assert (starts < ends).all()
    assert (np.diff(starts) >= 0).all()
    assert (np.diff(ends) >= 0).all()
    assert (ends <= len(text)).all()
    covered = {place for first, end in spans for place in range(first, end)}
    assert {place for place, each in enumerate(text) if each != " "} <= covered


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_never_more_than_a_byte_level_tokenizer_could_give(text: str) -> None:
    assert len(EstimatedTokens().spans(text)) <= len(text.encode())
