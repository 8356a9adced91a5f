"""The OpenAPI description of the routes, whose bodies are read and written as bytes."""

from typing import Any, get_args

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from es_jina.server.web.explain_body import EXPLAIN_ANSWERS, ExplainBody
from es_jina.server.web.index_bodies import IndexList
from es_jina.server.web.search_body import SearchAnswer, SearchBody
from es_jina.server.web.source_body import AddingEvent, AddressBody
from es_jina.server.wire import schemas
from es_jina.server.wire.bodies import EmbeddingBody, TaskName
from es_jina.server.wire.rerank_body import RerankAnswer, RerankBody
from es_jina.server.wire.tei import TeiBody

_PLACE = "#/components/schemas/{model}"
_BODIES: dict[str, tuple[type[BaseModel], dict[str, Any], str]] = {
    "embeddings": (
        EmbeddingBody,
        {"$ref": _PLACE.format(model="EmbeddingAnswer")},
        "Embed texts, images or a PDF (the hosted API's format, and OpenAI's)",
    ),
    "tei": (
        TeiBody,
        {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
        "Embed texts (the format of text-embeddings-inference)",
    ),
    "rerank": (
        RerankBody,
        {"$ref": _PLACE.format(model="RerankAnswer")},
        "Order documents by late interaction",
    ),
    "explain": (
        ExplainBody,
        {"anyOf": [{"$ref": _PLACE.format(model=each.__name__)} for each in EXPLAIN_ANSWERS]},
        "Say where in a page or a text each word of a query is",
    ),
    "search": (
        SearchBody,
        {"$ref": _PLACE.format(model="SearchAnswer")},
        "Search an index that is served",
    ),
    "sources": (
        AddressBody,
        {"$ref": _PLACE.format(model="AddingEvent")},
        "Add a file, or what is at an address, to an index that is served",
    ),
}
# Their addresses may name the task.
_WITH_TASK = frozenset({"embeddings", "tei"})
_REFUSALS = {
    400: "An input cannot be embedded, or the model is another.",
    401: "No key, or none that is known.",
    403: "Not allowed from there, or an index that is not served.",
    404: "An index that is not there.",
    408: "The body came too slowly.",
    413: "The body is too large.",
    415: "The body is compressed.",
    422: "A field is not what it must be.",
    429: "Too much waits already: send it again after Retry-After seconds.",
    500: "The model failed.",
    503: "A service behind this one is away.",
}
_KEYS = {"key": {"type": "http", "scheme": "bearer"}}
_IDENTIFIER = str.maketrans({"/": "_", "{": None, "}": None})
_TASK = {
    "name": "task",
    "description": "The task of all inputs; the body's own goes before.",
    "schema": {"type": "string", "enum": list(get_args(TaskName))},
}


def post_of(format_name: str, path: str) -> dict[str, Any]:
    """Return how a POST route is described.

    Args:
        format_name: one of the wire formats here.
        path: of the route; its ``{task}`` is described, or else ``?task=``.
    """
    body, answer, summary = _BODIES[format_name]
    reference = {"$ref": _PLACE.format(model=body.__name__)}
    in_path = "{task}" in path
    task = {**_TASK, "in": "path" if in_path else "query", "required": in_path}
    return {
        "methods": ["POST"],
        "tags": [format_name],
        "summary": summary,
        "operation_id": path.strip("/").translate(_IDENTIFIER) or "root",
        "responses": {
            200: {"description": "The answer.", "content": _json(answer)},
            **{status: _refusal(told) for status, told in _REFUSALS.items()},
        },
        "openapi_extra": {
            "requestBody": {"required": True, "content": _json(reference)},
            **({"parameters": [task]} if format_name in _WITH_TASK else {}),
        },
    }


def get_of(
    answer: type[BaseModel], *, named: str | None = None, **others: type[BaseModel]
) -> dict[str, Any]:
    """Return how a GET route is described.

    Args:
        answer: its JSON.
        named: what the path names in braces; ``None`` for nothing.
        others: what else is answered, such as ``s404=ErrorAnswer``.
    """
    answers = {"s200": answer, **others}
    name = {"name": named, "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "responses": {
            int(status.removeprefix("s")): {
                "description": (each.__doc__ or "").strip(),
                "content": _json({"$ref": _PLACE.format(model=each.__name__)}),
            }
            for status, each in answers.items()
        },
        "openapi_extra": {} if named is None else {"parameters": [name]},
    }


def picture_of(summary: str) -> dict[str, Any]:
    """Return how a route is described that answers with the picture of a document."""
    text = {"schema": {"type": "string"}}
    refusals = {404: "There is no such document, or no picture of it.", 429: _REFUSALS[429]}
    return {
        "methods": ["GET"],
        "tags": ["search"],
        "summary": summary,
        "responses": {
            200: {
                "description": "A JPEG.",
                "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
            },
            304: {"description": "The client has it: `If-None-Match` named its `ETag`."},
            **{status: _refusal(told) for status, told in refusals.items()},
        },
        "openapi_extra": {
            "parameters": [
                {"name": "ref", "in": "path", "required": True, **text},
                {"name": "index", "in": "query", "required": False, **text},
            ]
        },
    }


def documented(app: FastAPI) -> None:
    """Have an application describe the bodies that its routes name."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            described = get_openapi(title=app.title, version=app.version, routes=app.routes)
            described["components"] = {"schemas": _schemas(), "securitySchemes": _KEYS}
            # Without keys at the server, none is asked for.
            described["security"] = [{"key": []}, {}]
            app.openapi_schema = described
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _schemas() -> dict[str, Any]:
    bodies = [(body, "validation") for body, _, _ in _BODIES.values()]
    answers = [
        (answer, "serialization")
        for answer in (
            schemas.EmbeddingAnswer,
            RerankAnswer,
            *EXPLAIN_ANSWERS,
            SearchAnswer,
            IndexList,
            AddingEvent,
            schemas.ErrorAnswer,
            schemas.HealthAnswer,
            schemas.ModelEntry,
            schemas.ModelList,
        )
    ]
    _, found = models_json_schema([*bodies, *answers], ref_template=_PLACE)  # type: ignore[list-item]
    definitions: dict[str, Any] = found["$defs"]
    return definitions


def _refusal(told: str) -> dict[str, Any]:
    return {
        "description": told,
        "content": _json({"$ref": _PLACE.format(model="ErrorAnswer")}),
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
