"""Vectors on the wire and in the index.

Elasticsearch reads base64 of a dense vector as BIG-endian float32, while most embedding APIs answer
in little-endian: the two must not be mixed, and nothing would complain if they were.
"""

import numpy as np
import pybase64
from numpy.typing import ArrayLike, NDArray

from es_jina.dense import DenseProfile, ElementType
from es_jina.embedding import Vector, cut

# What 1.0 is as a byte.
BYTE_SCALE = 127.0
_STORED: dict[ElementType, str] = {"float": "<f4", "bfloat16": "<u2", "byte": "i1", "bit": "u1"}


def dense_base64(vector: ArrayLike) -> str:
    """Encode one dense vector (dims,) as base64 of big-endian float32."""
    return _base64(np.ascontiguousarray(vector, dtype=">f4"))


def encode(multi: Vector, element_type: ElementType) -> NDArray[np.generic]:
    """Encode a multi-vector for storage.

    Args:
        multi: float32 (tokens, dims), rows of length 1.
        element_type: ``float`` as it is; ``bfloat16`` the upper half of each float32, rounded to
            nearest even; ``byte`` int8 with 1.0 = 127; ``bit`` the signs, most significant bit
            first.

    Returns:
        (tokens, numbers of a row), little-endian.
    """
    match element_type:
        case "float":
            return multi.astype("<f4")
        case "bfloat16":
            bits = multi.astype("<f4").view("<u4")
            halves: NDArray[np.uint16] = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
            return halves.astype("<u2")
        case "byte":
            whole: Vector = np.clip(np.rint(multi * BYTE_SCALE), -127, 127)
            return whole.astype(np.int8)
        case "bit":
            return np.packbits(multi > 0, axis=1)


def pack(multi: Vector, element_type: ElementType) -> str:
    """Encode a multi-vector as base64 for a ``binary`` field; row after row, no header."""
    return pack_encoded(encode(multi, element_type))


def pack_encoded(stored: NDArray[np.generic]) -> str:
    """Return what :func:`pack` does of a multi-vector that :func:`encode` has made."""
    return _base64(np.ascontiguousarray(stored))


def unpack(packed: str, element_type: ElementType, dims: int) -> NDArray[np.generic]:
    """Decode what :func:`pack` wrote, as :func:`encode` had it.

    Returns:
        (tokens, numbers of a row), a view that cannot be written to.
    """
    data = pybase64.b64decode(packed, validate=True)
    numbers: NDArray[np.generic] = np.frombuffer(data, _STORED[element_type])
    return numbers.reshape(-1, dims // 8 if element_type == "bit" else dims)


def decode(stored: NDArray[np.generic], element_type: ElementType) -> Vector:
    """Return float32 (tokens, dims) of what :func:`encode` made.

    Bits come back as rows of length 1 (each number +-1/sqrt(dims)), so that scores of all element
    types are on one scale.
    """
    match element_type:
        case "float":
            return stored.astype(np.float32)
        case "bfloat16":
            return (stored.astype(np.uint32) << 16).view(np.float32)
        case "byte":
            return stored.astype(np.float32) / np.float32(BYTE_SCALE)
        case "bit":
            bits = np.unpackbits(stored.astype(np.uint8), axis=1)
            return (bits.astype(np.float32) * 2 - 1) / np.float32(np.sqrt(bits.shape[1]))


def rank_vectors_value(
    multi: Vector, element_type: ElementType, *, base64_allowed: bool
) -> list[str] | Vector:
    """Return a multi-vector as the value of a ``rank_vectors`` field.

    Args:
        multi: float32 (tokens, dims), at least one token: Elasticsearch takes an empty value, and
            every search that scores it fails.
        element_type: of the field.
        base64_allowed: whether the cluster reads each vector as base64.

    Returns:
        As :func:`rank_vectors_encoded` does.
    """
    stored = encode(multi, element_type)
    return rank_vectors_encoded(stored, element_type, base64_allowed=base64_allowed)


def rank_vectors_encoded(
    stored: NDArray[np.generic], element_type: ElementType, *, base64_allowed: bool
) -> list[str] | Vector:
    """Return a multi-vector that :func:`encode` has made as the value of a ``rank_vectors`` field.

    Returns:
        Each vector in base64: big-endian numbers, bits packed eight to a byte. Where that is not
        read, bytes and bits in hexadecimal, and float32 (tokens, dims), which orjson writes as
        lists.
    """
    if base64_allowed:
        rows = np.ascontiguousarray(stored, stored.dtype.newbyteorder(">"))
        return [_base64(row) for row in rows]
    if element_type in ("byte", "bit"):
        return stored.tobytes().hex(" ", stored.shape[1]).split()
    return np.ascontiguousarray(decode(stored, element_type))


def rank_vectors_query(multi: Vector, element_type: ElementType) -> list[list[float]]:
    """Return a query multi-vector in the form that the field's MaxSim function reads.

    Bytes are compared with bytes; against bits and floats the query keeps its precision, rounded
    to five decimals to keep the request small.
    """
    if element_type == "byte":
        whole: list[list[float]] = encode(multi, "byte").tolist()
        return whole
    rows: list[list[float]] = np.round(multi.astype(np.float64), 5).tolist()
    return rows


def rank_vectors_scale(query: list[list[float]], element_type: ElementType) -> tuple[float, float]:
    """Return what turns Elasticsearch's MaxSim of such a query into the mean cosine.

    Its MaxSim is a sum over the query's vectors, of whole numbers for bytes. Against bits it adds
    the query's numbers where a bit is set: half of their sum plus half of the product with +-1.

    Returns:
        (factor, summand).
    """
    if element_type == "byte":
        return 1 / (BYTE_SCALE**2 * len(query)), 0.0
    if element_type == "bit":
        length = float(np.sqrt(len(query[0]))) * len(query)
        return 2 / length, -float(np.sum(query)) / length
    return 1 / len(query), 0.0


def dense_value(vector: Vector, field: DenseProfile, *, base64_allowed: bool) -> str | Vector:
    """Return a single vector as a dense field takes it, in documents and in queries alike.

    Args:
        vector: float32, at least as long as the field.
        field: what it is cut to, normalised again, and rounded to.
        base64_allowed: whether the cluster reads floats as base64.

    Returns:
        base64 or float32 (dims,), which orjson writes as a list; bytes and bits in hexadecimal.
    """
    short = cut(vector, field.dims)
    match field.element_type:
        case "byte":
            # The cosine does not ask for the length: the largest number may use the whole range.
            most = np.abs(short).max() if field.similarity == "cosine" else 1.0
            return np.rint(short / most * BYTE_SCALE).astype(np.int8).tobytes().hex()
        case "bit":
            return np.packbits(short > 0).tobytes().hex()
    return dense_base64(short) if base64_allowed else np.ascontiguousarray(short, np.float32)


def _base64(numbers: NDArray[np.generic]) -> str:
    text: str = pybase64.b64encode_as_string(numbers.data)
    return text
