"""The shipped templates, fitted to a profile."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from es_jina.dense import DenseProfile
from es_jina.elastic.client import cluster_errors, is_elasticsearch
from es_jina.errors import RequestError
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile

META_KEY = "es_jina"
_PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Assets:
    """What one index needs.

    Attributes:
        component_templates: by name, as shipped.
        index_template: composed of them, with the profile in its mapping.
        index: the name of the first index behind the alias.
    """

    component_templates: dict[str, dict[str, Any]]
    index_template: dict[str, Any]
    index: str


@cache
def mappings_folder() -> Path:
    """Return the shipped mappings: inside an installed package, beside it in a checkout."""
    inside = _PACKAGE / "mappings"
    return inside if inside.is_dir() else _PACKAGE.parent / "mappings"


def load(name: str) -> dict[str, Any]:
    """Read one shipped JSON file."""
    content: dict[str, Any] = json.loads((mappings_folder() / f"{name}.json").read_text("utf-8"))
    return content


def assets(index: str, profile: IndexProfile) -> Assets:
    """Fit the shipped templates to an index and its profile."""
    names = ["es-jina-settings", "es-jina-document"]
    names += [f"es-jina-embedding-{dims}" for dims in profile.dims]
    if profile.multi_vector:
        names.append(f"es-jina-multi-vector-{profile.multi_vector.store.replace('_', '-')}")
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
    return Assets(components, template, f"{index}-000001")


def _overrides(components: dict[str, dict[str, Any]], profile: IndexProfile) -> dict[str, Any]:
    """Return the fields in which the profile differs from the shipped component templates."""
    shipped: dict[str, Any] = {}
    for component in components.values():
        shipped |= component["template"].get("mappings", {}).get("properties", {})
    fields: dict[str, Any] = {}
    for dense in profile.dense:
        fields[dense.field] = dense_mapping(dense)
    multi = profile.multi_vector
    if multi and multi.store == "rank_vectors":
        fields[MULTI_VECTOR_FIELD] = {
            "type": "rank_vectors",
            "dims": multi.dims,
            "element_type": multi.element_type,
        }
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


def install(client: Elasticsearch, index: str, wanted: Assets) -> None:
    """Put the templates and create the first index behind its alias.

    A component template that is there in the same version or a newer one is left as it is: people
    edit theirs.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
        RequestError: an index or a template of somebody else is in the way.
    """
    with cluster_errors(f"setting up {index!r}"):
        if client.indices.exists(index=wanted.index):
            raise RequestError(
                f"there is an index {wanted.index!r} already, but not behind the alias {index!r}: "
                "choose another index name, or give it the alias, or delete it"
            )
        for name, body in wanted.component_templates.items():
            if _version(client, name) < body["version"]:
                client.cluster.put_component_template(name=name, body=body)
        client.indices.put_index_template(name=f"es-jina-{index}", body=wanted.index_template)
        _check_wins(client, index, wanted)
        client.indices.create(index=wanted.index, aliases={index: {"is_write_index": True}})


def _check_wins(client: Elasticsearch, index: str, wanted: Assets) -> None:
    """Check that the index will follow our template: of several that match, one is taken."""
    told = client.indices.simulate_index_template(name=wanted.index)
    winner = told["template"].get("mappings", {}).get("_meta", {})
    if winner.get(META_KEY) != wanted.index_template["template"]["mappings"]["_meta"][META_KEY]:
        client.indices.delete_index_template(name=f"es-jina-{index}")
        raise RequestError(
            f"another index template with a priority above {wanted.index_template['priority']} "
            f"claims {wanted.index!r}: choose another index name, or lower its priority"
        )


def _version(client: Elasticsearch, name: str) -> int:
    try:
        found = client.cluster.get_component_template(name=name)
    except NotFoundError:
        return -1
    version: int = found["component_templates"][0]["component_template"].get("version", 0)
    return version


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
                "`es-jina setup`; choose another index name"
            )
        profiles.append(IndexProfile.from_meta(meta))
    if not profiles:
        return None
    for other in profiles[1:]:
        profiles[0].check_same(other, index)
    return profiles[0]


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
