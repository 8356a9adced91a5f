"""Vectors that follow from what was asked, and the forms in which the API writes them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pybase64
from numpy.typing import NDArray

from es_jina.testing.tokens import Item, as_item, tokens_of

Rows = NDArray[np.float32]

MULTI_DIMS = 128
# Not of length 1, so that it shows whether a client brings them to it.
_LARGEST = 3.0


@dataclass(frozen=True)
class Model:
    """What an embedding model of the API can do.

    Attributes:
        dims: of a single vector.
        item_tokens: the longest input.
        default_task: of a request that names none; ``None`` is a task of its own.
        multi: whether it makes multi-vectors.
    """

    dims: int
    item_tokens: int
    default_task: str | None = None
    multi: bool = False


MODELS = {
    "jina-embeddings-v4": Model(2048, 32_768, "text-matching", multi=True),
    "jina-embeddings-v3": Model(1024, 8_194),
    "jina-clip-v2": Model(1024, 8_194),
}


def expected(
    item: str | Item,
    task: str | None = None,
    *,
    multi: bool = False,
    context: str = "",
    model: str = "jina-embeddings-v4",
) -> Rows:
    """Return the vectors of an item, whole and not of length 1.

    Args:
        item: as it goes over the wire; a text that was cut is another text.
        task: its name in the API; the model's own default by default.
        multi: the multi-vector instead of the single one.
        context: with late chunking, all texts of the request, one behind the other.
        model: its name in the API.

    Returns:
        float32 of shape (dims,), or (tokens, 128).
    """
    item, about = as_item(item), MODELS[model]
    shape = (tokens_of(item).read, MULTI_DIMS) if multi else (about.dims,)
    [(kind, source)] = item.items()
    marks = (model, str(task or about.default_task), multi, kind, _digest(context))
    seed = hashlib.sha256(repr(marks).encode())
    seed.update(source.encode())
    return _noise(seed.digest(), shape)


def relevance(query: str | Item, document: str | Item) -> float:
    """Return how relevant the stub's reranker finds a document: 0 to 1, with 8 decimals."""
    pair = repr((as_item(query), as_item(document))).encode()
    return round(int.from_bytes(hashlib.sha256(pair).digest()[:4]) / 2**32, 8)


def _noise(seed: bytes, shape: tuple[int, ...]) -> Rows:
    """Return numbers between -3 and 3; a hash is several times as fast as a random generator."""
    stretched = hashlib.shake_128(seed).digest(2 * int(np.prod(shape)))
    # No number is zero, so that each has a sign.
    numbers = np.frombuffer(stretched, "<i2").astype(np.float32) + np.float32(0.5)
    return (numbers * np.float32(_LARGEST / 2**15)).reshape(shape)


@lru_cache(maxsize=16)
def _digest(context: str) -> str:
    return hashlib.sha256(context.encode()).hexdigest()


def as_base64(rows: Rows) -> str | list[str]:
    """Write float32, little end first, in base64: one text for each row."""
    if rows.ndim > 1:
        return [pybase64.b64encode_as_string(row.data) for row in rows.astype("<f4")]
    return pybase64.b64encode_as_string(rows.astype("<f4").data)


def as_ubinary(rows: Rows) -> Rows:
    """Write the signs as bits, eight to a number of 0 to 255; JSON has them as floats."""
    return np.packbits(rows > 0, axis=-1).astype(np.float32)


def as_binary(rows: Rows) -> Rows:
    """Write the same numbers less 128 (and not as a signed byte holds the bits)."""
    return as_ubinary(rows) - np.float32(128)


ENCODINGS: dict[str, Callable[[Rows], Any]] = {
    "float": lambda rows: rows,
    "base64": as_base64,
    "binary": as_binary,
    "ubinary": as_ubinary,
}
