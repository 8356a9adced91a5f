"""Documents on their way to the node, and what is read of them on the way back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from .field import Field, kept_value, sent_value
from .refusals import RefusedError, unlicensed

Fields = dict[str, Field]


@dataclass(frozen=True, slots=True)
class Rules:
    """What depends on the release and on the licence.

    Attributes:
        base64_allowed: whether vectors may be base64.
        hidden: whether ``_source`` leaves vectors out, and makes them of what is stored.
        licensed: whether the licence covers documents with the field.
    """

    base64_allowed: bool
    hidden: bool
    licensed: bool

    def stored(self, document: dict[str, Any], fields: Fields) -> dict[str, Any]:
        """Return a document as the node keeps it.

        Raises:
            RefusedError: a value of a field is none, or the licence forbids it.
        """
        values = {name: document[name] for name in fields if document.get(name) is not None}
        for name, value in values.items():
            try:
                if not self.licensed:
                    raise unlicensed("Rank Vectors")
                fields[name].rows(value, base64_allowed=self.base64_allowed)
            except RefusedError as error:
                reason = f"failed to parse field [{name}] of type [rank_vectors]"
                raise RefusedError(400, "document_parsing_exception", reason, error) from error
        return document | {name: kept_value(value) for name, value in values.items()}


def bulk_actions(body: bytes) -> Iterator[tuple[str, dict[str, Any], dict[str, Any] | None]]:
    """Yield the operation, its head and its document of each action."""
    lines = (orjson.loads(line) for line in body.splitlines() if line.strip())
    for head in lines:
        ((operation, about),) = head.items()
        yield operation, about, None if operation == "delete" else next(lines)


def bulk_lines(
    actions: Sequence[tuple[str, dict[str, Any], dict[str, Any] | None]],
) -> bytes:
    """Write actions as :func:`bulk_actions` reads them."""
    lines: list[dict[str, Any]] = []
    for operation, about, document in actions:
        lines += [{operation: about}] + ([] if document is None else [document])
    return b"".join(orjson.dumps(line) + b"\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request asks to be shown of multi-vectors.

    Attributes:
        in_source: whether it asks for them in ``_source``.
        hidden: see :class:`Rules`.
        fetched: the names under ``fields``, which has a value for each vector; doc values have one
            for all.
    """

    in_source: bool
    hidden: bool
    fetched: frozenset[str]


def reveal(told: Any, fields_of: Callable[[str], Fields], shown: Shown) -> None:
    """Put multi-vectors, as clients see them, into every document of an answer of the node's.

    Args:
        told: the answer; changed in place.
        fields_of: the fields of an index.
        shown: what the request asks for.
    """
    if isinstance(told, list):
        for each in told:
            reveal(each, fields_of, shown)
    elif isinstance(told, dict):
        if "_index" in told and ("_source" in told or "fields" in told):
            _reveal(told, fields_of(told["_index"]), shown)
        for key in told.keys() - {"_source", "fields"}:
            reveal(told[key], fields_of, shown)


def _reveal(hit: dict[str, Any], fields: Fields, shown: Shown) -> None:
    source, read = hit.get("_source", {}), hit.get("fields", {})
    for name, field in fields.items():
        if name in read:
            rows = field.rows(sent_value(read[name][0]))
            read[name] = rows if name in shown.fetched else [rows]
        kept = source.pop(name, None)
        if kept is not None and not shown.hidden:
            source[name] = sent_value(kept)
        elif kept is not None and shown.in_source:
            source[name] = field.rows(sent_value(kept))
