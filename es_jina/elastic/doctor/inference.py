"""The inference endpoints of an index."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from elasticsearch import Elasticsearch

from es_jina.elastic.doctor.finding import Finding
from es_jina.elastic.doctor.index import Index
from es_jina.elastic.endpoints import find_endpoint
from es_jina.elastic.inference import (
    embedding_name,
    query_name,
    read_request,
    rerank_name,
    trial_name,
)
from es_jina.elastic.pipelines import passage_name
from es_jina.profile import IndexProfile

Endpoint = dict[str, Any]

_TASKS = {
    "passage": ("text_embedding", "embedding"),
    "query": ("text_embedding", "embedding"),
    "rerank": ("rerank",),
}
_NAMES = {"passage": passage_name, "query": query_name, "rerank": rerank_name}


def examine_endpoints(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Look whether the endpoints return what the index holds, and ask for it in the right way.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    found = {side: find_endpoint(client, name(index.alias)) for side, name in _NAMES.items()}
    yield from _examine_trials(client, index)
    there = {side: endpoint for side, endpoint in found.items() if endpoint is not None}
    if not there:
        told = "it has no inference endpoints: Elasticsearch itself embeds no texts for it"
        yield Finding("ok", index.alias, told, f"if it should: {_setup(index)}")
        return
    yield from _examine_missing(index, there)
    for side, endpoint in there.items():
        for fault in _faults(side, endpoint, index):
            told = f"the inference endpoint {_NAMES[side](index.alias)} {fault}"
            yield Finding(
                "problem", index.alias, told, f"put it again: {_setup(index, force=True)}"
            )
    yield from _examine_addresses(index, there)


def _examine_trials(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Look for what a replacement has left that was killed."""
    for name in (*_NAMES.values(), embedding_name):
        trial = trial_name(name(index.alias))
        if find_endpoint(client, trial) is not None:
            told = f"the inference endpoint {trial} was left by a `setup --force` that was stopped"
            step = (
                f"when no setup runs, delete it: DELETE /_inference/{trial}?force=true; then see "
                f"that {name(index.alias)} is there"
            )
            yield Finding("warning", index.alias, told, step)


def _setup(index: Index, *, force: bool = False) -> str:
    forced = " --force" if force else ""
    return f"`es-jina setup {index.alias} --server URL{forced}`, or with --provider hosted"


def _examine_missing(index: Index, there: dict[str, Endpoint]) -> Iterator[Finding]:
    # The hosted API reranks whatever has words; a server of one's own wants multi-vectors.
    needed = [side for side in _NAMES if side != "rerank" or index.profile.multi_vector]
    for side in needed:
        if side not in there:
            told = f"the inference endpoint {_NAMES[side](index.alias)} is missing"
            yield Finding("warning", index.alias, told, f"make it: {_setup(index)}")


def _faults(side: str, endpoint: Endpoint, index: Index) -> Iterator[str]:
    tasks = _TASKS[side]
    if endpoint["task_type"] not in tasks:
        yield f"has the task {endpoint['task_type']}, not {' or '.join(tasks)}"
        return
    settings = endpoint["service_settings"]
    dims = settings.get("dimensions")
    if dims is not None and not _fits(dims, side, index.profile):
        sizes = ", ".join(map(str, index.profile.dims))
        yield f"returns {dims} dims, and the profile has {sizes}"
    if endpoint.get("service") == "custom":
        yield from _request_faults(side, settings, index)


def _fits(dims: int, side: str, profile: IndexProfile) -> bool:
    # A passage is cut to the size of each field; a query is compared as it is.
    return dims >= profile.finest.dims if side == "passage" else dims in profile.dims


def _request_faults(side: str, settings: dict[str, Any], index: Index) -> Iterator[str]:
    """Compare what a custom service is sent; what people write otherwise is theirs."""
    try:
        sent = read_request(settings.get("request", ""))
    except ValueError:
        return
    profile = index.profile
    if side == "rerank":
        if "index" in sent and sent["index"] != index.alias:
            yield f"reads the multi-vectors of the index {sent['index']!r}"
        return
    wanted = profile.passage_task if side == "passage" else profile.query_task
    if "task" in sent and sent["task"] != wanted:
        yield f"asks for vectors of the task {sent['task']}, not {wanted}"


def _examine_addresses(index: Index, there: dict[str, Endpoint]) -> Iterator[Finding]:
    """Look whether all ask the same server: vectors of two models are of no use together."""
    hosts = {
        side: urlsplit(url).netloc
        for side, endpoint in there.items()
        if (url := endpoint["service_settings"].get("url"))
    }
    if len(set(hosts.values())) > 1:
        each = ", ".join(f"{_NAMES[side](index.alias)} {host}" for side, host in hosts.items())
        told = f"its inference endpoints ask different servers: {each}"
        step = f"see that they run the same model, or put all again: {_setup(index, force=True)}"
        yield Finding("warning", index.alias, told, step)
