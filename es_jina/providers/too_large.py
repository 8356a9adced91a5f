"""What a service says of a request that holds more than it takes."""

import re

_MOST = r"(?:at most|no more than|up to|less than|maximum of|maximum context length is)"
# What is said of other things, such as "at most 5 MB", is no number of items.
_ITEMS = re.compile(
    # "Each input list can contain at most 512 items."
    rf"{_MOST} (\d+) (?:list |input )?(?:items?|inputs?|elements?|entries|documents?|texts?)\b"
    # "input length is larger than the largest allowed size 2048"
    r"|length is larger than the largest allowed size (\d+)\b(?! tokens)"
    # "batch size 40 > maximum allowed batch size 32"
    r"|max(?:imum)? (?:allowed )?batch size(?: of| is|:)? (\d+)\b(?! tokens)",
    re.IGNORECASE,
)
# "exceeds the model's maximum of 8194 tokens"
_TOKENS = re.compile(rf"{_MOST} ([\d,]+) tokens\b", re.IGNORECASE)
# "Image exceeds the maximum of 5 MB."
_BYTES = re.compile(rf"{_MOST} [\d.,]+ ?(?:[kmg]i?b|bytes|characters)\b", re.IGNORECASE)


def most_items(said: str) -> int | None:
    """Return how many items a message allows, where it speaks of them."""
    found = _ITEMS.search(said)
    return int(found[found.lastindex or 0]) if found else None


def most_tokens(said: str) -> int | None:
    """Return how many tokens a message allows, where it speaks of them."""
    found = _TOKENS.search(said)
    return int(found[1].replace(",", "")) if found else None


def too_large(status: int, code: str | None, said: str) -> bool:
    """Return whether a refusal is about size: of items, tokens or bytes, and of nothing else.

    Args:
        status: the HTTP status.
        code: the API's own name of the error.
        said: its message.
    """
    return (
        status == 413
        or code == "INPUT_TOKEN_LIMIT_EXCEEDED"
        or any(limit.search(said) for limit in (_ITEMS, _TOKENS, _BYTES))
    )
