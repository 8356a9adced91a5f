"""The inference endpoints of an index, held against what is there, and put.

Elasticsearch calls the service once before it takes an endpoint, and keeps its key to itself: a key
that has changed is not seen here.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from es_jina.elastic.client import cluster_errors, is_elasticsearch
from es_jina.elastic.inference import Endpoint, read_request, trial_name
from es_jina.elastic.patience import pauses
from es_jina.errors import ClusterError

State = Literal["new", "same", "changed"]

# For which an endpoint that was deleted is put again, in seconds.
_RESTORING = 10.0
# What Elasticsearch does not show of them, or not in every release.
_HIDDEN = ("service_settings.api_key", "service_settings.secret_parameters")
# Settings of a custom service that change what is sent, so that one too many is a difference.
_WHOLE = ("service_settings.headers", "service_settings.query_parameters")
# A field of semantic_text was made for them.
_OF_FIELDS = ("task_type", "service_settings.dimensions", "service_settings.similarity")


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """What happens to one endpoint.

    Attributes:
        endpoint: as we have it.
        state: of what is there: ``new``, nothing; ``same``, what we have; ``changed``, another.
        difference: lines ``- path = value`` of what is there, ``+ path = value`` of what we have.
        users: the pipelines and indices that name one that would be replaced.
        written: whether it is put; one that is there is replaced only where that is forced.
        failure: why it could not be put, in one line.
    """

    endpoint: Endpoint
    state: State
    difference: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    written: bool = False
    failure: str | None = None


class _GoneError(ClusterError):
    """An endpoint was deleted and could not be put again."""


def services(client: Elasticsearch) -> dict[str, frozenset[str]]:
    """Return the tasks of each service that the cluster's inference API has.

    Raises:
        ClusterError: there is no such API, or this user may not ask.
    """
    headers = {"accept": "application/json"}
    with cluster_errors("asking for the inference services"):
        answer: Any = client.perform_request("GET", "/_inference/_services", headers=headers)
    return {each["service"]: frozenset(each.get("task_types", ())) for each in answer}


def put_endpoints(
    client: Elasticsearch, wanted: Sequence[Endpoint], *, force: bool = False, dry_run: bool = False
) -> Iterator[EndpointChange]:
    """Put endpoints, one after the other; what fails is said, and the others are put all the same.

    Args:
        client: of the cluster.
        wanted: the endpoints.
        force: whether to replace one that is there and differs.
        dry_run: only say what would happen.
    """
    for endpoint in wanted:
        change = EndpointChange(endpoint, "new")
        try:
            change = _compare(client, endpoint, force=force)
            if change.written and not dry_run:
                _put(client, change)
        except ClusterError as error:
            yield replace(change, written=False, failure=_told(error, endpoint))
        else:
            yield change


def find_endpoint(client: Elasticsearch, name: str) -> dict[str, Any] | None:
    """Return an endpoint as Elasticsearch shows it, ``None`` where there is none.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    with cluster_errors(f"looking for the inference endpoint {name!r}"):
        try:
            answer = client.inference.get(inference_id=name)
        except NotFoundError as error:
            if not is_elasticsearch(error):
                raise
            return None
    found: dict[str, Any] = answer["endpoints"][0]
    return found


def _compare(client: Elasticsearch, endpoint: Endpoint, *, force: bool) -> EndpointChange:
    stored = find_endpoint(client, endpoint.name)
    if stored is None:
        return EndpointChange(endpoint, "new", written=True)
    lines = tuple(_difference(stored, endpoint))
    if not lines:
        return EndpointChange(endpoint, "same")
    users = _users(client, endpoint.name)
    return EndpointChange(endpoint, "changed", lines, users, written=force)


def _difference(stored: dict[str, Any], endpoint: Endpoint) -> Iterator[str]:
    before = dict(_leaves("", stored))
    after = dict(_leaves("", {"task_type": endpoint.task, **endpoint.with_key(None)}))
    hosted = endpoint.service == "jinaai"
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        # Elasticsearch fills in what was left out; of jinaai it shows only a part.
        unknown = hosted if old is None else new is None and not path.startswith(_WHOLE)
        if unknown or path.startswith(_HIDDEN) or _canonical(path, old) == _canonical(path, new):
            continue
        if old is not None:
            yield f"- {path} = {old}"
        if new is not None:
            yield f"+ {path} = {new}"


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}" if path else key, inner)
    elif value is not None:
        yield path, value if isinstance(value, str) else json.dumps(value)


