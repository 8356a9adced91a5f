"""Vectors as JSON bytes, for :class:`orjson.Fragment` or to be joined with others.

A call for each row would be most of what base64 costs: many rows are encoded in one call and
framed as one block of bytes. Send the pieces of a large answer one by one: tens of megabytes as one
are new memory from the system, which costs more than all the writing.
"""

import numpy as np
import orjson
import pybase64
from numpy.typing import NDArray

from es_jina.embedding import Vector
from es_jina.providers.encodings import EmbeddingType

_QUOTE, _COMMA, _PAD = b'",='
# So much at once that it stays in the processor's cache, and in memory that is at hand: 128 rows.
_BLOCK_BYTES = 65_536


def single_json(vector: Vector, embedding_type: EmbeddingType) -> bytes:
    """Return a single vector as it stands in JSON.

    Args:
        vector: float32 of shape (dims,), finite; dims a multiple of 8 for the binary forms.
        embedding_type: the form.

    Returns:
        A string for ``base64``, otherwise an array of numbers, those of the binary forms with a
        decimal point as the hosted API writes them.
    """
    if embedding_type == "base64":
        return b'"' + pybase64.b64encode(_bytes(vector).data) + b'"'
    return _numbers(vector, embedding_type)


def rows_json(rows: Vector, embedding_type: EmbeddingType) -> bytes:
    """Return a multi-vector as it stands in JSON.

    Args:
        rows: float32 of shape (rows, dims), finite, at least one dim; dims a multiple of 8 for the
            binary forms.
        embedding_type: the form.

    Returns:
        An array of what :func:`single_json` writes for each row.
    """
    if embedding_type == "base64":
        return _base64_rows(rows)
    return _numbers(rows, embedding_type)


def _numbers(vectors: Vector, embedding_type: EmbeddingType) -> bytes:
    if embedding_type != "float":
        packed = np.packbits(vectors > 0, axis=-1).astype(np.float32)
        vectors = packed if embedding_type == "ubinary" else packed - 128
    exact = np.ascontiguousarray(vectors, np.float32)
    return orjson.dumps(exact, option=orjson.OPT_SERIALIZE_NUMPY)


def _base64_rows(rows: Vector) -> bytes:
    if not len(rows):
        return b"[]"
    data = _bytes(rows)
    step = max(1, _BLOCK_BYTES // data.shape[1])
    first, *others = (_block(data[at : at + step]) for at in range(0, len(data), step))
    return b"".join([b"[", first[1:], *others, b"]"])


def _block(data: NDArray[np.uint8]) -> memoryview:
    """Return rows of bytes in base64, each within quotes and behind a comma."""
    count, size = data.shape
    # Whole groups of three bytes: then the code of each row ends where that of the next begins.
    padding = -size % 3
    whole = np.zeros((count, size + padding), np.uint8)
    whole[:, :size] = data
    code = np.frombuffer(pybase64.b64encode(whole.data), np.uint8).reshape(count, -1)
    framed = np.empty((count, code.shape[1] + 3), np.uint8)
    framed[:, 0] = _COMMA
    framed[:, 1] = framed[:, -1] = _QUOTE
    framed[:, 2:-1] = code
    framed[:, framed.shape[1] - 1 - padding : -1] = _PAD
    return framed.reshape(-1).data


def _bytes(vectors: Vector) -> NDArray[np.uint8]:
    """Return vectors (..., dims) as their bytes, little-endian: uint8 of shape (..., 4 * dims)."""
    return np.ascontiguousarray(vectors, "<f4").view(np.uint8)
