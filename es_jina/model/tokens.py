"""From text to token ids."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from es_jina.errors import CheckpointError, ItemError, TooLongError
from es_jina.inputs import IMAGE_PROMPT

TOKENIZER_FILE = "tokenizer.json"
MAX_TOKENS = 32_768
# No token of Qwen2's stands for more than 128 characters, and composing (NFC) makes one of at most
# four: a longer text is too long without a look at it.
MAX_CHARACTERS = MAX_TOKENS * 128 * 4
# Texts that are tokenised in one call, on all cores.
_TOGETHER = 256


@dataclass(frozen=True, slots=True, eq=False)
class TokenisedText:
    """The tokens of one text.

    Attributes:
        ids: int64 of shape (tokens,).
        spans: int32 of shape (tokens, 2), first character and the one behind the last; ``None``
            where they were not asked for.
        truncated: whether tokens at the end were cut off.
    """

    ids: NDArray[np.int64]
    spans: NDArray[np.int32] | None = None
    truncated: bool = False


class TextTokenizer:
    """The tokenizer of a checkpoint; it adds no token of its own at either end."""

    def __init__(self, folder: Path) -> None:
        path = folder / TOKENIZER_FILE
        if not path.exists():
            raise CheckpointError(f"{folder} lacks {TOKENIZER_FILE}: it cannot read text")
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises plain Exception
            raise CheckpointError(f"{path} cannot be read: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.image_prompt: list[int] = self._tokenizer.encode(
            IMAGE_PROMPT, add_special_tokens=False
        ).ids
        # From here on a user's literal "<|vision_start|>" is text like any other.
        self._tokenizer.encode_special_tokens = True

    def encode(
        self,
        texts: Sequence[str],
        *,
        spans: bool = False,
        limit: int | None = MAX_TOKENS,
        truncate: bool = False,
    ) -> Iterator[TokenisedText | ItemError]:
        """Yield the tokens of each text, prompts included by the caller, or why it has none.

        Args:
            texts: in any number; they are tokenised on all cores.
            spans: whether the characters of each token are wanted.
            limit: the most tokens of a text, ``None`` for any number.
            truncate: cut a longer text at the limit; otherwise it is an error.
        """
        for start in range(0, len(texts), _TOGETHER):
            some = texts[start : start + _TOGETHER]
            readable = [_problem(text, limit, truncate=truncate) for text in some]
            encoded = iter(
                self._encodings(
                    [
                        text[:MAX_CHARACTERS] if truncate else text
                        for text, problem in zip(some, readable, strict=True)
                        if problem is None
                    ],
                    spans=spans,
                )
            )
            for problem in readable:
                yield problem or _within(next(encoded), limit, truncate=truncate)

    def spans(self, text: str) -> NDArray[np.int32]:
        """Return the characters of each token of a text of any length.

        Half a character (a lone surrogate) counts as a question mark.

        Returns:
            int32 of shape (tokens, 2): first character and the one behind the last; together they
            are the whole text.
        """
        readable = text.encode("utf-8", "replace").decode()
        encoding = self._tokenizer.encode(readable, add_special_tokens=False)
        return _characters(encoding.offsets, len(text))

    def __len__(self) -> int:
        """Return how many tokens there are."""
        size: int = self._tokenizer.get_vocab_size()
        return size

    def _encodings(self, texts: Sequence[str], *, spans: bool) -> Iterator[TokenisedText]:
        # The fast way does not keep the spans.
        encode = self._tokenizer.encode_batch if spans else self._tokenizer.encode_batch_fast
        encodings = encode(list(texts), add_special_tokens=False)
        for text, encoding in zip(texts, encodings, strict=True):
            yield TokenisedText(
                np.array(encoding.ids, np.int64),
                _characters(encoding.offsets, len(text)) if spans else None,
            )


def _characters(offsets: Sequence[tuple[int, int]], length: int) -> NDArray[np.int32]:
    """Return the characters of each token, without gaps.

    Characters that composing (NFC) took away, such as an accent that stands alone, belong to none
    in the tokenizer's account; here they go with the letter before them.
    """
    flat = np.fromiter(chain.from_iterable(offsets), np.int32, 2 * len(offsets))
    characters = flat.reshape(-1, 2)
    following = np.append(characters[1:, 0], np.int32(length))
    characters[:, 1] = np.maximum(characters[:, 1], following[: len(characters)])
    return characters


def _problem(text: str, limit: int | None, *, truncate: bool) -> ItemError | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return ItemError("the text holds half a character (a lone surrogate)")
    if limit is not None and len(text) > MAX_CHARACTERS and not truncate:
        return TooLongError(
            f"the text has {len(text):,} characters, far more than the {limit:,} tokens that the "
            "model reads: split it, or allow it to be cut (truncate)"
        )
    return None


def _within(
    tokens: TokenisedText, limit: int | None, *, truncate: bool
) -> TokenisedText | ItemError:
    count = len(tokens.ids)
    if limit is None or count <= limit:
        return tokens
    if not truncate:
        return TooLongError(
            f"the text has {count:,} tokens, the model reads {limit:,}: split it, or allow it to "
            "be cut (truncate)"
        )
    spans = None if tokens.spans is None else tokens.spans[:limit]
    return TokenisedText(tokens.ids[:limit], spans, truncated=True)
