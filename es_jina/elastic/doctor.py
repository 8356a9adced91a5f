"""What is wrong with a cluster and with the indices that es_jina made there, and how to mend it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from es_jina.elastic.assets import META_KEY
from es_jina.elastic.capabilities import UNKNOWN, Capabilities
from es_jina.elastic.client import cluster_errors, is_elasticsearch
from es_jina.elastic.fast_load import NOTE_KEY, restore
from es_jina.elastic.setup import LESSER_LICENCES
from es_jina.errors import ClusterError, ProfileMismatchError, RequestError
from es_jina.profile import MULTI_VECTOR_FIELD, IndexProfile

Level = Literal["ok", "restored", "warning", "problem"]

_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        level: ``problem`` where something is left to do, ``warning`` where something is to be
            known, ``restored`` where it was mended there and then.
        about: the index; ``cluster`` for what concerns all of them.
        message: what was found.
        step: what to do next.
    """

    level: Level
    about: str
    message: str
    step: str | None = None


@dataclass(frozen=True, slots=True)
class _Index:
    """One index: its settings as strings by their full names, and the ``_meta`` of its mapping."""

    name: str
    alias: str
    settings: dict[str, str]
    meta: dict[str, Any]
    profile: IndexProfile


def examine_cluster(capabilities: Capabilities) -> Iterator[Finding]:
    """Say what a cluster is and what it can do."""
    told = f"Elasticsearch {capabilities.version}, {capabilities.licence} licence"
    if UNKNOWN in (capabilities.version, capabilities.licence):
        step = "give this user the cluster privilege `monitor`, or sign in as another"
        yield Finding("warning", "cluster", f"{told}: this user may not ask for it", step)
    else:
        yield Finding("ok", "cluster", told)
    documents = "base64" if capabilities.base64_documents else "lists of numbers"
    queries = "base64" if capabilities.base64_queries else "lists of numbers"
    vectors = f"vectors are sent as {documents} in documents and as {queries} in queries"
    multi = (
        "rank_vectors can be used"
        if capabilities.rank_vectors
        else "multi-vectors go into binary fields (rank_vectors need an Enterprise licence)"
    )
    yield Finding("ok", "cluster", f"{vectors}; {multi}")


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
        yield Finding("warning", "cluster", "no index was made by es_jina here", step)
    profiles: dict[str, IndexProfile] = {}
    for name, body in sorted(found.items()):
        meta = _meta(body)
        alias = min(body.get("aliases", {}), default=name)
        if META_KEY not in meta:
            step = "name another index: ingest and search want one that `es-jina setup` made"
            yield Finding("problem", name, "it has no es_jina profile in its mapping", step)
            continue
        try:
            profile = IndexProfile.from_meta(meta[META_KEY])
        except RequestError as error:
            step = "use the es_jina that made it, or load its sources into a new index"
            yield Finding("problem", name, str(error), step)
            continue
        yield from _like_the_others(profiles.setdefault(alias, profile), profile, name, alias)
        one = _Index(name, alias, body["settings"], meta, profile)
        yield from _examined(client, capabilities, one)


def _found(client: Elasticsearch, index: str | None) -> dict[str, Any]:
    """Return settings, aliases and ``_meta`` of the indices that are to be looked at, by name."""
    with cluster_errors("looking for indices"):
        try:
            answer = client.indices.get(
                index="*" if index is None else index,
                expand_wildcards=["open", "closed"],
                flat_settings=True,
                filter_path="*.mappings._meta,*.settings,*.aliases",
            )
        except NotFoundError as error:
            if not is_elasticsearch(error):
                raise
            answer = None
    found: dict[str, Any] = {} if answer is None else answer.body
    if index is None:
        return {name: body for name, body in found.items() if META_KEY in _meta(body)}
    if not found:
        raise RequestError(f"there is no index {index!r}; create it with `es-jina setup {index}`")
    return found


