"""The inference endpoints of an index: what Elasticsearch asks for vectors of texts, and to rerank.

Vectors are floats on the way: the ingest pipeline makes bytes and bits of them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from es_jina.elastic.assets import load
from es_jina.elastic.pipelines import passage_name
from es_jina.inputs import Task
from es_jina.profile import IndexProfile

EndpointTask = Literal["text_embedding", "embedding", "rerank"]

# What stands for a key where people look.
PLACEHOLDER = "<api key>"
# Elasticsearch puts them in as JSON, so that in the text of a request no quotes are round them.
_PLACES = ("${input}", "${query}")
_SAME_NAMES: Mapping[Task, str | None] = {task: task.value for task in Task}


@dataclass(frozen=True, slots=True)
class ModelService:
    """The service that the endpoints ask.

    Attributes:
        model: its name there.
        url: the address without a route, as Elasticsearch reaches it; ``None`` for the hosted API.
        key: that opens it, if it asks for one.
        tasks: what is sent for each task; ``None`` where the field is left out.
        images: whether the model reads them.
    """

    model: str
    url: str | None = None
    key: str | None = field(default=None, repr=False)
    tasks: Mapping[Task, str | None] = field(default_factory=lambda: _SAME_NAMES)
    images: bool = True

    @property
    def service(self) -> str:
        """Elasticsearch's name of the service."""
        return "jinaai" if self.url is None else "custom"

    @property
    def is_local(self) -> bool:
        """Whether the address means another machine to each node that asks."""
        host = urlsplit(self.url or "").hostname or ""
        return host in ("localhost", "::1") or host.startswith("127.")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One inference endpoint.

    Attributes:
        task: what it does.
        name: of the endpoint.
        body: as it is put, without the key.
        key: that goes with it.
    """

    task: EndpointTask
    name: str
    body: dict[str, Any]
    key: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"inference endpoint {self.name}"

    @property
    def path(self) -> str:
        """Where it is put."""
        return f"/_inference/{self.task}/{self.name}"

    @property
    def service(self) -> str:
        """Elasticsearch's name of the service."""
        return str(self.body["service"])

    @property
    def shown(self) -> dict[str, Any]:
        """The body with a placeholder for the key."""
        return self.with_key(PLACEHOLDER)

    def with_key(self, key: str | None) -> dict[str, Any]:
        """Return the body with a key, where it takes one."""
        settings: dict[str, Any] = self.body["service_settings"]
        if self.service == "jinaai":
            settings = {"api_key": key, **settings}
        elif self.key is not None:
            secrets = {"secret_parameters": {"api_key": key}}
            settings = {**settings, **secrets}
        return {**self.body, "service_settings": settings}


def endpoints(index: str, profile: IndexProfile, model: ModelService) -> list[Endpoint]:
    """Return the endpoints of an index.

    ``INDEX-passage`` is what the ingest pipeline asks, ``INDEX-query`` is for searches, and
    ``INDEX-rerank`` for the reranking of hits: of a server of one's own by late interaction with
    the multi-vectors in the index, where it has them. The hosted API has ``INDEX-embedding``, too,
    for texts and images, which needs 9.4; the ingest processor does not take that task.

    Args:
        index: the alias.
        profile: of the index.
        model: the service that they ask.
    """
    fit = _fit_hosted if model.url is None else _fit_custom
    made = [
        Endpoint("text_embedding", passage_name(index), fit("passage", index, profile, model)),
        Endpoint("text_embedding", query_name(index), fit("query", index, profile, model)),
    ]
    if model.url is None and model.images:
        body = fit("embedding", index, profile, model)
        made.append(Endpoint("embedding", embedding_name(index), body))
    if model.url is None or profile.multi_vector is not None:
        made.append(Endpoint("rerank", rerank_name(index), fit("rerank", index, profile, model)))
    return [Endpoint(each.task, each.name, each.body, model.key) for each in made]


def query_name(index: str) -> str:
    """Return the name of the endpoint for queries."""
    return f"{index}-query"


def rerank_name(index: str) -> str:
    """Return the name of the endpoint that reranks."""
    return f"{index}-rerank"


def trial_name(name: str) -> str:
    """Return the name under which an endpoint is tried before it replaces another."""
    return f"{name}-es-jina-trial"


def embedding_name(index: str) -> str:
    """Return the name of the endpoint for texts and images."""
    return f"{index}-embedding"


def read_request(text: str) -> dict[str, Any]:
    """Return the body that a custom endpoint sends, with its placeholders as texts.

    Raises:
        ValueError: it is no JSON object, or has placeholders of other names.
    """
    for place in _PLACES:
        text = text.replace(place, f'"{place}"')
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError("the request is no JSON object")
    return told


def write_request(body: dict[str, Any]) -> str:
    """Return the text of what :func:`read_request` reads."""
    text = json.dumps(body, ensure_ascii=False)
    for place in _PLACES:
        text = text.replace(f'"{place}"', place)
    return text


def _fit_custom(
    part: str, index: str, profile: IndexProfile, model: ModelService
) -> dict[str, Any]:
    body = load(f"inference/custom-{part}", "pipelines")
    settings = body["service_settings"]
    route = urlsplit(settings["url"]).path
    settings["url"] = (model.url or "").rstrip("/") + route
    if model.key is not None:
        settings["headers"] = {"Authorization": "Bearer ${api_key}"}
    sent = read_request(settings["request"]) | {"model": model.model}
    if part == "rerank":
        sent["index"] = index
    else:
        sent |= {"task": model.tasks[_task(part, profile)], "dimensions": profile.finest.dims}
        settings["dimensions"] = profile.finest.dims
    settings["request"] = write_request({k: v for k, v in sent.items() if v is not None})
    return body


def _fit_hosted(
    part: str, _index: str, profile: IndexProfile, model: ModelService
) -> dict[str, Any]:
    body = load(f"inference/jinaai-{part}", "pipelines")
    settings = body["service_settings"]
    del settings["api_key"]
    if part != "rerank":
        settings |= {"model_id": model.model, "dimensions": profile.finest.dims}
    return body


def _task(part: str, profile: IndexProfile) -> Task:
    return profile.passage_task if part == "passage" else profile.query_task
