"""What is refused, how, and that nothing of a request is written to the log."""

import json
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from es_jina.testing.schema import check_reply
from tests.server.running import Running
from tests.server.wire.asking import MODEL, PATH, body, in_base64, picture

SECRET = "Zebrafinken im Garten"
LONG = f"{SECRET} " * 2_000


def refused(served: Running, path: str, content: Any, status: int, code: str) -> dict[str, Any]:
    """Return the body of a refusal, which has the form of all of them."""
    response = served.post(path, content)
    assert response.status_code == status, response.text
    told: dict[str, Any] = response.json()
    check_reply(told)
    assert told["code"] == told["error"]["code"] == code
    assert told["detail"] == told["error"]["message"]
    assert "\n" not in told["detail"]
    assert told["request_id"] == response.headers["X-Request-Id"]
    return told


@pytest.mark.parametrize(
    ("content", "way", "told"),
    [
        ({"model": MODEL}, "input", "required"),
        ({"input": "a"}, "model", "required"),
        (body(None), "input", "a text"),
        (body(True), "input", "a text"),
        (body(1.5), "input", "a text"),
        (body([]), "input", "an empty list"),
        (body({}), "input", "a text"),
        (body(7), "input", "token ids"),
        (body(10**30), "input", "token ids"),
        (body("a", task=-(10**30)), "task", "retrieval.query"),
        (body([1, 2, 3]), "input -> 0", "token ids"),
        (body([[1, 2, 3]]), "input -> 0", "token ids"),
        (body(["a", None]), "input -> 1", "a text"),
        (body(["a", {"video": "b"}]), "input -> 1", "a text"),
        (body([{"pdf": "JVBERg=="}]), "input -> 0", "outside of a list"),
        (body({"text": "a", "image": "b"}), "input", "a text"),
        (body({"text": 5}), "input -> text", "valid string"),
        (body(["a", {"image": 5}]), "input -> 1 -> image", "valid string"),
        (body({"image": ""}), "input -> image", "empty"),
        (body({"image": "?!"}), "input -> image", "base64"),
        (body({"image": "https://example.org/a.png"}), "input -> image", "not fetched"),
        (body({"image": "file:///etc/passwd"}), "input -> image", "not fetched"),
        (body({"image": "data:image/png,abc"}), "input -> image", "not base64"),
        (body({"pdf": in_base64(b"no pdf")}), "input -> pdf", "PDF"),
        (body("a", task="retrieval"), "task", "retrieval.query"),
        (body("a", task="code"), "task", "code.query"),
        (body("a", input_type="answer"), "input_type", "passage"),
        (body("a", dimensions=0), "dimensions", "1"),
        (body("a", dimensions=257), "dimensions", "256"),
        (body("a", dimensions=1.5), "dimensions", "integer"),
        (body("a", dimensions=10**30), "dimensions", "256"),
        (body("a", embedding_type="int8"), "embedding_type", "base64"),
        (body("a", embedding_type=["float", "base64"]), "embedding_type", "base64"),
        (body("a", return_multivector="perhaps"), "return_multivector", "boolean"),
        (body("a", return_multivector=True, dimensions=64), "", "Incompatible options"),
        (body("a", return_tokenized_input=True), "", "return_multivector"),
        (body(["a", ""], late_chunking=True), "input -> 1", "empty"),
        (body([{"image": in_base64(picture())}], late_chunking=True), "late_chunking", "images"),
        (body(["a"] * 513), "input", "Each input list can contain at most 512 items"),
        ([], "", "object"),
        ("a", "", "object"),
        (5, "", "object"),
    ],
)
def test_field_that_is_not_what_it_must_be(
    served: Running, content: Any, way: str, told: str
) -> None:
    error = refused(served, PATH, content, 422, "INPUT_INVALID")
    [problem] = error["errors"]
    assert problem["field"] == (f"body -> {way}" if way else "body")
    assert told in problem["message"]
    assert error["detail"] == f"Validation error: '{problem['field']}' {problem['message']}"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b'{"model":"jina-embeddings-v4","input":"\xff"}',
        b'{"model":"jina-embeddings-v4","input":"\\ud800"}',
        b'{"model":"jina-embeddings-v4","input":"a\nb"}',
        b'{"model":"jina-embeddings-v4","input":"a"} b',
        b'{"model":"jina-embeddings-v4","input":NaN}',
        b'{"model":"jina-embeddings-v4","input":"a","dimensions":NaN}',
        b'{"model":"jina-embeddings-v4","input":"a","dimensions":-Infinity}',
        b'{"model":"jina-embeddings-v4","input":"a","dimensions":1e999}',
        b'{"model":"jina-embeddings-v4","input":"a","dimensions":' + b"9" * 10_000 + b"}",
        b'{"model":"jina-embeddings-v4","input":' + b"[" * 100_000,
        b'{"a":' * 100_000,
        '{"model":"jina-embeddings-v4","input":"a"}'.encode("utf-16"),
    ],
    ids=lambda raw: repr(raw[:60]),
)
@pytest.mark.parametrize("path", [PATH, "/embed"])
def test_no_json(served: Running, path: str, raw: bytes) -> None:
    refused(served, path, raw, 422, "INPUT_INVALID")


def test_many_errors_are_told_as_a_few(served: Running) -> None:
    told = refused(served, PATH, body([5] * 100_000), 422, "INPUT_INVALID")
    assert len(json.dumps(told)) < 2000


@pytest.mark.parametrize(
    "model",
    ["jina-embeddings-v3", "", f"{MODEL}:retrieval", f"{MODEL}\n", "a" * 100_000],
    ids=lambda model: repr(model[:30]),
)
def test_unknown_model(served: Running, model: str) -> None:
    told = refused(served, PATH, body("a", model=model), 400, "INPUT_MODEL_NOT_FOUND")
    assert MODEL in told["detail"]
    assert len(told["detail"]) < 200


@pytest.mark.parametrize("path", ["/v1/retrieval/embeddings", f"{PATH}?task=a", f"{PATH}?task="])
def test_unknown_task_in_the_address(served: Running, path: str) -> None:
    told = refused(served, path, body("a"), 422, "INPUT_INVALID")
    assert "retrieval.query" in told["detail"]


def test_text_that_is_too_long(served: Running) -> None:
    told = refused(served, PATH, body(LONG), 400, "INPUT_TOKEN_LIMIT_EXCEEDED")
    assert "truncate" in told["detail"]
    told = refused(served, PATH, body(["a", LONG]), 400, "INPUT_TOKEN_LIMIT_EXCEEDED")
    assert told["detail"].startswith("input 1: ")
    refused(served, "/embed", {"inputs": LONG}, 400, "INPUT_TOKEN_LIMIT_EXCEEDED")


@pytest.mark.parametrize("data", [b"no picture", picture()[:60]])
def test_image_that_is_none(served: Running, data: bytes) -> None:
    given = ["a", {"image": in_base64(data)}]
    told = refused(served, PATH, body(given), 400, "INPUT_INVALID")
    assert told["detail"].startswith("input 1: ")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "RESOURCE_NOT_FOUND"),
        ("POST", f"{PATH}/", 404, "RESOURCE_NOT_FOUND"),
        ("GET", "/health/", 404, "RESOURCE_NOT_FOUND"),
        ("GET", PATH, 405, "INPUT_INVALID"),
        ("OPTIONS", PATH, 405, "INPUT_INVALID"),
        ("POST", "/health", 405, "INPUT_INVALID"),
        ("GET", "/v1/models/another", 404, "INPUT_MODEL_NOT_FOUND"),
    ],
)
def test_no_such_route(served: Running, method: str, path: str, status: int, code: str) -> None:
    response = served.ask(method, path)
    assert response.status_code == status
    told = response.json()
    check_reply(told)
    assert told["code"] == code
    assert told["request_id"]
    assert status != 405 or response.headers["Allow"]


@pytest.mark.parametrize("path", ["/health", "/live", "/ready"])
def test_head_says_whether_it_is_there(served: Running, path: str) -> None:
    response, whole = served.ask("HEAD", path), served.get(path)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == whole.headers["Content-Length"]


def test_head_is_answered_without_a_body(served: Running) -> None:
    response = served.ask("HEAD", PATH)
    assert (response.status_code, response.content) == (405, b"")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "image", "pdf", "url"]) | st.text(), inner)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        "input",
        "task",
        "dimensions",
        "embedding_type",
        "return_multivector",
        "return_embedding",
        "return_tokenized_input",
        "late_chunking",
        "truncate",
        "input_type",
        "texts",
    ]
)


@settings(max_examples=40, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(FIELDS, JSON, max_size=4))
def test_whatever_comes_is_embedded_or_refused(served: Running, content: dict[str, Any]) -> None:
    raw = json.dumps({"model": MODEL, "input": "a", **content}).encode()
    response = served.post(PATH, raw)
    assert response.status_code in {200, 400, 422}
    check_reply(response.json())


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (PATH, body(SECRET, task=SECRET)),
        (PATH, body(SECRET, model=SECRET)),
        (PATH, body({"image": SECRET})),
        (PATH, body({"image": in_base64(SECRET.encode())})),
        (PATH, body({"pdf": in_base64(SECRET.encode())})),
        (PATH, body(LONG)),
        (PATH, f'{{"model": "{SECRET}'.encode()),
        (f"/v1/{SECRET}/embeddings", body(SECRET)),
        (f"/{SECRET}", body(SECRET)),
        ("/embed", {"inputs": [SECRET, 5]}),
        ("/v1/rerank", {"query": SECRET, "documents": [LONG]}),
        ("/v1/rerank", {"query": SECRET, "documents": {SECRET: SECRET}}),
    ],
    ids=lambda given: str(given)[:40],
)
def test_log_has_nothing_of_a_request(
    served: Running,
    path: str,
    content: Any,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    assert 400 <= served.post(path, content).status_code < 500
    # Those of the client are its own.
    logged = [each for each in caplog.records if not each.name.startswith(("httpx", "httpcore"))]
    assert not any("Zebrafinken" in each.getMessage() for each in logged)
    assert "Zebrafinken" not in "".join(capfd.readouterr())