def _meta(body: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = body.get("mappings", {}).get("_meta", {})
    return meta


def _like_the_others(
    first: IndexProfile, profile: IndexProfile, name: str, alias: str
) -> Iterator[Finding]:
    """Compare with the first index behind the same alias."""
    try:
        first.check_same(profile, alias)
    except ProfileMismatchError:
        told = f"its profile is another than that of the other indices behind {alias!r}"
        step = "take one of them out of the alias: ingest and search refuse such a pair"
        yield Finding("problem", name, told, step)


def _examined(
    client: Elasticsearch, capabilities: Capabilities, index: _Index
) -> Iterator[Finding]:
    if "index.verified_before_close" in index.settings:
        step = f"open it: POST /{index.name}/_open"
        yield Finding("problem", index.name, "it is closed: nothing is found in it", step)
        return
    yield from _licensed(capabilities, index)
    checks: tuple[Callable[[Elasticsearch, _Index], Iterator[Finding]], ...]
    # The first one makes visible what the second one counts.
    checks = (_fast_load, _documents, _blocks, _health)
    for check in checks:
        try:
            yield from check(client, index)
        except ClusterError as error:
            if not isinstance(error.__cause__, ApiError):
                raise
            step = f"mend what the message names, then `es-jina doctor {index.alias}` once more"
            yield Finding("problem", index.name, str(error), step)


def _licensed(capabilities: Capabilities, index: _Index) -> Iterator[Finding]:
    """Look whether the licence lets an index live: without it, a restart leaves it unassigned."""
    multi = index.profile.multi_vector
    if multi is None or multi.store != "rank_vectors":
        return
    step = "keep an Enterprise licence, or load the sources into an index with binary multi-vectors"
    if capabilities.licence == "trial":
        told = "it has rank_vectors and the licence is a trial: when that ends, it will not open"
        yield Finding("warning", index.name, told, step)
    elif capabilities.licence in LESSER_LICENCES:
        told = (
            f"it has rank_vectors, which a {capabilities.licence} licence does not cover: after a "
            "restart of its node it will not open"
        )
        yield Finding("problem", index.name, told, step)


def _documents(client: Elasticsearch, index: _Index) -> Iterator[Finding]:
    """Count the documents, and those whose vectors are missing or of another profile."""
    profile = index.profile
    fields = [dense.field for dense in profile.dense]
    if profile.multi_vector is not None:
        fields.append(MULTI_VECTOR_FIELD)
    wanted: dict[str, Any] = {field: {"exists": {"field": field}} for field in fields}
    wanted["profile"] = {"term": {"profile": profile.fingerprint}}
    filters = {name: {"bool": {"must_not": query}} for name, query in wanted.items()}
    with cluster_errors(f"counting the documents of {index.name!r}"):
        answer = client.search(
            index=index.name,
            size=0,
            track_total_hits=True,
            allow_partial_search_results=False,
            aggs={"lacking": {"filters": {"filters": filters}}},
        )
    total = answer["hits"]["total"]["value"]
    lacking = {
        name: bucket["doc_count"]
        for name, bucket in answer["aggregations"]["lacking"]["buckets"].items()
    }
    ingest = f"es-jina ingest {index.alias} PATH..."
    yield Finding(
        "ok",
        index.name,
        f"{profile.summary}; {total:,} documents",
        None if total else f"fill it: `{ingest}`",
    )
    other = lacking.pop("profile")
    if other:
        told = f"{other:,} documents are of another profile: their vectors are not comparable"
        step = f"embed them anew from their sources: `{ingest}`"
        yield Finding("problem", index.name, told, step)
    for field, count in lacking.items():
        if count:
            told = f"{count:,} documents have no {field}: a search by it does not find them"
            step = f"load them anew from their sources: `{ingest}`"
            yield Finding("problem", index.name, told, step)


def _fast_load(client: Elasticsearch, index: _Index) -> Iterator[Finding]:
    """Set back what a killed fast load has left."""
    if NOTE_KEY in index.meta:
        restore(client, index.name)
        told = (
            "refresh and replicas, off since a fast load that did not end, are as before (one that "
            "is still running goes on, but more slowly)"
        )
        yield Finding("restored", index.name, told)
    elif index.settings.get("index.refresh_interval", "").startswith("-"):
        told = "refresh is off, and no fast load has noted that: new documents are not found"
        step = f'PUT /{index.name}/_settings {{"index.refresh_interval": null}}'
        yield Finding("warning", index.name, told, step)


def _blocks(client: Elasticsearch, index: _Index) -> Iterator[Finding]:
    for block, effect in (
        ("read_only_allow_delete", "documents cannot be written, only deleted"),
        ("read_only", "neither documents nor settings can be changed"),
        ("write", "documents can be neither written nor deleted"),
        ("read", "nothing can be searched"),
    ):
        setting = f"index.blocks.{block}"
        if index.settings.get(setting) != "true":
            continue
        told, step = f"{setting} is set: {effect}", "lift it"
        if block == "read_only_allow_delete":
            told += f"; Elasticsearch does that when a disk is nearly full ({_free(client)})"
            step = "free disk space, and Elasticsearch lifts it by itself; or lift it"
        yield Finding(
            "problem",
            index.name,
            told,
            f'{step}: PUT /{index.name}/_settings {{"{setting}": null}}',
        )


def _free(client: Elasticsearch) -> str:
    """Say how full the fullest disk is."""
    with cluster_errors("asking for the free disk space"):
        answer = client.nodes.stats(metric="fs", filter_path="nodes.*.fs.total")
    disks = [node["fs"]["total"] for node in answer["nodes"].values()]
    fullest = min(disks, key=lambda disk: disk["available_in_bytes"] / disk["total_in_bytes"])
    free, size = fullest["available_in_bytes"], fullest["total_in_bytes"]
    return f"now {free / _GIB:,.1f} of {size / _GIB:,.1f} GiB are free on the fullest"


def _health(client: Elasticsearch, index: _Index) -> Iterator[Finding]:
    with cluster_errors(f"asking for the health of {index.name!r}"):
        health = client.cluster.health(index=index.name)["status"]
    if health == "yellow":
        told = "health yellow: a replica has no node, so the loss of one node may lose documents"
        step = "add a node, or ask for fewer replicas (index.number_of_replicas)"
        yield Finding("warning", index.name, told, step)
    elif health == "red":
        told = "health red: a part of it is on no node, so documents are missing from searches"
        step = "ask for the reason: GET /_cluster/allocation/explain"
        yield Finding("problem", index.name, told, step)
