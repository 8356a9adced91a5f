"""From text to token ids."""

from pathlib import Path

from tokenizers import Tokenizer

from es_jina.errors import CheckpointError, ItemError
from es_jina.inputs import IMAGE_PROMPT

MAX_TOKENS = 32_768


class TextTokenizer:
    """The tokenizer of a checkpoint; it adds no token of its own at either end."""

    def __init__(self, folder: Path) -> None:
        path = folder / "tokenizer.json"
        if not path.exists():
            raise CheckpointError(f"{folder} lacks tokenizer.json: it cannot read text")
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises plain Exception
            raise CheckpointError(f"{path} cannot be read: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.image_prompt = self._ids(IMAGE_PROMPT)
        # From here on a user's literal "<|vision_start|>" is text like any other.
        self._tokenizer.encode_special_tokens = True

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text, its prompt included by the caller.

        Raises:
            ItemError: more than 32,768 tokens, or half a character that no encoding can write.
        """
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ItemError("the text holds half a character (a lone surrogate)") from None
        ids = self._ids(text)
        if len(ids) > MAX_TOKENS:
            raise ItemError(
                f"the text has {len(ids):,} tokens, the model reads {MAX_TOKENS:,}: split it"
            )
        return ids

    def __len__(self) -> int:
        """Return how many tokens there are."""
        size: int = self._tokenizer.get_vocab_size()
        return size

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids
