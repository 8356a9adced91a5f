import json
import time
from typing import Any

import pytest

from es_jina.testing import SchemaError, check_reply, check_request
from tests.make_api_schema import make_schema

from .calls import CLIP, RERANKER, V3, V4

PRODUCT_PAGE = {
    "model": V4,
    "task": "text-matching",
    "input": [{"text": "A beautiful sunset over the beach"}, {"image": "https://a.b/beach1.jpg"}],
}


@pytest.mark.parametrize(
    "body",
    [
        PRODUCT_PAGE,
        {"model": V4, "input": "a", "task": None, "dimensions": None},
        {"model": V4, "input": {"pdf": "https://a.b/c.pdf"}},
        {"model": V4, "input": ["a", {"text": "b"}], "embedding_type": ["float", "binary"]},
        {"model": V4, "input": ["a"], "dimensions": 2048, "truncate": True, "late_chunking": True},
        {"model": V3, "input": ["a"], "task": "separation", "normalized": False},
        {"model": CLIP, "input": ["a", {"image": "b"}], "task": "retrieval.query"},
        {"model": RERANKER, "query": {"image": "a"}, "documents": ["a", {"text": "b"}]},
    ],
)
def test_a_good_request(body: Any) -> None:
    check_request(body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "body.model: must be one of jina-embeddings-v4, "),
        ({"input": "a"}, "body.model: must be one of"),
        ({"model": V4}, "body: 'input' is a required property"),
        (
            {"model": V4, "input": ["a", {"text": 5}]},
            "body.input.1.text: 5 is not of type 'string'",
        ),
        ({"model": V4, "input": ["a"], "task": "retrieval"}, "body.task: 'retrieval' is not one"),
        ({"model": V4, "input": ["a"], "dimensions": 2049}, "body.dimensions: 2049 is greater"),
        ({"model": V4, "input": ["a"], "dimensions": True}, "body.dimensions: True is not"),
        ({"model": V4, "input": ["a"], "tasks": "a"}, "body: Additional properties are not"),
        ({"model": V4, "input": [{"text": "a", "image": "b"}]}, "body.input.0"),
        ({"model": V4, "input": [{"pdf": "a"}]}, "body.input.0"),
        ({"model": V4, "input": [["a"]]}, "body.input.0"),
        ({"model": V4, "input": ["a"], "embedding_type": ["float", "x"]}, "body.embedding_type"),
        ({"model": V3, "input": [{"image": "a"}]}, "body.input.0"),
        ({"model": CLIP, "input": ["a"], "task": "text-matching"}, "body.task"),
        ({"model": RERANKER, "query": "a", "documents": []}, r"body.documents: \[\] should be"),
    ],
)
def test_a_bad_request(body: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=f"^{message}"):
        check_request(body)


def test_the_one_bad_item_of_many_is_named() -> None:
    items: list[Any] = [{"text": f"text {number}"} for number in range(512)]
    items[300] = {"text": None}
    with pytest.raises(SchemaError, match=r"body\.input\.300\.text") as caught:
        check_request({"model": V4, "input": items})
    assert caught.value.place == ["input", 300, "text"]
    assert caught.value.given is None


def test_unknown_fields_may_pass() -> None:
    check_request({"model": V4, "input": ["a"], "user": "me"}, strict=False)


def test_many_items_are_checked_fast() -> None:
    body = {"model": V4, "input": [{"text": f"text {number}"} for number in range(512)]}
    check_request(body)
    started = time.process_time()
    for _ in range(10):
        check_request(body)
    assert (time.process_time() - started) / 10 < 0.015


@pytest.mark.parametrize(
    "reply",
    [
        {"model": V4, "usage": {"total_tokens": 1}, "data": [{"index": 0, "embedding": [0.5]}]},
        {"model": V4, "usage": {"total_tokens": 1}, "data": [{"index": 0, "embeddings": ["a"]}]},
        {"model": V4, "usage": {"total_tokens": 1}, "results": []},
        {"detail": "a", "errors": []},
        {"detail": "a", "code": "B"},
    ],
)
def test_a_good_reply(reply: Any) -> None:
    check_reply(reply)


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {"model": V4, "data": []},
        {"model": V4, "usage": {}, "data": []},
        {"model": V4, "usage": {"total_tokens": 1}, "data": [{"embedding": [0.5]}]},
        {"model": V4, "usage": {"total_tokens": 1}, "data": [{"index": 0, "embedding": [["a"]]}]},
        {"detail": {"message": "the nested form is not in the schema"}},
    ],
)
def test_a_bad_reply(reply: Any) -> None:
    with pytest.raises(SchemaError):
        check_reply(reply)


def test_the_schema_is_made_of_the_published_one() -> None:
    """Names and types are kept, prose goes, and what is referred to comes along."""
    kept: dict[str, Any] = {
        name: {"title": "prose", "type": "object"}
        for name in (
            "EmbeddingsV3Request",
            "ClipV2Request",
            "RerankerM0Request",
            "EmbeddingResponse",
            "RerankingResponse",
            "ErrorResponse",
            "HTTPValidationError",
        )
    }
    kept["EmbeddingsV4Request"] = {
        "description": "prose",
        "properties": {"title": {"$ref": "#/components/schemas/Doc", "example": "prose"}},
    }
    kept |= {"Doc": {"items": [{"$ref": "#/components/schemas/Deep"}]}, "Deep": {}, "Unused": {}}
    made = make_schema({"info": {"version": "1"}, "components": {"schemas": kept}})
    assert "prose" not in made
    definitions = json.loads(made)["$defs"]
    assert {"Doc", "Deep"} < definitions.keys()
    assert "Unused" not in definitions
    assert definitions["EmbeddingsV4Request"] == {"properties": {"title": {"$ref": "#/$defs/Doc"}}}
