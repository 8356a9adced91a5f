"""The Elasticsearch document of a unit."""

from datetime import UTC, datetime
from typing import Any

from es_jina.elastic.vectors import dense_value, pack, rank_vectors_value
from es_jina.embedding import Embedding, cut
from es_jina.ingest.units import Loaded
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile, dense_field


def document(
    loaded: Loaded, embedding: Embedding, profile: IndexProfile, *, base64_allowed: bool
) -> dict[str, Any]:
    """Build the document of one unit.

    Args:
        loaded: the unit and its words.
        embedding: its vectors, as many as the profile asks for.
        profile: of the index.
        base64_allowed: whether the cluster reads dense vectors as base64.
    """
    unit, source = loaded.unit, loaded.unit.source
    fields: dict[str, Any] = {
        "source": {
            "uri": source.uri,
            "sha256": source.sha256,
            "mime": source.mime,
            "modified": source.modified.isoformat(),
        },
        "title": unit.title,
        "kind": unit.kind,
        "text": loaded.text,
        "ref": unit.id,
        "profile": profile.fingerprint,
        "ingested_at": datetime.now(UTC).isoformat(),
    }
    if unit.kind == "page":
        fields |= {"page": unit.number + 1, "pages": unit.count}
    elif unit.kind == "text":
        fields |= {"chunk": unit.number + 1}
    if embedding.single is not None:
        for dims in profile.dims:
            fields[dense_field(dims)] = dense_value(
                cut(embedding.single, dims), base64_allowed=base64_allowed
            )
    if profile.multi_vector and embedding.multi is not None:
        multi = profile.multi_vector
        write = pack if multi.store == "binary" else rank_vectors_value
        fields[MULTI_VECTOR_FIELD] = write(embedding.multi, multi.element_type)
    return fields
