"""The wire forms of vectors: the hosted API's ``embedding_type``.

``base64`` is little-endian float32. ``ubinary`` packs the signs of eight numbers into a byte, most
significant bit first, a zero counting as negative; ``binary`` is that byte less 128 (not its two's
complement).
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import pybase64

from es_jina.embedding import Vector

EmbeddingType = Literal["float", "base64", "binary", "ubinary"]
EMBEDDING_TYPES: tuple[str, ...] = get_args(EmbeddingType)


def encode(vector: Vector, embedding_type: EmbeddingType) -> Any:
    """Return one vector as it stands in JSON.

    Args:
        vector: shape (dims,), float32; dims a multiple of 8 for the binary forms.
        embedding_type: the form.

    Returns:
        A text for ``base64``, otherwise a list of numbers.
    """
    if embedding_type == "base64":
        return pybase64.b64encode(vector.astype("<f4").tobytes()).decode()
    if embedding_type == "float":
        return vector.tolist()
    packed = np.packbits(vector > 0).astype(np.int16)
    return (packed if embedding_type == "ubinary" else packed - 128).tolist()


def decode(value: Any, embedding_type: EmbeddingType) -> Vector:
    """Read one vector.

    Args:
        value: as it stands in JSON. Numbers are taken for ``base64`` and base64 for ``float``: some
            services know one form alone.
        embedding_type: the form that was asked for.

    Returns:
        float32 of shape (dims,). The binary forms become 1 and -1.

    Raises:
        TypeError, ValueError: it is no vector.
    """
    if embedding_type in _PACKED:
        return _PACKED[embedding_type](np.asarray(value))
    if isinstance(value, str):
        data = pybase64.b64decode(value, validate=True)
        return np.frombuffer(data, "<f4").astype(np.float32, copy=False)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        return np.array(value, dtype=np.float32)


def decode_rows(values: Sequence[Any], embedding_type: EmbeddingType) -> Vector:
    """Read vectors of one size, those in base64 all at once.

    Args:
        values: as they stand in JSON, at least one.
        embedding_type: the form that was asked for.

    Returns:
        float32 of shape (vectors, dims).

    Raises:
        TypeError, ValueError: one is no vector, or their sizes differ.
    """
    if embedding_type in _PACKED or not all(isinstance(value, str) for value in values):
        return np.stack([decode(value, embedding_type) for value in values])
    parts = [pybase64.b64decode(value, validate=True) for value in values]
    if len(set(map(len, parts))) > 1:
        raise ValueError("vectors of different sizes")
    rows = np.frombuffer(b"".join(parts), "<f4").reshape(len(parts), -1)
    return rows.astype(np.float32, copy=False)


def _from_ubinary(values: Any) -> Vector:
    if values.ndim != 1 or ((values < 0) | (values > 255) | (values % 1 != 0)).any():
        raise ValueError("bytes out of range")
    return np.unpackbits(values.astype(np.uint8)).astype(np.float32) * 2 - 1


_PACKED: dict[str, Callable[[Any], Vector]] = {
    "ubinary": _from_ubinary,
    "binary": lambda values: _from_ubinary(values + 128),
}
