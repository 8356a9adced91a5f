"""What an index hands down to the one that takes its place: all but its store of multi-vectors."""

from typing import Any

from es_jina.elastic.assets import META_KEY, multi_vector_mapping
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile, Store

# What Elasticsearch says about an index rather than what somebody has set, and blocks, which are
# for the one index; a new index that names most of these is refused.
_NOT_HANDED_DOWN = (
    "archived.",
    "index.blocks.",
    "index.creation_date",
    "index.history.",
    "index.provided_name",
    "index.resize.",
    "index.routing.allocation.initial_recovery.",
    "index.shrink.",
    "index.store.snapshot.",
    "index.uuid",
    "index.verified_",
    "index.version.",
    "index.xpack.ccr.",
)


def successor_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings, by dotted name, that the next index is made with."""
    return {
        name: value for name, value in settings.items() if not name.startswith(_NOT_HANDED_DOWN)
    }


def successor_mappings(mappings: dict[str, Any], profile: IndexProfile) -> dict[str, Any]:
    """Return the mapping of the next index, as the first one's profile of another store has it.

    Args:
        mappings: of the first one; it stays as it is.
        profile: of the next one, which has multi-vectors.
    """
    if profile.multi_vector is None:
        raise ValueError("the profile has no multi-vectors")
    multi = {MULTI_VECTOR_FIELD: multi_vector_mapping(profile.multi_vector)}
    return {
        **with_source(mappings, profile.multi_vector.store),
        "_meta": {**mappings.get("_meta", {}), META_KEY: profile.to_meta()},
        "properties": {**mappings.get("properties", {}), **multi},
    }


def with_source(mappings: dict[str, Any], store: Store) -> dict[str, Any]:
    """Return a mapping whose ``_source`` leaves packed multi-vectors out, and rank_vectors in."""
    source = mappings.get("_source", {})
    told = source.get("excludes", [])
    excludes = [told] if isinstance(told, str) else told
    if (MULTI_VECTOR_FIELD in excludes) == (store == "binary"):
        return mappings
    kept = [field for field in excludes if field != MULTI_VECTOR_FIELD]
    if store == "binary":
        kept.append(MULTI_VECTOR_FIELD)
    fitted = {key: value for key, value in source.items() if key != "excludes"}
    if kept:
        fitted["excludes"] = kept
    rest = {key: value for key, value in mappings.items() if key != "_source"}
    return {**rest, "_source": fitted} if fitted else rest
