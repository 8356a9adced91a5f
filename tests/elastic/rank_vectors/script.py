"""The scripts that es_jina writes, and nothing else of the script language."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .field import Field, Rows, signed_bytes
from .refusals import RefusedError, failed_script, illegal

_SOURCE = re.compile(
    r"Math\.max\(0\.0, (maxSimDotProduct|maxSimInvHamming)\(params\.query, '(\w+)'\)"
    r" \* params\.factor \+ params\.summand \+ 1\.0\)"
)
_NUMBERS = {"float", "bfloat16"}


@dataclass(frozen=True, slots=True)
class Script:
    """A script that scores a document by one field."""

    function: str
    field: str
    query: Any
    factor: float
    summand: float

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Script":
        """Read the ``script`` object of a query."""
        known = _SOURCE.fullmatch(told.get("source", ""))
        params = told.get("params", {})
        if known is None or set(params) != {"query", "factor", "summand"}:
            raise illegal(f"compile error: the double knows no such script: {told.get('source')}")
        return cls(known[1], known[2], params["query"], params["factor"], params["summand"])

    def scores(self, field: Field, documents: Sequence[Rows | None]) -> list[float]:
        """Score documents, None for one without the field; the first that fails fails all."""
        try:
            similarity = _similarity(self.function, field, self.query)
        except RefusedError as error:
            raise failed_script(str(error)) from error
        return [self._score(similarity, rows) for rows in documents]

    def _score(self, similarity: Callable[[Rows], Rows], rows: Rows | None) -> float:
        if rows is None:
            raise failed_script("A document doesn't have a value for a multi-vector field!")
        best = similarity(rows).max(axis=1, initial=-np.inf)
        score = max(0.0, float(best.sum()) * self.factor + self.summand + 1.0)
        if not 0 <= score < np.inf:
            raise failed_script(f"invalid score [{score}]. Must be a non-negative score!")
        return score


def _similarity(function: str, field: Field, query: Any) -> Callable[[Rows], Rows]:
    """Return what compares a document's vectors with a query's: (query vectors, vectors)."""
    if not isinstance(query, list) or not query or len({len(row) for row in query}) != 1:
        raise illegal("the query has no vectors, or vectors of several lengths")
    if function == "maxSimInvHamming":
        bits = _bits(_packed(field, query))
        return lambda rows: 1 - np.abs(bits[:, None] - _bits(rows)[None]).mean(axis=2)
    vectors = _dot_query(field, query)
    if field.element_type != "bit":
        return lambda rows: vectors @ rows.astype(np.float64).T
    return lambda rows: vectors @ _bits(rows).T


def _dot_query(field: Field, query: list[Any]) -> Rows:
    if field.element_type == "byte":
        return _packed(field, query).astype(np.float64)
    if any(isinstance(row, str) for row in query):
        # On bits hexadecimal is broken: it counts the query's vectors in place of their bytes.
        raise illegal(f"hexadecimal is no query for [{field.element_type}]")
    if field.element_type == "bit" and len(query[0]) == field.width:
        return _bits(_packed(field, query))
    return _sized(np.array(query, np.float64), field.dims)


def _packed(field: Field, query: list[Any]) -> Rows:
    if field.element_type in _NUMBERS:
        raise illegal(f"[{field.element_type}] knows no such function")
    rows = [
        np.frombuffer(bytes.fromhex(row), np.int8) if isinstance(row, str) else signed_bytes(row)
        for row in query
    ]
    return _sized(np.stack(rows), field.width)


def _sized(vectors: Rows, length: int) -> Rows:
    if vectors.ndim != 2 or vectors.shape[1] != length:
        raise illegal(f"the query has vectors of shape {vectors.shape[1:]}, not [{length}]")
    return vectors


def _bits(rows: Rows) -> Rows:
    bits: Rows = np.unpackbits(rows.view(np.uint8), axis=1).astype(np.float64)
    return bits
