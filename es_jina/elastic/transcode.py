"""Documents from one store of multi-vectors to the other, number for number."""

import re
from typing import Any

import numpy as np
import pybase64
from numpy.typing import NDArray

from es_jina.dense import DenseProfile, ElementType
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.vectors import (
    decode,
    dense_base64,
    encode,
    pack_encoded,
    rank_vectors_encoded,
    unpack,
)
from es_jina.embedding import Vector
from es_jina.errors import RequestError
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile, MultiVectorProfile

Document = dict[str, Any]
Stored = NDArray[np.generic]

_WIRE: dict[ElementType, str] = {"float": ">f4", "bfloat16": ">u2", "byte": "i1", "bit": "u1"}


class Transcoder:
    """Makes documents of an index into such of one with the other store.

    Args:
        before: the profile of the index that they come from.
        after: the same with the other store.
        capabilities: of the cluster: in which forms it reads vectors.
    """

    def __init__(
        self, before: IndexProfile, after: IndexProfile, capabilities: Capabilities
    ) -> None:
        if before.multi_vector is None:
            raise ValueError("the profile has no multi-vectors")
        self._multi = before.multi_vector
        self._before, self._after = before, after
        self._capabilities = capabilities

    def document(self, hit: dict[str, Any]) -> Document:
        """Return the document of a hit.

        Args:
            hit: with its whole source, and with its doc values where the store is ``binary``.

        Raises:
            RequestError: its multi-vector is none; the message names it.
        """
        multi = self._multi
        document: Document = dict(hit["_source"])
        value = document.pop(MULTI_VECTOR_FIELD, None)
        if multi.store == "binary":
            value = next(iter(hit.get("fields", {}).get(MULTI_VECTOR_FIELD, ())), None)
        try:
            stored = _read(value, multi)
        except (ValueError, TypeError, OverflowError) as error:
            raise RequestError(
                f"the multi-vector of the document {hit['_id']!r} is none of {multi.dims} dims as "
                f"{multi.element_type}: load it anew from its source, or delete it, and try again"
            ) from error
        if len(stored):
            document[MULTI_VECTOR_FIELD] = self._written(stored)
        if document.get("profile") == self._before.fingerprint:
            document["profile"] = self._after.fingerprint
        for dense in self._before.dense:
            if isinstance(document.get(dense.field), list):
                document[dense.field] = self._dense(document[dense.field], dense)
        return document

    def _written(self, stored: Stored) -> Any:
        if self._multi.store == "rank_vectors":
            return pack_encoded(stored)
        allowed = bool(self._capabilities.base64_rank_vectors)
        return rank_vectors_encoded(stored, self._multi.element_type, base64_allowed=allowed)

    def _dense(self, numbers: list[Any], dense: DenseProfile) -> Any:
        """Return a dense vector in the form that the cluster reads fastest."""
        if dense.element_type in ("byte", "bit"):
            return np.array(numbers, np.int8).tobytes().hex()
        return dense_base64(numbers) if self._capabilities.base64_documents else numbers


def _read(value: Any, multi: MultiVectorProfile) -> Stored:
    """Return what :func:`es_jina.elastic.vectors.encode` made; no rows for nothing."""
    if not value:
        return np.empty((0, multi.dims))
    if multi.store == "binary":
        return unpack(value, multi.element_type, multi.dims)
    return read_rank_vectors(value, multi.element_type, multi.dims)


def read_rank_vectors(value: list[Any], element_type: ElementType, dims: int) -> Stored:
    """Read the value of a ``rank_vectors`` field as a ``_source`` shows it.

    Releases from 9.2 make it of what they have stored: lists of numbers. Others show what was
    sent: lists, hexadecimal or base64.

    Returns:
        (vectors, numbers of a row), as :func:`es_jina.elastic.vectors.encode` has it.

    Raises:
        ValueError, TypeError, OverflowError: it is none.
    """
    width = dims // 8 if element_type == "bit" else dims
    rows = np.stack([_row(row, element_type, width) for row in value])
    if rows.shape[1] != width:
        raise ValueError(f"rows of {rows.shape[1]} numbers, not {width}")
    return rows


def read_multi_vector(value: list[Any], multi: MultiVectorProfile) -> Vector:
    """Read a multi-vector: of the store ``binary`` its doc value, else what a ``_source`` shows.

    Returns:
        float32 of shape (vectors, dims).

    Raises:
        ValueError, TypeError, OverflowError, IndexError: it is none.
    """
    kind, dims = multi.element_type, multi.dims
    if multi.store == "binary":
        return decode(unpack(value[0], kind, dims), kind)
    return decode(read_rank_vectors(value, kind, dims), kind)


def _row(row: Any, element_type: ElementType, width: int) -> Stored:
    if isinstance(row, str):
        return _text_row(row, element_type, width)
    if element_type in ("byte", "bit"):
        numbers = np.array(row, np.int8)
        return numbers.view(np.uint8) if element_type == "bit" else numbers
    return encode(np.array(row, np.float32), element_type)


def _text_row(row: str, element_type: ElementType, width: int) -> Stored:
    wire = np.dtype(_WIRE[element_type])
    # Of what may be both, Elasticsearch too takes it as hexadecimal.
    if element_type in ("byte", "bit") and re.fullmatch(rf"[0-9a-fA-F]{{{2 * width}}}", row):
        return np.frombuffer(bytes.fromhex(row), wire)
    data = pybase64.b64decode(row, validate=True)
    # Fields of both kinds of floats take base64 of either.
    if element_type == "bfloat16" and len(data) == 4 * width:
        return encode(np.frombuffer(data, ">f4").astype(np.float32), element_type)
    if element_type == "float" and len(data) == 2 * width:
        halves = np.frombuffer(data, _WIRE["bfloat16"])
        return (halves.astype(np.uint32) << 16).view("<f4")
    numbers = np.frombuffer(data, wire)
    return numbers.astype(wire.newbyteorder("<"))
