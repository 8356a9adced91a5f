"""The OpenAPI description, held against what the server does; and the page that shows it."""

import json
import re
from functools import reduce
from importlib.resources import files
from operator import getitem
from typing import Any

import pytest
import schemathesis
from jsonschema import Draft202012Validator
from schemathesis.generation import GenerationMode

from tests.server.describing import check_route
from tests.server.running import Running
from tests.server.wire.asking import MODEL

ROUTES = {
    "/v1/embeddings": "post",
    "/v1/{task}/embeddings": "post",
    "/embed": "post",
    "/v1/{task}/embed": "post",
    "/": "post",
    "/v1/rerank": "post",
    "/v1/models": "get",
    "/v1/models/{name}": "get",
    "/health": "get",
    "/live": "get",
    "/ready": "get",
    "/metrics": "get",
}


@pytest.fixture(scope="module")
def described(served: Running) -> Any:
    """What the server says of itself."""
    return served.get("/openapi.json").json()


def test_every_route_is_described(described: Any) -> None:
    assert {path: method for path, of in described["paths"].items() for method in of} == ROUTES
    identifiers = [
        of["operationId"] for each in described["paths"].values() for of in each.values()
    ]
    assert len(set(identifiers)) == len(ROUTES)
    for way in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(described)):
        assert reduce(getitem, way.split("/"), described)
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_description_is_openapi(described: Any) -> None:
    assert described["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(described).validate()


def test_bodies_have_the_fields_of_the_published_schema(described: Any) -> None:
    published = json.loads((files("es_jina.testing") / "schema.json").read_bytes())["$defs"]
    schemas = described["components"]["schemas"]
    for theirs, ours in (
        ("EmbeddingsV4Request", "EmbeddingBody"),
        ("EmbeddingResponse", "EmbeddingAnswer"),
        ("ErrorResponse", "ErrorAnswer"),
    ):
        assert published[theirs]["properties"].keys() <= schemas[ours]["properties"].keys()
        assert set(published[theirs]["required"]) <= set(schemas[ours]["required"])


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        *((path, GenerationMode.POSITIVE) for path in ROUTES),
        *((path, GenerationMode.NEGATIVE) for path, method in ROUTES.items() if method == "post"),
    ],
)
def test_server_does_what_is_described(
    served: Running, described: Any, path: str, mode: GenerationMode
) -> None:
    check_route(served.url, described, path, ROUTES[path], mode)


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1/models", "ModelList"),
        (f"/v1/models/{MODEL}", "ModelEntry"),
        (f"/v1/models/jinaai/{MODEL}", "ModelEntry"),
        ("/health", "HealthAnswer"),
    ],
)
def test_answer_is_as_described(served: Running, described: Any, path: str, model: str) -> None:
    Draft202012Validator({"$ref": f"#/components/schemas/{model}", **described}).validate(
        served.get(path).json()
    )


def test_page_needs_nothing_from_elsewhere(served: Running) -> None:
    page = served.get("/docs")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; connect-src 'self'"
    )
    assert re.findall(r"(?:src|href)=\"?([^\"> ]+)", page.text) == ["openapi.json"]
    assert "//" not in page.text
    # What the description says is put in as text.
    assert "innerHTML" not in page.text
