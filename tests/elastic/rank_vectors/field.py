"""One rank_vectors field: what its mapping may say, and what its values may be."""

import base64
import re
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import orjson
import torch
from numpy.typing import NDArray

from .refusals import illegal, unparsable

Rows = NDArray[Any]  # float32 (vectors, dims), int8 for bytes and, eight to a number, for bits

_META = "rank_vectors"
_KEYS = {"type", "dims", "element_type", "meta"}
_NUMBERS = {"float", "bfloat16"}


@dataclass(frozen=True, slots=True)
class Field:
    """A field as its mapping has it."""

    element_type: str
    dims: int

    @classmethod
    def of(cls, name: str, mapping: dict[str, Any]) -> Self:
        """Read a mapping that a client sends."""
        for key in mapping.keys() - _KEYS:
            raise unparsable(
                name, f"unknown parameter [{key}] on mapper [{name}] of type [{_META}]"
            )
        element_type, dims = mapping.get("element_type", "float"), mapping.get("dims")
        if element_type not in {*_NUMBERS, "byte", "bit"}:
            raise unparsable(name, f"invalid element_type [{element_type}]")
        least, most = (8, 32768) if element_type == "bit" else (1, 4096)
        # Elasticsearch takes one without, and then stores garbage of hexadecimal.
        if not isinstance(dims, int) or not least <= dims <= most or dims % least:
            raise unparsable(name, f"dims [{dims}]: want [{least}, {most}] for [{element_type}]")
        return cls(element_type, dims)

    @classmethod
    def kept(cls, mapping: Any) -> Self | None:
        """Recognise a field as the node has it, of which :attr:`hidden` was made."""
        if not isinstance(mapping, dict) or _META not in mapping.get("meta", {}):
            return None
        element_type, dims = mapping["meta"][_META].split()
        return cls(element_type, int(dims))

    @property
    def hidden(self) -> dict[str, Any]:
        """What the node is told in its place: ``exists`` works, and the note stays on the field."""
        note = {_META: f"{self.element_type} {self.dims}"}
        return {"type": "binary", "doc_values": True, "meta": note}

    @property
    def shown(self) -> dict[str, Any]:
        """What a client is told: only what is not a default."""
        told = {"type": _META, "dims": self.dims, "element_type": self.element_type}
        return {key: value for key, value in told.items() if value != "float"}

    @property
    def width(self) -> int:
        """How many numbers a vector has."""
        return self.dims // 8 if self.element_type == "bit" else self.dims

    def rows(self, value: Any, *, base64_allowed: bool = True) -> Rows:
        """Read a document's value.

        Raises:
            RefusedError: it is not one.
        """
        if not isinstance(value, list) or not all(isinstance(row, list | str) for row in value):
            raise illegal(f"[{_META}] field cannot be indexed with a single value")
        read = [self._row(row, base64_allowed=base64_allowed) for row in value]
        kind = np.float32 if self.element_type in _NUMBERS else np.int8
        return np.array(read, kind).reshape(-1, self.width)

    def _row(self, row: Any, *, base64_allowed: bool) -> Any:
        if isinstance(row, str):
            numbers = self._text(row, base64_allowed=base64_allowed)
        elif self.element_type in _NUMBERS:
            numbers = np.array(row, np.float32)
        else:
            numbers = signed_bytes(row)
        if len(numbers) != self.width:
            raise illegal(f"the vector has length [{len(numbers)}], not [{self.width}]")
        if not np.isfinite(numbers).all():
            raise illegal("the vector has a number that is not finite")
        return _rounded(numbers) if self.element_type == "bfloat16" else numbers

    def _text(self, row: str, *, base64_allowed: bool) -> Any:
        floats = self.element_type in _NUMBERS
        if not floats and re.fullmatch(rf"[0-9a-fA-F]{{{2 * self.width}}}", row):
            return np.frombuffer(bytes.fromhex(row), np.int8)
        if not base64_allowed:
            raise illegal("the vector is neither a list nor, for bytes and bits, hexadecimal")
        try:
            data = base64.b64decode(row, validate=True)
        except ValueError as error:
            raise illegal(f"the vector is no base64: {error}") from error
        if not floats:
            return np.frombuffer(data, np.int8)
        if len(data) == 2 * self.width:
            wide = np.frombuffer(data, ">u2").astype(np.uint32) << 16
            return wide.view(np.float32)
        if len(data) == 4 * self.width:
            return np.frombuffer(data, ">f4").astype(np.float32)
        raise illegal(f"the vector has [{len(data)}] bytes")


def signed_bytes(row: list[Any]) -> Rows:
    """Read whole numbers from -128 to 127."""
    if not all(type(number) is int and -128 <= number <= 127 for number in row):
        raise illegal("the vector has a number that is no integer from -128 to 127")
    return np.array(row, np.int8)


def _rounded(numbers: Rows) -> Rows:
    rounded: Rows = torch.from_numpy(numbers.copy()).to(torch.bfloat16).float().numpy()
    return rounded


def kept_value(value: Any) -> str:
    """Return what the node keeps of a value: its JSON, for old releases hand it out as it came."""
    return base64.b64encode(orjson.dumps(value)).decode()


def sent_value(kept: str) -> Any:
    """Return the value of which :func:`kept_value` was made."""
    return orjson.loads(base64.b64decode(kept))