def _canonical(path: str, told: str | None) -> str | None:
    """Return a value for comparison: blanks and the order of keys are nothing in a request."""
    if told is None or path != "service_settings.request":
        return told
    try:
        return json.dumps(read_request(told), sort_keys=True)
    except ValueError:
        return told


def _users(client: Elasticsearch, name: str) -> tuple[str, ...]:
    """Return what names an endpoint; Elasticsearch tells it on a deletion that is not done."""
    with cluster_errors(f"asking what uses the inference endpoint {name!r}"):
        told = client.inference.delete(inference_id=name, dry_run=True)
    pipelines = [f"pipeline {each}" for each in sorted(told.get("pipelines") or ())]
    return (*pipelines, *(f"index {each}" for each in sorted(told.get("indexes") or ())))


def _put(client: Elasticsearch, change: EndpointChange) -> None:
    endpoint = change.endpoint
    if change.state == "new":
        _create(client, endpoint, endpoint.name)
        return
    _check_fields(change)
    # One that was deleted cannot be made again, as its key is known to nobody: so whatever
    # Elasticsearch may refuse, it is to refuse before.
    trial = trial_name(endpoint.name)
    with cluster_errors(f"trying the inference endpoint {endpoint.name!r} under another name"):
        client.options(ignore_status=404).inference.delete(inference_id=trial, force=True)
    _create(client, endpoint, trial)
    with cluster_errors(f"replacing the inference endpoint {endpoint.name!r}"):
        client.inference.delete(inference_id=trial, force=True)
        # Without `force` it refuses where a pipeline or a field names it, as ours does.
        client.inference.delete(inference_id=endpoint.name, force=True)
    _restore(client, endpoint)


def _restore(client: Elasticsearch, endpoint: Endpoint) -> None:
    """Put one that was deleted; the service has just answered, so that a failure may pass.

    Raises:
        _GoneError: it does not pass.
    """
    waits = pauses(_RESTORING)
    while True:
        try:
            if find_endpoint(client, endpoint.name) is None:  # an answer may have been lost
                _create(client, endpoint, endpoint.name)
        except ClusterError as error:
            wait = next(waits, None)
            if wait is None:
                raise _GoneError(str(error)) from error.__cause__
        else:
            return
        time.sleep(wait)


def _check_fields(change: EndpointChange) -> None:
    """Refuse to take from a field what its vectors were made with."""
    fields = [user for user in change.users if user.startswith("index ")]
    if fields and any(line[2:].startswith(_OF_FIELDS) for line in change.difference):
        raise ClusterError(
            f"semantic_text fields of {', '.join(fields)} hold vectors of the {change.endpoint}, "
            "so its task, dimensions and similarity must stay: set up another index name, or take "
            "those fields away first"
        )


def _create(client: Elasticsearch, endpoint: Endpoint, name: str) -> None:
    with cluster_errors(f"putting the {endpoint}"):
        client.inference.put(
            task_type=endpoint.task, inference_id=name, body=endpoint.with_key(endpoint.key)
        )


def _told(error: ClusterError, endpoint: Endpoint) -> str:
    """Return an error with what to do, and never with the key."""
    told = _advised(error, endpoint)
    if isinstance(error, _GoneError):
        told += (
            f"; the {endpoint} was deleted before and is gone: to put it back, run the same setup "
            "again, with --force and the same options"
        )
    return told


def _advised(error: ClusterError, endpoint: Endpoint) -> str:
    told = str(error)
    if endpoint.key:
        told = told.replace(endpoint.key, "[key]")
    refusal = error.__cause__
    if not isinstance(refusal, ApiError):
        return told
    if "non-compliant" in told:
        return f"{told}; inference endpoints need an Enterprise licence or a trial"
    url = endpoint.body["service_settings"].get("url")
    # Those two are Elasticsearch's own; what the service says is 400.
    if url is None or refusal.status_code in (401, 403):
        return told
    told += f"; Elasticsearch itself calls {url} to try it: see that its nodes reach it"
    if endpoint.task == "rerank":
        index = read_request(endpoint.body["service_settings"]["request"])["index"]
        told += f", and that it was started with --index {index}"
    return told
