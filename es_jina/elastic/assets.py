"""The shipped templates and pipeline, fitted to a profile."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from es_jina.dense import DenseProfile
from es_jina.elastic.client import cluster_errors, is_elasticsearch
from es_jina.elastic.pipelines import fit_pipeline, passage_name
from es_jina.elastic.templates import Asset
from es_jina.errors import ProfileMismatchError, RequestError
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile, MultiVectorProfile, Store

META_KEY = "es_jina"
_PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Assets:
    """What one index needs.

    Attributes:
        component_templates: by name, as shipped.
        index_template: composed of them, with the profile in its mapping.
        pipeline: an ingest pipeline for raw text, of the name ``INDEX-passage``.
        index: the name of the first index behind the alias.
        alias: the name that the index is known by.
    """

    component_templates: dict[str, dict[str, Any]]
    index_template: dict[str, Any]
    pipeline: dict[str, Any]
    index: str
    alias: str

    def templates(self) -> list[Asset]:
        """Return what every cluster takes, in the order in which it must be put."""
        parts = self.component_templates.items()
        return [
            *(Asset("component template", name, body) for name, body in parts),
            Asset("index template", f"es-jina-{self.alias}", self.index_template),
        ]

    def ingest_pipeline(self) -> Asset:
        """Return what a cluster takes that has its processors."""
        return Asset("ingest pipeline", passage_name(self.alias), self.pipeline)

    def aliases(self) -> dict[str, Any]:
        """Return the aliases that the first index is created with."""
        return {self.alias: {"is_write_index": True}}


@cache
def shipped_folder(room: str) -> Path:
    """Return a room of shipped JSON: inside an installed package, beside it in a checkout."""
    inside = _PACKAGE / room
    return inside if inside.is_dir() else _PACKAGE.parent / room


def load(name: str, room: str = "mappings") -> dict[str, Any]:
    """Read one shipped JSON file."""
    content: dict[str, Any] = json.loads((shipped_folder(room) / f"{name}.json").read_text("utf-8"))
    return content


def assets(index: str, profile: IndexProfile) -> Assets:
    """Fit the shipped templates and the pipeline to an index and its profile."""
    names = ["es-jina-settings", "es-jina-document", "es-jina-text"]
    names += [f"es-jina-embedding-{dims}" for dims in profile.dims]
    if profile.multi_vector:
        names.append(multi_vector_template(profile.multi_vector.store))
    components = {name: load(f"component_templates/{name}") for name in names}
    template = load("index_template")
    template["index_patterns"] = [f"{index}-0*"]
    # An index named "docs-01" fits the pattern of "docs" too: the longer name must win.
    template["priority"] += len(index)
    template["composed_of"] = names
    template["_meta"]["description"] = f"Indices behind the alias {index}."
    template["template"] = {
        "mappings": {
            "_meta": {META_KEY: profile.to_meta()},
            "properties": _overrides(components, profile),
        }
    }
    pipeline = fit_pipeline(load("ingest/passage", "pipelines"), index, profile)
    return Assets(components, template, pipeline, f"{index}-000001", index)


def _overrides(components: dict[str, dict[str, Any]], profile: IndexProfile) -> dict[str, Any]:
    """Return the fields in which the profile differs from the shipped component templates."""
    shipped: dict[str, Any] = {}
    for component in components.values():
        shipped |= component["template"].get("mappings", {}).get("properties", {})
    fields: dict[str, Any] = {}
    for dense in profile.dense:
        fields[dense.field] = dense_mapping(dense)
    if profile.multi_vector:
        fields[MULTI_VECTOR_FIELD] = multi_vector_mapping(profile.multi_vector)
    stems = {
        language.code: {"type": "text", "analyzer": language.analyzer}
        for language in profile.languages
    }
    for name in ("title", "text") if stems else ():
        # Whole: a later template's field takes the place of an earlier one's, subfields and all.
        fields[name] = {**shipped[name], "fields": shipped[name].get("fields", {}) | stems}
    return {name: field for name, field in fields.items() if field != shipped[name]}


def dense_mapping(dense: DenseProfile) -> dict[str, Any]:
    """Return a dense field as the mapping has it."""
    mapping = {
        "type": "dense_vector",
        "dims": dense.dims,
        "index": True,
        "similarity": dense.similarity,
        "index_options": {"type": dense.index_type},
    }
    if dense.element_type != "float":
        mapping["element_type"] = dense.element_type
    return mapping


def multi_vector_template(store: Store) -> str:
    """Return the name of the component template that has a store's field."""
    return f"es-jina-multi-vector-{store.replace('_', '-')}"


def multi_vector_mapping(multi: MultiVectorProfile) -> dict[str, Any]:
    """Return the field of multi-vectors as the mapping has it."""
    component = load(f"component_templates/{multi_vector_template(multi.store)}")
    mapping: dict[str, Any] = component["template"]["mappings"]["properties"][MULTI_VECTOR_FIELD]
    if multi.store == "rank_vectors":
        mapping |= {"dims": multi.dims, "element_type": multi.element_type}
    return mapping


def read_profile(client: Elasticsearch, index: str) -> IndexProfile | None:
    """Return the profile in an index's mapping; ``None`` where there is no such index.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
        RequestError: the index is not one of ours.
    """
    if not index:
        # To Elasticsearch, no name means every index.
        raise RequestError("the index name is empty")
    with cluster_errors(f"reading the profile of {index!r}"):
        try:
            mappings = client.indices.get_mapping(index=index)
        except NotFoundError as error:
            if not is_elasticsearch(error):
                raise
            return None
    profiles = []
    for name, body in mappings.items():
        meta = body["mappings"].get("_meta", {}).get(META_KEY)
        if meta is None:
            raise RequestError(
                f"the index {name!r} has no es_jina profile in its mapping: it was not made by "
                f"`es-jina setup`; {_what_then(name, index)}"
            )
        profiles.append(IndexProfile.from_meta(meta))
    if not profiles:
        return None
    if any(other != profiles[0] for other in profiles[1:]):
        raise ProfileMismatchError(
            f"the alias {index!r} is over indices of different profiles ({', '.join(mappings)}): "
            f"take all but one out of it; `es-jina doctor {index}` says what each is for"
        )
    return profiles[0]


def _what_then(name: str, index: str) -> str:
    if name == index:
        return "choose another index name"
    return f"choose another index name, or take it out of the alias {index!r}"


def require_profile(client: Elasticsearch, index: str) -> IndexProfile:
    """Return the profile of an index that must be there.

    Raises:
        RequestError: there is no such index, it is not one of ours, or several are meant.
    """
    if index == "_all" or set(index) & {",", "*"}:
        raise RequestError(f"{index!r} may mean several indices: name one")
    profile = read_profile(client, index)
    if profile is None:
        raise RequestError(f"there is no index {index!r}; create it with `es-jina setup {index}`")
    return profile
