"""The templates that the next index behind an alias will follow."""

from collections.abc import Iterator
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from es_jina.elastic.assets import META_KEY, assets
from es_jina.elastic.client import cluster_errors, is_elasticsearch
from es_jina.elastic.doctor.finding import Finding
from es_jina.elastic.doctor.index import Index


def examine_templates(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Look whether a rollover would make an index of the same profile.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    step = f"put it again: `es-jina setup {index.alias}`, with the options it was made with"
    for told in _faults(client, index):
        yield Finding("problem", index.alias, f"{told}: the next index will not fit", step)


def _faults(client: Elasticsearch, index: Index) -> Iterator[str]:
    name = f"es-jina-{index.alias}"
    with cluster_errors(f"looking for the templates of {index.alias!r}"):
        template = _index_template(client, name)
        shipped = assets(index.alias, index.profile).component_templates
        found = {part: _component_version(client, part) for part in shipped}
    if template is None:
        yield f"the index template {name} is missing"
    else:
        meta = template.get("template", {}).get("mappings", {}).get("_meta", {})
        if meta.get(META_KEY) != index.meta[META_KEY]:
            yield f"the index template {name} is for another profile"
    for part, body in shipped.items():
        version = found[part]
        if version is None:
            yield f"the component template {part} is missing"
        elif version < body["version"]:
            yield f"the component template {part} has version {version}, not {body['version']}"


def _index_template(client: Elasticsearch, name: str) -> dict[str, Any] | None:
    try:
        answer = client.indices.get_index_template(name=name)
    except NotFoundError as error:
        if not is_elasticsearch(error):
            raise
        return None
    body: dict[str, Any] = answer["index_templates"][0]["index_template"]
    return body


def _component_version(client: Elasticsearch, name: str) -> int | None:
    try:
        answer = client.cluster.get_component_template(name=name)
    except NotFoundError as error:
        if not is_elasticsearch(error):
            raise
        return None
    version: int = answer["component_templates"][0]["component_template"].get("version", 0)
    return version
