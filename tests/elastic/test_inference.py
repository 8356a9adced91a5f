"""The shipped endpoints: fitted to an index, and asked through a double of Elasticsearch."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from es_jina.dense import dense_profiles
from es_jina.elastic.assets import load
from es_jina.elastic.inference import (
    PLACEHOLDER,
    Endpoint,
    ModelService,
    endpoints,
    read_request,
    write_request,
)
from es_jina.embedding import Embedding
from es_jina.inputs import Task, Text
from es_jina.providers import profile_for
from es_jina.providers.base import V4, Want
from es_jina.providers.hosted import HostedProvider
from es_jina.providers.hosted_models import hosted_model
from tests.elastic.inference_double import InferenceDouble
from tests.schema import check

DOCS = Path(__file__).parents[2] / "docs"
PROFILE = profile_for(V4)
OWN = ModelService("jina-embeddings-v4", "http://127.0.0.1:8080")
HOSTED = ModelService("jina-embeddings-v4", key="the-key")
TEXTS = ["the quick brown fox", 'Strom "aus" der Sonne\n', "日本語 \\ 🌞"]
TASKS = {"passage": Task.RETRIEVAL_PASSAGE, "query": Task.RETRIEVAL_QUERY}


@pytest.fixture
def provider(server_url: str, server_key: str) -> Iterator[HostedProvider]:
    """What asks the server in another way: what it returns is right."""
    with HostedProvider(server_key, base_url=server_url) as opened:
        yield opened


def put(cluster: Elasticsearch, endpoint: Endpoint) -> None:
    body = endpoint.with_key(endpoint.key)
    cluster.inference.put(task_type=endpoint.task, inference_id=endpoint.name, body=body)


def vectors(cluster: Elasticsearch, name: str, texts: list[str], **more: Any) -> Any:
    told = cluster.inference.text_embedding(inference_id=name, input=texts, **more)
    return np.array([each["embedding"] for each in told["text_embedding"]])


def expected(provider: HostedProvider, texts: list[str], task: Task, dims: int) -> Any:
    told = provider.embed([Text(text) for text in texts], task, Want.SINGLE, dimensions=dims)
    rows = [each.single for each in told if isinstance(each, Embedding)]
    assert len(rows) == len(texts)
    return np.array(rows)


def unit(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("part", ["passage", "query", "rerank"])
def test_the_shipped_files_are_for_the_default_profile(part: str) -> None:
    """Put by hand, they serve an index named es-jina."""
    (fitted,) = (e for e in endpoints("es-jina", PROFILE, OWN) if e.name == f"es-jina-{part}")
    assert fitted.body == load(f"inference/custom-{part}", "pipelines")


@pytest.mark.parametrize("part", ["passage", "query", "embedding", "rerank"])
def test_the_shipped_files_for_the_hosted_api(part: str) -> None:
    (fitted,) = (e for e in endpoints("es-jina", PROFILE, HOSTED) if e.name == f"es-jina-{part}")
    assert fitted.shown == load(f"inference/jinaai-{part}", "pipelines")


def test_the_documented_endpoint_is_the_one_that_setup_makes() -> None:
    page = DOCS / "late-interaction-from-kibana.md"
    _, _, after = page.read_text("utf-8").partition("PUT _inference/rerank/docs-rerank\n")
    there = replace(OWN, url="https://gpu:8443", key="KEY")
    (fitted,) = (e for e in endpoints("docs", PROFILE, there) if e.name == "docs-rerank")
    assert json.loads(after.partition("```")[0]) == fitted.with_key("KEY")


@pytest.mark.parametrize("model", [OWN, replace(OWN, key="the-key"), HOSTED])
@pytest.mark.parametrize("dense", [dense_profiles(128), dense_profiles(128, 512, 2048)])
def test_every_endpoint_is_a_request_that_elasticsearch_takes(
    model: ModelService, dense: Any
) -> None:
    profile = replace(PROFILE, dense=dense)
    made = endpoints("docs", profile, model)
    assert [each.name for each in made][:2] == ["docs-passage", "docs-query"]
    for endpoint in made:
        assert check(f"inference.put_{endpoint.service}", endpoint.shown) == []
        assert "the-key" not in repr(endpoint) + str(endpoint.shown)
        settings = endpoint.body["service_settings"]
        if endpoint.task != "rerank":
            assert settings["dimensions"] == dense[-1].dims
        if model.url is not None and endpoint.task != "rerank":
            assert read_request(settings["request"])["dimensions"] == dense[-1].dims
        assert ("headers" in settings) == (model.url is not None and model.key is not None)


def test_a_key_is_a_secret_and_no_key_is_none() -> None:
    for endpoint in endpoints("docs", PROFILE, replace(OWN, key="the-key")):
        settings = endpoint.with_key("the-key")["service_settings"]
        assert settings["headers"] == {"Authorization": "Bearer ${api_key}"}
        assert settings["secret_parameters"] == {"api_key": "the-key"}
        shown = endpoint.shown["service_settings"]["secret_parameters"]
        assert shown == {"api_key": PLACEHOLDER}
    for endpoint in endpoints("docs", PROFILE, OWN):
        assert endpoint.with_key(None)["service_settings"]["secret_parameters"] == {}


def test_a_server_below_a_path() -> None:
    there = replace(OWN, url="https://gpu.example.org/models/")
    urls = [e.body["service_settings"]["url"] for e in endpoints("docs", PROFILE, there)]
    assert urls[0] == "https://gpu.example.org/models/v1/embeddings"
    assert urls[2] == "https://gpu.example.org/models/v1/rerank"


def test_an_index_without_multi_vectors_has_nothing_to_rerank_with() -> None:
    profile = replace(PROFILE, multi_vector=None)
    assert [each.task for each in endpoints("docs", profile, OWN)] == ["text_embedding"] * 2
    # The hosted reranker reads words.
    assert [each.task for each in endpoints("docs", profile, HOSTED)][-1] == "rerank"


def test_models_that_lack_something() -> None:
    clip, v3 = hosted_model("jina-clip-v2"), hosted_model("jina-embeddings-v3")
    there = ModelService("jina-clip-v2", OWN.url, None, clip.tasks, clip.images)
    passage, query, _ = endpoints("docs", PROFILE, there)
    assert "task" not in read_request(passage.body["service_settings"]["request"])
    assert read_request(query.body["service_settings"]["request"])["task"] == "retrieval.query"
    texts = ModelService("jina-embeddings-v3", None, "the-key", v3.tasks, v3.images)
    assert "embedding" not in [each.task for each in endpoints("docs", PROFILE, texts)]


def test_a_request_keeps_its_placeholders_unquoted() -> None:
    text = '{"input": ${input}, "query": ${query}, "n": 1}'
    assert read_request(text) == {"input": "${input}", "query": "${query}", "n": 1}
    assert write_request(read_request(text)) == text
    for wrong in ("[]", "${input}", '{"a": ${other}}'):
        with pytest.raises(ValueError, match=r".+"):
            read_request(wrong)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:8000", True),
        ("http://127.1.2.3/", True),
        ("http://[::1]:8000", True),
        ("https://gpu:8000", False),
        ("http://localhost.example.org", False),
    ],
)
def test_an_address_of_this_machine(url: str, local: bool) -> None:
    assert replace(OWN, url=url).is_local is local


@pytest.mark.parametrize("dims", [128, 1024])
def test_what_elasticsearch_gets_is_what_the_provider_gets(
    cluster: Elasticsearch, server_url: str, provider: HostedProvider, server_key: str, dims: int
) -> None:
    model = replace(OWN, url=server_url, key=server_key)
    profile = replace(PROFILE, dense=dense_profiles(dims), multi_vector=None)
    for endpoint in endpoints("docs", profile, model):
        put(cluster, endpoint)
    for side, task in TASKS.items():
        got = vectors(cluster, f"docs-{side}", TEXTS)
        assert got.shape == (len(TEXTS), dims)
        np.testing.assert_allclose(
            unit(got), expected(provider, TEXTS, task, dims), rtol=1e-5, atol=1e-6
        )
    # The task is that of the endpoint, whatever is said with a call.
    other = vectors(cluster, "docs-query", TEXTS, input_type="ingest")
    assert np.array_equal(other, vectors(cluster, "docs-query", TEXTS))


def test_the_sides_differ(cluster: Elasticsearch, server_url: str, server_key: str) -> None:
    model = replace(OWN, url=server_url, key=server_key)
    for endpoint in endpoints("docs", replace(PROFILE, multi_vector=None), model):
        put(cluster, endpoint)
    passage, query = (vectors(cluster, f"docs-{side}", ["a text"]) for side in TASKS)
    assert not np.allclose(passage, query)


def by_path(service: str, url: str, key: str, task: Task) -> dict[str, Any]:
    """An endpoint of a service that cannot name the task in its request: the path does."""
    if service == "openai":
        settings = {"model_id": "jina-embeddings-v4", "url": f"{url}/v1/{task}/embeddings"}
    else:
        settings = {"url": f"{url}/v1/{task}/embed"}
    return {"service": service, "service_settings": {"api_key": key, **settings}}


@pytest.fixture
def task_url(httpserver: HTTPServer, server_url: str, server_key: str) -> str:
    """A server that takes tasks by the path, too."""

    def answer(request: Request) -> Response:
        _, _, task, route = request.path.split("/")
        body = json.loads(request.data)
        texts = body["input"] if route == "embeddings" else body["inputs"]
        with HostedProvider(server_key, base_url=server_url) as provider:
            told = provider.embed([Text(text) for text in texts], Task(task), Want.SINGLE)
        rows = [
            e.single.tolist() for e in told if isinstance(e, Embedding) and e.single is not None
        ]
        data = [{"object": "embedding", "index": at, "embedding": e} for at, e in enumerate(rows)]
        return Response(json.dumps({"data": data} if route == "embeddings" else rows))

    for task in TASKS.values():
        for route in ("embeddings", "embed"):
            httpserver.expect_request(f"/v1/{task}/{route}").respond_with_handler(answer)
    return httpserver.url_for("").rstrip("/")


@pytest.mark.parametrize("service", ["openai", "hugging_face"])
def test_services_that_name_the_task_by_the_path(
    cluster: Elasticsearch,
    task_url: str,
    server_key: str,
    provider: HostedProvider,
    service: str,
) -> None:
    for side, task in TASKS.items():
        body = by_path(service, task_url, server_key, task)
        cluster.inference.put(task_type="text_embedding", inference_id=side, body=body)
        got = vectors(cluster, side, TEXTS)
        np.testing.assert_allclose(got, expected(provider, TEXTS, task, 2048), rtol=1e-5, atol=1e-6)


def test_a_rerank_sends_references(
    cluster: Elasticsearch, inference: InferenceDouble, httpserver: HTTPServer
) -> None:
    """What stands for the text of a document is its place in the index."""

    def answer(request: Request) -> Response:
        documents = json.loads(request.data)["documents"]
        order = sorted(range(len(documents)), key=lambda at: documents[at], reverse=True)
        results = [{"index": at, "relevance_score": 1 / (1 + n)} for n, at in enumerate(order)]
        return Response(json.dumps({"object": "list", "results": results}))

    httpserver.expect_request("/v1/rerank").respond_with_handler(answer)
    model = replace(OWN, url=httpserver.url_for(""), key="the-key")
    endpoint = endpoints("docs", PROFILE, model)[-1]
    put(cluster, endpoint)
    told = cluster.inference.rerank(
        inference_id="docs-rerank", query='who said "no"?', input=["ref-a", "ref-c", "ref-b"]
    )
    assert [each["index"] for each in told["rerank"]] == [1, 2, 0]
    assert told["rerank"][1]["relevance_score"] == pytest.approx(0.5)
    assert json.loads(inference.sent[-1].body) == {
        "model": "jina-embeddings-v4",
        "index": "docs",
        "query": 'who said "no"?',
        "documents": ["ref-a", "ref-c", "ref-b"],
        "return_documents": False,
    }
    assert inference.sent[-1].headers["Authorization"] == "Bearer the-key"
