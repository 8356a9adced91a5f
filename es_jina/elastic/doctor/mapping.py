"""An index's mapping held against its profile."""

from collections.abc import Iterator
from typing import Any

from es_jina.elastic.assets import dense_mapping
from es_jina.elastic.doctor.finding import Finding
from es_jina.elastic.doctor.index import Index
from es_jina.profile import MULTI_VECTOR_FIELD, MultiVectorProfile


def examine_mapping(index: Index) -> Iterator[Finding]:
    """Look whether the vector fields are what the profile says."""
    wanted = {dense.field: _facts(dense_mapping(dense)) for dense in index.profile.dense}
    if index.profile.multi_vector is not None:
        wanted[MULTI_VECTOR_FIELD] = _multi_vector(index.profile.multi_vector)
    for field, facts in wanted.items():
        mapping = index.properties.get(field)
        if mapping is None:
            told = f"the mapping has no {field}, which the profile has"
        else:
            found = _facts(mapping)
            differences = [
                f"{name} {found.get(name)} (profile: {value})"
                for name, value in facts.items()
                if found.get(name) != value
            ]
            if not differences:
                continue
            told = f"{field} is not what the profile says: {', '.join(differences)}"
        step = "a field cannot be changed: load the sources into a new index"
        yield Finding("problem", index.name, told, step)


def _facts(mapping: dict[str, Any]) -> dict[str, Any]:
    """Return what vectors depend on, with Elasticsearch's default where nothing is said."""
    return {
        "type": mapping["type"],
        "dims": mapping.get("dims"),
        "element type": mapping.get("element_type", "float"),
        "similarity": mapping.get("similarity"),
        "index type": mapping.get("index_options", {}).get("type"),
        "doc values": mapping.get("doc_values"),
    }


def _multi_vector(multi: MultiVectorProfile) -> dict[str, Any]:
    if multi.store == "binary":
        return {"type": "binary", "doc values": True}
    return {"type": "rank_vectors", "dims": multi.dims, "element type": multi.element_type}
