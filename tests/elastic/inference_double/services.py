"""What each service sends, reads and tries again."""

import base64
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .path import extract
from .template import as_json, as_text, replaced

Vectors = list[list[float]]
_TASKS = {"ingest": "retrieval.passage", "search": "retrieval.query"}


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as it is kept, secrets and all.

    Attributes:
        dimensions: that the user has set.
    """

    name: str
    task: str
    service: str
    settings: dict[str, Any]
    task_settings: dict[str, Any]
    dimensions: int | None = None

    @property
    def values(self) -> dict[str, Any]:
        """What templates may name, besides what a call brings."""
        return {
            **self.settings.get("secret_parameters", {}),
            **self.task_settings.get("parameters", {}),
        }


@dataclass(frozen=True)
class Call:
    """One inference: of texts, or of a query and documents."""

    input: list[str]
    input_type: str | None = None
    query: str | None = None
    top_n: int | None = None
    return_documents: bool | None = None


@dataclass(frozen=True)
class Sent:
    """What goes to the service."""

    url: str
    headers: dict[str, str]
    body: bytes


def custom_request(endpoint: Endpoint, call: Call) -> Sent:
    settings, texts = endpoint.settings, as_text(endpoint.values)
    built_in: dict[str, Any] = {"input": call.input}
    if endpoint.task == "rerank":
        more = {"query": call.query, "top_n": call.top_n, "return_documents": call.return_documents}
        built_in |= {name: value for name, value in more.items() if value is not None}
    else:
        translated = settings.get("input_type", {})
        known = translated.get("translation", {})
        built_in["input_type"] = known.get(call.input_type, translated.get("default", ""))
    headers = {"Content-Type": "application/json"}
    for name, value in settings.get("headers", {}).items():
        headers[name] = replaced(value, texts, f"header.{name}")
    url = replaced(settings["url"], texts, "url")
    body = replaced(settings["request"], as_json({**endpoint.values, **built_in}), "request")
    return Sent(url, headers, body.encode())


def openai_request(endpoint: Endpoint, call: Call) -> Sent:
    settings = endpoint.settings
    body = {"input": call.input, "model": settings["model_id"]}
    if "user" in endpoint.task_settings:
        body["user"] = endpoint.task_settings["user"]
    if endpoint.dimensions is not None:
        body["dimensions"] = endpoint.dimensions
    url = settings.get("url", "https://api.openai.com/v1/embeddings")
    return Sent(url, _bearer(settings) | endpoint.task_settings.get("headers", {}), _json(body))


def hugging_face_request(endpoint: Endpoint, call: Call) -> Sent:
    settings = endpoint.settings
    return Sent(settings["url"], _bearer(settings), _json({"inputs": call.input}))


def _bearer(settings: dict[str, Any]) -> dict[str, str]:
    key = settings["api_key"]
    return {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def custom_vectors(endpoint: Endpoint, answer: Any) -> Vectors:
    path = endpoint.settings["response"]["json_parser"]["text_embeddings"]
    return _numbers(extract(answer, path))


def openai_vectors(_endpoint: Endpoint, answer: Any) -> Vectors:
    # The order of the answer is trusted; `index` is not looked at.
    return _numbers([_decoded(item["embedding"]) for item in answer["data"]])


def hugging_face_vectors(_endpoint: Endpoint, answer: Any) -> Vectors:
    return _numbers(answer["embeddings"] if isinstance(answer, dict) else answer)


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    packed = base64.b64decode(value, validate=True)
    return list(struct.unpack(f"<{len(packed) // 4}f", packed))


def _numbers(rows: Any) -> Vectors:
    """Return rows of numbers, as the float32 that Elasticsearch keeps."""
    if not isinstance(rows, list):
        raise ValueError(
            f"Extracted field is an invalid type, expected a list but received {rows!r}"
        )
    for place, row in enumerate(rows):
        plain = isinstance(row, list) and row and not isinstance(row[0], bool)
        if not plain or not all(isinstance(number, int | float) for number in row):
            raise ValueError(f"Failed to parse text embedding entry [{place}]")
    return [[struct.unpack("f", struct.pack("f", number))[0] for number in row] for row in rows]


def custom_ranks(endpoint: Endpoint, answer: Any) -> list[dict[str, Any]]:
    parser = endpoint.settings["response"]["json_parser"]
    scores = extract(answer, parser["relevance_score"])
    places = extract(answer, parser["reranked_index"]) if "reranked_index" in parser else None
    if places is not None and len(places) != len(scores):
        raise ValueError("The number of index fields and scores was not the same")
    return [
        {"index": int(place), "relevance_score": float(score)}
        for place, score in zip(places or range(len(scores)), scores, strict=True)
    ]


@dataclass(frozen=True)
class Service:
    """A service: how it asks, how it reads, and after which answers it asks again."""

    request: Callable[[Endpoint, Call], Sent]
    vectors: Callable[[Endpoint, Any], Vectors]
    again: frozenset[int]


SERVICES = {
    "custom": Service(custom_request, custom_vectors, frozenset({429})),
    "openai": Service(openai_request, openai_vectors, frozenset({429, 500, 503})),
    "hugging_face": Service(
        hugging_face_request, hugging_face_vectors, frozenset({429, 500, 502, 503, 504})
    ),
}
