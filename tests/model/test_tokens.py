"""From text to token ids."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from es_jina.demo.checkpoint import SPECIAL_TOKENS
from es_jina.errors import ItemError
from es_jina.model.tokens import MAX_CHARACTERS, MAX_TOKENS, TextTokenizer, TokenisedText


@pytest.fixture(scope="module")
def tokenizer(checkpoint: Path) -> TextTokenizer:
    return TextTokenizer(checkpoint)


@pytest.fixture(scope="module")
def plain(checkpoint: Path) -> Tokenizer:
    return Tokenizer.from_file(str(checkpoint / "tokenizer.json"))


def encode(tokenizer: TextTokenizer, text: str) -> list[int]:
    [tokens] = tokenizer.encode([text])
    assert isinstance(tokens, TokenisedText)
    return list(map(int, tokens.ids))


@pytest.mark.parametrize("token", SPECIAL_TOKENS)
def test_a_special_token_in_a_text_is_text(
    token: str, tokenizer: TextTokenizer, plain: Tokenizer
) -> None:
    special = {plain.token_to_id(name) for name in SPECIAL_TOKENS}
    ids = encode(tokenizer, f"before {token} behind")
    assert not special & set(ids)
    assert plain.decode(ids) == f"before {token} behind"


def test_the_image_prompt_does_use_them(tokenizer: TextTokenizer, plain: Tokenizer) -> None:
    names = [plain.id_to_token(number) for number in tokenizer.image_prompt]
    assert [name for name in names if name in SPECIAL_TOKENS] == [
        "<|im_start|>", "<|vision_start|>", "<|image_pad|>", "<|vision_end|>", "<|im_end|>",
    ]  # fmt: skip


@given(st.text())
def test_every_text_can_be_read_back(tokenizer: TextTokenizer, plain: Tokenizer, text: str) -> None:
    assert plain.decode(encode(tokenizer, text)) == unicodedata.normalize("NFC", text)


def test_composed_and_decomposed_letters_are_one(tokenizer: TextTokenizer) -> None:
    assert encode(tokenizer, "cafe\u0301") == encode(tokenizer, "caf\u00e9")


def test_nothing_is_added(tokenizer: TextTokenizer) -> None:
    assert encode(tokenizer, "") == []


def test_the_longest_text(tokenizer: TextTokenizer) -> None:
    fits, too_long, far_too_long, last = tokenizer.encode(
        ["1" * MAX_TOKENS, "1" * (MAX_TOKENS + 1), "1" * (MAX_CHARACTERS + 1), "fox"]
    )
    assert isinstance(fits, TokenisedText)
    assert len(fits.ids) == MAX_TOKENS
    assert not fits.truncated
    assert "32,769 tokens, the model reads 32,768" in str(too_long)
    assert "16,777,217 characters" in str(far_too_long)
    assert isinstance(far_too_long, ItemError)
    assert isinstance(last, TokenisedText)


def test_half_a_character_is_an_error_of_that_text(tokenizer: TextTokenizer) -> None:
    broken, whole = tokenizer.encode(["half \ud83d", "fox"])
    assert isinstance(broken, ItemError)
    assert "surrogate" in str(broken)
    assert isinstance(whole, TokenisedText)


def test_a_text_is_cut_where_that_is_allowed(tokenizer: TextTokenizer) -> None:
    whole, cut, fits = tokenizer.encode(
        ["1 fox " * 20, "1 fox " * 20_000, "1"], spans=True, truncate=True
    )
    assert isinstance(whole, TokenisedText)
    assert isinstance(cut, TokenisedText)
    assert isinstance(fits, TokenisedText)
    assert (whole.truncated, cut.truncated, fits.truncated) == (False, True, False)
    assert len(cut.ids) == MAX_TOKENS
    assert cut.spans is not None
    assert len(cut.spans) == MAX_TOKENS
    assert cut.ids[: len(whole.ids)].tolist() == whole.ids.tolist()


@given(st.lists(st.text()))
def test_spans_are_the_characters_of_their_tokens(
    tokenizer: TextTokenizer, plain: Tokenizer, texts: list[str]
) -> None:
    with_spans, without = tokenizer.encode(texts, spans=True), tokenizer.encode(texts)
    for text, tokens, bare in zip(texts, with_spans, without, strict=True):
        assert isinstance(tokens, TokenisedText)
        assert isinstance(bare, TokenisedText)
        assert bare.spans is None
        assert tokens.ids.tolist() == bare.ids.tolist()
        assert tokens.spans is not None
        assert tokens.spans.shape == (len(tokens.ids), 2)
        starts, ends = tokens.spans.T
        assert (starts <= ends).all()
        assert (starts[1:] >= starts[:-1]).all()
        assert (ends[1:] >= ends[:-1]).all()
        # Together they are the whole text.
        covered = {place for first, end in tokens.spans for place in range(first, end)}
        assert covered == set(range(len(text)))


@given(st.text())
def test_the_spans_of_a_text_of_any_length_are_the_same(
    tokenizer: TextTokenizer, text: str
) -> None:
    [tokens] = tokenizer.encode([text], spans=True)
    assert isinstance(tokens, TokenisedText)
    assert tokens.spans is not None
    assert tokenizer.spans(text).tolist() == tokens.spans.tolist()


def test_half_a_character_has_a_span(tokenizer: TextTokenizer) -> None:
    text = "half \ud83d of it"
    assert tokenizer.spans(text).tolist() == tokenizer.spans(text.replace("\ud83d", "?")).tolist()


def test_a_span_holds_the_word_of_its_token(tokenizer: TextTokenizer, plain: Tokenizer) -> None:
    text = "el café, 日本語 the fox"
    [tokens] = tokenizer.encode([text], spans=True)
    assert isinstance(tokens, TokenisedText)
    assert tokens.spans is not None
    words = [text[first:end] for first, end in tokens.spans]
    assert words[-1] == " fox"
    for word, number in zip(words, tokens.ids, strict=True):
        piece = plain.decode([number])
        # A token that is a part of a character stands for the whole character.
        assert piece == word or "\ufffd" in piece


def test_settings_for_padding_and_length_in_the_file_do_not_count(
    checkpoint: Path, tmp_path: Path
) -> None:
    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=64)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    text = "the quick brown fox jumps"
    assert encode(TextTokenizer(tmp_path), text) == encode(TextTokenizer(checkpoint), text)
