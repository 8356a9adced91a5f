"""The Elasticsearch document of a unit."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.vectors import dense_value, pack, rank_vectors_value
from es_jina.embedding import Embedding, PatchGrid, Vector
from es_jina.ingest.units import Loaded, Unit
from es_jina.pooling import pool
from es_jina.profile import GRID_FIELD, MULTI_VECTOR_FIELD, IndexProfile, MultiVectorProfile


def document(
    loaded: Loaded, embedding: Embedding, profile: IndexProfile, capabilities: Capabilities
) -> dict[str, Any]:
    """Build the document of one unit.

    Args:
        loaded: the unit and its words.
        embedding: its vectors, as many as the profile asks for.
        profile: of the index.
        capabilities: of the cluster: in which forms it reads vectors.
    """
    unit = loaded.unit
    fields = {
        "source": _source(unit),
        "title": unit.title,
        "kind": unit.kind,
        "unit": unit.number,
        "text": loaded.text,
        "ref": unit.id,
        "profile": profile.fingerprint,
        "recipe": unit.recipe,
        "ingested_at": datetime.now(UTC).isoformat(),
        **_place(unit),
    }
    if embedding.single is not None:
        for dense in profile.dense:
            fields[dense.field] = dense_value(
                embedding.single, dense, base64_allowed=bool(capabilities.base64_documents)
            )
    if profile.multi_vector and embedding.multi is not None:
        vectors = pool(embedding.multi, profile.multi_vector.pool_factor)
        fields[MULTI_VECTOR_FIELD] = _multi(vectors, profile.multi_vector, capabilities)
        # Of pooled ones, none stands for a place.
        if profile.multi_vector.pool_factor == 1 and isinstance(embedding.layout, PatchGrid):
            fields[GRID_FIELD] = asdict(embedding.layout)
    return fields


def _multi(vectors: Vector, multi: MultiVectorProfile, capabilities: Capabilities) -> Any:
    if multi.store == "binary":
        return pack(vectors, multi.element_type)
    return rank_vectors_value(
        vectors, multi.element_type, base64_allowed=bool(capabilities.base64_rank_vectors)
    )


def _source(unit: Unit) -> dict[str, Any]:
    source = unit.source
    told: dict[str, Any] = {"uri": source.uri, "sha256": source.sha256, "mime": source.mime}
    if source.stamp is not None:
        told |= {"size": source.stamp.size, "mtime": source.stamp.mtime}
        if source.stamp.modified is not None:
            told["modified"] = source.stamp.modified.isoformat()
    if unit.count is not None:
        told["units"] = unit.count
    return told


def _place(unit: Unit) -> dict[str, Any]:
    """Return where in its source a unit stands, and the fields that the source gives it."""
    place: dict[str, Any] = {
        name: value
        for name in ("page", "pages", "chunk")
        if (value := getattr(unit, name)) is not None
    }
    if unit.span is not None:
        place["span"] = {"start": unit.span[0], "end": unit.span[1]}
    if unit.source.fields:
        place["fields"] = dict(unit.source.fields)
    return place
