"""The rules that the double holds to: sections 2 and 3 of what is known of the inference API."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from es_jina.elastic.client import reason
from tests.elastic.inference_double import InferenceDouble
from tests.elastic.inference_double.path import extract
from tests.elastic.inference_double.template import as_json, replaced

KEY = "the-key"
VECTORS = [[0.5, -0.25], [1.0, 0.0]]


@pytest.fixture
def service(httpserver: HTTPServer) -> Callable[..., str]:
    """Answers every request with one body, after some with another status."""

    def start(body: Any, *statuses: int) -> str:
        left = list(statuses)

        def answer(_request: Request) -> Response:
            return Response(json.dumps(body), left.pop(0) if left else 200)

        httpserver.expect_request("/v1/it").respond_with_handler(answer)
        return httpserver.url_for("/v1/it")

    return start


def custom(url: str, **settings: Any) -> dict[str, Any]:
    usual = {
        "secret_parameters": {"api_key": KEY},
        "url": url,
        "headers": {"Authorization": "Bearer ${api_key}"},
        "request": '{"input": ${input}}',
        "response": {"json_parser": {"text_embeddings": "$.data[*].embedding[*]"}},
    }
    return {"service": "custom", "service_settings": usual | settings}


def answered(vectors: list[list[float]]) -> dict[str, Any]:
    # The places are wrong on purpose: nobody looks at them.
    return {"data": [{"index": 9 - at, "embedding": row} for at, row in enumerate(vectors)]}


def put(cluster: Elasticsearch, body: dict[str, Any], task: Any = "text_embedding") -> Any:
    return cluster.inference.put(task_type=task, inference_id="it", body=body).body


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(ApiError) as refused:
        call()
    return reason(refused.value)


def test_an_endpoint_is_tried_and_shown_without_its_key(
    cluster: Elasticsearch, inference: InferenceDouble, service: Callable[..., str]
) -> None:
    made = put(cluster, custom(service(answered(VECTORS))))
    assert [json.loads(sent.body) for sent in inference.sent] == [{"input": ["how big"]}]
    assert inference.sent[0].headers["Authorization"] == f"Bearer {KEY}"
    assert made["service_settings"]["dimensions"] == 2
    assert made["service_settings"]["similarity"] == "dot_product"
    assert made["service_settings"]["batch_size"] == 10
    (found,) = cluster.inference.get(inference_id="it")["endpoints"]
    assert found == made
    assert KEY not in json.dumps(found)
    assert "already exists" in refusal(lambda: put(cluster, custom("http://elsewhere")))


def test_the_order_of_an_answer_is_trusted(
    cluster: Elasticsearch, service: Callable[..., str]
) -> None:
    put(cluster, custom(service(answered(VECTORS))))
    told = cluster.inference.text_embedding(inference_id="it", input=["a", "b"])
    assert [each["embedding"] for each in told["text_embedding"]] == VECTORS


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"request": {"content": "{}"}}, "[request] is not of the expected type"),
        ({"request": '{"input": ${inputs}}'}, "placeholder [${inputs}] in field [request]"),
        ({"request": '{"n": ${top_n}}'}, "placeholder [${top_n}]"),
        ({"headers": {"a": "${nothing}"}}, "in field [header.a]"),
        ({"headers": {"a": "${input}"}}, "in field [header.a]"),
        ({"model_id": "m"}, "settings ['model_id'] unknown to the [custom] service"),
        ({"response": {"json_parser": {}}}, "lacks [text_embeddings]"),
        (
            {"response": {"json_parser": {"text_embeddings": "$.a"}, "error_parser": {}}},
            "['error_parser'] unknown",
        ),
        ({"similarity": "max_inner_product"}, "[similarity]"),
        ({"batch_size": 0}, "[batch_size] must be a positive integer"),
        ({"dimensions": 3}, "size [2] does not match the size specified in the settings [3]"),
        (
            {"response": {"json_parser": {"text_embeddings": "$.data[*].embeddings[*]"}}},
            "Unable to find field [embeddings] in map",
        ),
        # Two levels of lists, whatever the path says of them.
        ({"response": {"json_parser": {"text_embeddings": "$.data[*].index"}}}, "entry [0]"),
    ],
)
def test_settings_that_are_refused(
    cluster: Elasticsearch, service: Callable[..., str], settings: dict[str, Any], why: str
) -> None:
    body = custom(service(answered(VECTORS)), **settings)
    told = refusal(lambda: put(cluster, body))
    assert told.startswith("400: ")
    assert why in told
    assert "not found" in refusal(lambda: cluster.inference.get(inference_id="it"))


def test_quotes_round_a_placeholder_break_the_request(
    cluster: Elasticsearch, inference: InferenceDouble, service: Callable[..., str]
) -> None:
    put(cluster, custom(service(answered(VECTORS)), request='{"input": "${input}"}'))
    assert inference.sent[0].body == b'{"input": "["how big"]"}'


@pytest.mark.parametrize(
    ("name", "statuses", "tries"),
    [
        ("custom", [429, 429], 3),
        ("custom", [503], 1),
        ("custom", [500], 1),
        ("openai", [429, 500, 503], 4),
        ("openai", [502], 1),
        ("openai", [413], 1),
    ],
)
def test_what_is_tried_again(
    cluster: Elasticsearch,
    inference: InferenceDouble,
    service: Callable[..., str],
    name: str,
    statuses: list[int],
    tries: int,
) -> None:
    url = service(answered(VECTORS), *statuses)
    openai = {"api_key": KEY, "model_id": "m", "url": url}
    body = custom(url) if name == "custom" else {"service": name, "service_settings": openai}
    if tries > len(statuses):
        put(cluster, body)
    else:
        assert f"status [{statuses[0]}]" in refusal(lambda: put(cluster, body))
    assert len(inference.sent) == tries


def test_patience_ends(
    cluster: Elasticsearch, inference: InferenceDouble, service: Callable[..., str]
) -> None:
    url = service({"detail": "busy"}, *[429] * 99)
    told = refusal(lambda: put(cluster, custom(url)))
    assert 'status [429]. Error message: [{"detail": "busy"}]' in told
    assert 2 < len(inference.sent) < 99


def test_an_answer_above_50_mb(
    cluster: Elasticsearch, httpserver: HTTPServer, service: Callable[..., str]
) -> None:
    url = service(answered(VECTORS))
    put(cluster, custom(url))
    httpserver.clear()
    large = b'{"data": [{"embedding": [1.0]}]' + b" " * (50 * 1024 * 1024) + b"}"
    httpserver.expect_request("/v1/it").respond_with_data(large)
    ask = lambda: cluster.inference.text_embedding(inference_id="it", input="a")  # noqa: E731
    assert "Maximum limit of [52428800] bytes" in refusal(ask)


def test_a_rerank(
    cluster: Elasticsearch, inference: InferenceDouble, service: Callable[..., str]
) -> None:
    ranked = {
        "results": [{"index": 1, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0}]
    }
    parser = {"relevance_score": "$.results[*].relevance_score"}
    body = custom(
        service(ranked),
        request='{"q": ${query}, "d": ${input}}',
        response={"json_parser": parser | {"reranked_index": "$.results[*].index"}},
    )
    put(cluster, body, "rerank")
    told = cluster.inference.rerank(inference_id="it", query='the "first"', input=["a", "b"])
    assert told["rerank"] == [
        {"index": 1, "relevance_score": 0.75},
        {"index": 0, "relevance_score": 0.0},
    ]
    assert [json.loads(sent.body) for sent in inference.sent] == [
        {"q": "test query", "d": ["how big"]},
        {"q": 'the "first"', "d": ["a", "b"]},
    ]


def test_an_endpoint_in_use_is_not_deleted(
    cluster: Elasticsearch, inference: InferenceDouble, service: Callable[..., str]
) -> None:
    put(cluster, custom(service(answered(VECTORS))))
    inference.pipelines["it"] = ["docs-passage"]
    assert cluster.inference.delete(inference_id="it", dry_run=True)["pipelines"] == [
        "docs-passage"
    ]
    assert refusal(lambda: cluster.inference.delete(inference_id="it")).startswith("409: ")
    cluster.inference.delete(inference_id="it", force=True)
    assert "not found" in refusal(lambda: cluster.inference.get(inference_id="it"))


def test_without_the_licence(cluster: Elasticsearch, inference: InferenceDouble) -> None:
    inference.licensed = False
    told = refusal(lambda: put(cluster, custom("http://127.0.0.1:9")))
    assert told == "403: current license is non-compliant for [inference]"


@pytest.mark.parametrize(
    ("task", "settings", "why"),
    [
        ("text_embedding", {"url": "http://here"}, "['url'] unknown to the [jinaai] service"),
        ("text_embedding", {"multimodal_model": True}, "['multimodal_model'] unknown"),
        ("rerank", {"dimensions": 8}, "['dimensions'] unknown"),
        ("sparse_embedding", {}, "does not support task type [sparse_embedding]"),
        ("embedding", {"multimodal_model": True, "dimensions": 8}, None),
    ],
)
def test_the_hosted_service_is_checked_and_not_called(
    cluster: Elasticsearch, task: str, settings: dict[str, Any], why: str | None
) -> None:
    usual = {"api_key": KEY, "model_id": "m"}
    body = {"service": "jinaai", "service_settings": usual | settings}
    if why is not None:
        assert why in refusal(lambda: put(cluster, body, task))
        return
    made = put(cluster, body, task)
    assert made["service_settings"].keys() == {"model_id", "rate_limit"}


@settings(max_examples=30)
@given(st.text(), st.lists(st.text(), min_size=1, max_size=3))
def test_any_text_comes_through_a_template(query: str, texts: list[str]) -> None:
    if any("${" in text for text in (query, *texts)):
        return
    body = replaced('{"q": ${query}, "i": ${input}}', as_json({"query": query, "input": texts}), "")
    assert json.loads(body) == {"q": query, "i": texts}


def test_paths() -> None:
    data = {"a": [{"b": [1, 2]}, {"b": [3]}], "c": {"d": 5}}
    assert extract(data, "$.a[*].b[*]") == [[1, 2], [3]]
    assert extract(data, "$.c.d") == 5
    for path, why in {
        "a": "must start with a dollar",
        "$.x": "Unable to find field",
        "$.c[*]": "not a list",
        "$.a.b": "not a map",
        "$a": "Invalid path",
        "$.a[0]": "Invalid path",
    }.items():
        with pytest.raises(ValueError, match=why):
            extract(data, path)
