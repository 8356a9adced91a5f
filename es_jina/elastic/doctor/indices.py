"""The indices that es_jina made: which there are, and every check for each of them."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from es_jina.elastic.assets import META_KEY
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import cluster_errors, is_elasticsearch
from es_jina.elastic.doctor.conversions import examine_note, left_aside
from es_jina.elastic.doctor.documents import examine_documents
from es_jina.elastic.doctor.finding import CLUSTER, Finding, guarded
from es_jina.elastic.doctor.index import Index
from es_jina.elastic.doctor.inference import examine_endpoints
from es_jina.elastic.doctor.licence import examine_need
from es_jina.elastic.doctor.mapping import examine_mapping
from es_jina.elastic.doctor.memory import examine_vector_memory
from es_jina.elastic.doctor.pipeline import examine_pipeline
from es_jina.elastic.doctor.state import examine_blocks, examine_fast_load, examine_health
from es_jina.elastic.doctor.templates import examine_templates
from es_jina.errors import ProfileMismatchError, RequestError
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile

# The first one makes visible what the second one counts.
_CHECKS = {
    "settings of a fast load": examine_fast_load,
    "notes of a conversion": examine_note,
    "documents": examine_documents,
    "blocks": examine_blocks,
    "health and shards": examine_health,
}
_ALIAS_CHECKS = {"templates": examine_templates, "ingest pipelines": examine_pipeline}


def examine_indices(
    client: Elasticsearch, capabilities: Capabilities, index: str | None = None
) -> Iterator[Finding]:
    """Look at an index, or at all that have a profile of ours in their mapping.

    The settings that a killed fast load has left are restored.

    Args:
        client: of the cluster.
        capabilities: of the cluster.
        index: an index, or an alias: every index behind it.

    Raises:
        ClusterError: Elasticsearch cannot be reached, or refuses the first question.
        RequestError: there is no such index.
    """
    found = _found(client, index)
    if not found:
        step = "create one with `es-jina setup INDEX`"
        yield Finding("warning", CLUSTER, "no index was made by es_jina here", step)
    profiles: dict[str, IndexProfile] = {}
    open_ones: list[Index] = []
    for name, body in sorted(found.items()):
        profile = _profile(name, body)
        if isinstance(profile, Finding):
            yield profile
            continue
        one = Index.read(name, body, profile)
        first = profiles.setdefault(one.alias, profile)
        yield from _like_the_others(first, one)
        if first is profile and one.alias != name:
            yield from _examine_alias(client, capabilities, one)
        if "index.verified_before_close" in one.settings:
            step = f"open it: POST /{name}/_open"
            yield Finding("problem", name, "it is closed: nothing is found in it", step)
            continue
        aside = left_aside(one)
        if aside is not None:
            yield aside
            continue
        open_ones.append(one)
        yield from _examine(client, capabilities, one)
    check = partial(examine_vector_memory, client, open_ones)
    yield from guarded(check, CLUSTER, "memory and vectors")


def _found(client: Elasticsearch, index: str | None) -> dict[str, Any]:
    """Return what `Index.read` reads of the indices that are to be looked at, by name."""
    with cluster_errors("looking for indices"):
        # One after the other: the names of many would make too long an address.
        names = _ours(client) if index is None else [index]
        found = {name: body for each in names for name, body in _read(client, each).items()}
    if index is not None and not found:
        raise RequestError(f"there is no index {index!r}; create it with `es-jina setup {index}`")
    return found


def _ours(client: Elasticsearch) -> list[str]:
    """Return the names of the indices with a profile; of all others nothing is sent."""
    answer = client.indices.get_mapping(
        index="*",
        expand_wildcards=["open", "closed"],
        filter_path=f"*.mappings._meta.{META_KEY}",
    )
    return list(answer.body)


def _read(client: Elasticsearch, index: str) -> dict[str, Any]:
    """Read an index, or all behind an alias; nothing where there is none."""
    try:
        answer = client.indices.get(
            index=index,
            expand_wildcards=["open", "closed"],
            flat_settings=True,
            filter_path="*.mappings._meta,*.settings,*.aliases,"
            f"*.mappings.properties.embedding_*,*.mappings.properties.{MULTI_VECTOR_FIELD}",
        )
    except NotFoundError as error:
        if not is_elasticsearch(error):
            raise
        return {}
    told: dict[str, Any] = answer.body
    return told


def _meta(body: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = body.get("mappings", {}).get("_meta", {})
    return meta


def _profile(name: str, body: dict[str, Any]) -> IndexProfile | Finding:
    """Read the profile of an index, or say why it has none that can be read."""
    meta = _meta(body)
    if META_KEY not in meta:
        step = "name another index: ingest and search want one that `es-jina setup` made"
        return Finding("problem", name, "it has no es_jina profile in its mapping", step)
    try:
        return IndexProfile.from_meta(meta[META_KEY])
    except RequestError as error:
        step = "use the es_jina that made it, or load its sources into a new index"
        return Finding("problem", name, str(error), step)


def _like_the_others(first: IndexProfile, index: Index) -> Iterator[Finding]:
    """Compare with the first index behind the same alias."""
    try:
        first.check_same(index.profile, index.alias)
    except ProfileMismatchError:
        told = f"its profile is another than that of the other indices behind {index.alias!r}"
        step = "take one of them out of the alias: ingest and search refuse such a pair"
        yield Finding("problem", index.name, told, step)


def _examine_alias(
    client: Elasticsearch, capabilities: Capabilities, index: Index
) -> Iterator[Finding]:
    """Look at what all indices behind an alias have in common."""
    for what, check in _ALIAS_CHECKS.items():
        yield from guarded(partial(check, client, index), index.alias, what)
    if capabilities.inference_services:
        ask = partial(examine_endpoints, client, index)
        yield from guarded(ask, index.alias, "inference endpoints")


def _examine(client: Elasticsearch, capabilities: Capabilities, index: Index) -> Iterator[Finding]:
    yield from examine_need(capabilities, index)
    yield from examine_mapping(index)
    for what, check in _CHECKS.items():
        yield from guarded(partial(check, client, index), index.name, what)
