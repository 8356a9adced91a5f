"""The inference endpoints and the ingest pipeline of an index, where it has them."""

import re
from collections.abc import Iterator
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from es_jina.elastic.client import cluster_errors, is_elasticsearch
from es_jina.elastic.doctor.finding import Finding
from es_jina.elastic.doctor.index import Index
from es_jina.profile import IndexProfile

_TASKS = ("text_embedding", "embedding")


def examine_endpoints(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Look whether the endpoints for passages and queries return what the fields take.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    for side in ("passage", "query"):
        name = f"{index.alias}-{side}"
        endpoint = _endpoint(client, name)
        if endpoint is not None:
            yield from _examine_endpoint(index, side, name, endpoint)


def _endpoint(client: Elasticsearch, name: str) -> dict[str, Any] | None:
    with cluster_errors(f"looking for the inference endpoint {name!r}"):
        try:
            answer = client.inference.get(inference_id=name)
        except NotFoundError as error:
            if not is_elasticsearch(error):
                raise
            return None
    found: dict[str, Any] = answer["endpoints"][0]
    return found


def _examine_endpoint(
    index: Index, side: str, name: str, endpoint: dict[str, Any]
) -> Iterator[Finding]:
    task, dims = endpoint["task_type"], endpoint["service_settings"].get("dimensions")
    step = f"delete the endpoint and create it anew: DELETE /_inference/{task}/{name}"
    if task not in _TASKS:
        told = f"the inference endpoint {name} has the task {task}, not {' or '.join(_TASKS)}"
        yield Finding("problem", index.alias, told, step)
        return
    if dims is not None and not _fits(dims, side, index.profile):
        told = (
            f"the inference endpoint {name} returns {dims} dims, and the profile has "
            f"{', '.join(map(str, index.profile.dims))}"
        )
        yield Finding("problem", index.alias, told, step)


def _fits(dims: int, side: str, profile: IndexProfile) -> bool:
    # A passage is cut to the size of each field; a query is compared as it is.
    return dims >= profile.finest.dims if side == "passage" else dims in profile.dims


def examine_pipeline(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Look whether the ingest pipeline for raw text fills the fields of the profile.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    name = f"{index.alias}-passage"
    with cluster_errors(f"looking for the ingest pipeline {name!r}"):
        try:
            answer = client.ingest.get_pipeline(id=name)
        except NotFoundError as error:
            if not is_elasticsearch(error):
                raise
            return
    # What a processor removes it does not write.
    writers = [each for each in answer[name].get("processors", []) if "remove" not in each]
    written = {text for text in _texts(writers) if re.fullmatch(r"embedding_\d+", text)}
    wanted = {dense.field for dense in index.profile.dense}
    faults = [f"does not write {field}" for field in sorted(wanted - written)]
    faults += [f"writes {field}, which the index lacks" for field in sorted(written - wanted)]
    if faults:
        told = f"the ingest pipeline {name} {' and '.join(faults)}"
        step = f"put it again: `es-jina setup {index.alias}`, with the options it was made with"
        yield Finding("problem", index.alias, told, step)


def _texts(value: Any) -> Iterator[str]:
    """Return every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
