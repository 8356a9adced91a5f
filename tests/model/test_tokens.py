"""From text to token ids."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from es_jina.demo.checkpoint import SPECIAL_TOKENS
from es_jina.errors import ItemError
from es_jina.model.tokens import MAX_TOKENS, TextTokenizer


@pytest.fixture(scope="module")
def tokenizer(checkpoint: Path) -> TextTokenizer:
    return TextTokenizer(checkpoint)


@pytest.fixture(scope="module")
def plain(checkpoint: Path) -> Tokenizer:
    return Tokenizer.from_file(str(checkpoint / "tokenizer.json"))


@pytest.mark.parametrize("token", SPECIAL_TOKENS)
def test_a_special_token_in_a_text_is_text(
    token: str, tokenizer: TextTokenizer, plain: Tokenizer
) -> None:
    special = {plain.token_to_id(name) for name in SPECIAL_TOKENS}
    ids = tokenizer.encode(f"before {token} behind")
    assert not special & set(ids)
    assert plain.decode(ids) == f"before {token} behind"


def test_the_image_prompt_does_use_them(tokenizer: TextTokenizer, plain: Tokenizer) -> None:
    names = [plain.id_to_token(number) for number in tokenizer.image_prompt]
    assert [name for name in names if name in SPECIAL_TOKENS] == [
        "<|im_start|>", "<|vision_start|>", "<|image_pad|>", "<|vision_end|>", "<|im_end|>",
    ]  # fmt: skip


@given(st.text())
def test_every_text_can_be_read_back(tokenizer: TextTokenizer, plain: Tokenizer, text: str) -> None:
    assert plain.decode(tokenizer.encode(text)) == unicodedata.normalize("NFC", text)


def test_composed_and_decomposed_letters_are_one(tokenizer: TextTokenizer) -> None:
    assert tokenizer.encode("cafe\u0301") == tokenizer.encode("caf\u00e9")


def test_nothing_is_added(tokenizer: TextTokenizer) -> None:
    assert tokenizer.encode("") == []


def test_the_longest_text(tokenizer: TextTokenizer) -> None:
    assert len(tokenizer.encode("1" * MAX_TOKENS)) == MAX_TOKENS
    with pytest.raises(ItemError, match="32,769 tokens, the model reads 32,768"):
        tokenizer.encode("1" * (MAX_TOKENS + 1))


def test_half_a_character_is_an_error_of_that_text(tokenizer: TextTokenizer) -> None:
    with pytest.raises(ItemError, match="surrogate"):
        tokenizer.encode("half \ud83d")


def test_settings_for_padding_and_length_in_the_file_do_not_count(
    checkpoint: Path, tmp_path: Path
) -> None:
    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=64)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    text = "the quick brown fox jumps"
    assert TextTokenizer(tmp_path).encode(text) == TextTokenizer(checkpoint).encode(text)
