"""A unit as the index has it, with the vectors that late interaction compares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from es_jina.elastic.transcode import read_multi_vector
from es_jina.embedding import Vector
from es_jina.profile import GRID_FIELD, MULTI_VECTOR_FIELD, MultiVectorProfile
from es_jina.search.asking import Asking
from es_jina.search.query import Body

# What its picture is made of; and what else it says.
_DEPICTED = ["kind", "page", "source.uri", "source.sha256", "source.mime"]
_TOLD = [*_DEPICTED, "text", GRID_FIELD]


@dataclass(frozen=True, slots=True, eq=False)
class StoredUnit:
    """A unit.

    Attributes:
        fields: what it says of itself; somebody may have written a document of their own, so any
            may be missing, or another thing.
        vectors: float32 (tokens, dims), one for each token; ``None`` where there are none, or
            fewer, by token pooling.
    """

    fields: Mapping[str, Any]
    vectors: Vector | None = None


def stored_unit(asking: Asking, ref: str, multi: MultiVectorProfile | None) -> StoredUnit | None:
    """Read a unit with its vectors.

    Args:
        asking: of the index.
        ref: the unit's id.
        multi: how the index keeps multi-vectors.

    Returns:
        ``None`` where the index has no such unit.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    if multi is None or multi.pool_factor > 1:
        return _read(asking, ref, {"_source": _TOLD})
    if multi.store == "binary":
        shown: Body = {"_source": _TOLD, "docvalue_fields": [MULTI_VECTOR_FIELD]}
    else:
        # Named, they are shown by those releases too that leave vectors out of the source.
        shown = {"_source": [*_TOLD, MULTI_VECTOR_FIELD]}
    return _read(asking, ref, shown, multi)


def depicted_unit(asking: Asking, ref: str) -> StoredUnit | None:
    """Read what the picture of a unit is made of.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    return _read(asking, ref, {"_source": _DEPICTED})


def _read(
    asking: Asking, ref: str, shown: Body, multi: MultiVectorProfile | None = None
) -> StoredUnit | None:
    if not ref:  # Elasticsearch knows no empty id
        return None
    found = asking.one("unit", {"size": 1, "query": {"ids": {"values": [ref]}}, **shown})
    if not found:
        return None
    vectors = None if multi is None else _vectors(found[0], multi)
    return StoredUnit(found[0].get("_source", {}), vectors)


def _vectors(hit: dict[str, Any], multi: MultiVectorProfile) -> Vector | None:
    """Return a multi-vector; ``None`` for what somebody else has written and is none."""
    place = "fields" if multi.store == "binary" else "_source"
    try:
        vectors = read_multi_vector(hit[place][MULTI_VECTOR_FIELD], multi)
    except (LookupError, ValueError, TypeError, OverflowError):
        return None
    return vectors if len(vectors) else None
