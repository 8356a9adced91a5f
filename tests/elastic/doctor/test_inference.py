from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from pytest_httpserver import HTTPServer

from es_jina.elastic.doctor.index import Index
from es_jina.elastic.doctor.inference import examine_endpoints
from tests.elastic.doctor.conftest import PROFILE, answering

INDEX = Index("docs-000001", "docs", {}, {}, {}, PROFILE)
Told = tuple[int, Any]
MISSING = (404, {"error": {"type": "resource_not_found_exception", "reason": "not found"}})
URL = "http://gpu:8000/v1/embeddings"


@contextmanager
def endpoints(httpserver: HTTPServer, **told: Told) -> Iterator[Elasticsearch]:
    sides = ("passage", "query", "rerank")
    answers = {f"/_inference/docs-{side}": told.get(side, MISSING) for side in sides}
    for side in (*sides, "embedding"):
        answers[f"/_inference/docs-{side}-es-jina-trial"] = told.get(f"{side}_trial", MISSING)
    with answering(httpserver, answers) as client:
        yield client


def endpoint(task: str = "text_embedding", dims: int | None = 256, **more: Any) -> Told:
    settings = {} if dims is None else {"dimensions": dims}
    told = {"task_type": task, "service": "custom", "service_settings": {**settings, **more}}
    return 200, {"endpoints": [told]}


def asking(task: str, url: str = URL) -> Told:
    return endpoint(url=url, request=f'{{"task": "{task}", "input": ${{input}}}}')


RERANK = endpoint("rerank", None)


@pytest.mark.parametrize(
    ("passage", "query"),
    [
        (endpoint(), endpoint()),
        # The pipeline cuts it.
        (endpoint(dims=2048), endpoint("embedding", dims=128)),
        (endpoint(dims=None), endpoint(dims=None)),
        (asking("retrieval.passage"), asking("retrieval.query")),
        # What somebody wrote in another way is theirs.
        (endpoint(request="${input}${more}"), endpoint(request="[]", url=URL)),
    ],
)
def test_endpoints_that_fit(httpserver: HTTPServer, passage: Told, query: Told) -> None:
    with endpoints(httpserver, passage=passage, query=query, rerank=RERANK) as client:
        assert list(examine_endpoints(client, INDEX)) == []


def test_an_index_without_endpoints_is_well(httpserver: HTTPServer) -> None:
    with endpoints(httpserver) as client:
        (finding,) = examine_endpoints(client, INDEX)
    assert finding.level == "ok"
    assert "has no inference endpoints" in finding.message
    assert "`es-jina setup docs --server URL`" in (finding.step or "")


def test_what_a_killed_replacement_has_left(httpserver: HTTPServer) -> None:
    told = {"passage": endpoint(), "query": endpoint(), "rerank": RERANK}
    with endpoints(httpserver, **told, embedding_trial=endpoint()) as client:
        (finding,) = examine_endpoints(client, INDEX)
    assert finding.level == "warning"
    assert "docs-embedding-es-jina-trial was left by a `setup --force`" in finding.message
    assert "DELETE /_inference/docs-embedding-es-jina-trial?force=true" in (finding.step or "")


def test_endpoints_that_are_missing(httpserver: HTTPServer) -> None:
    with endpoints(httpserver, passage=endpoint()) as client:
        query, rerank = examine_endpoints(client, INDEX)
    assert query.message == "the inference endpoint docs-query is missing"
    assert rerank.message == "the inference endpoint docs-rerank is missing"
    assert (query.level, rerank.level) == ("warning", "warning")
    assert "`es-jina setup docs --server URL`" in (query.step or "")


def test_endpoints_that_do_not_fit(httpserver: HTTPServer) -> None:
    told = {"passage": endpoint(dims=128), "query": endpoint("rerank"), "rerank": endpoint()}
    with endpoints(httpserver, **told) as client:
        passage, query, rerank = examine_endpoints(client, INDEX)
    assert passage.message == (
        "the inference endpoint docs-passage returns 128 dims, and the profile has 128, 256"
    )
    assert "has the task rerank, not text_embedding or embedding" in query.message
    assert "has the task text_embedding, not rerank" in rerank.message
    assert "`es-jina setup docs --server URL --force`" in (query.step or "")
    assert (passage.level, passage.about) == ("problem", "docs")


def test_endpoints_that_ask_for_something_else(httpserver: HTTPServer) -> None:
    told = {
        "passage": asking("retrieval.query"),
        "query": asking("retrieval.query", "http://other:8000/v1/embeddings"),
        "rerank": endpoint(
            "rerank", None, request='{"query": ${query}, "documents": ${input}, "index": "notes"}'
        ),
    }
    with endpoints(httpserver, **told) as client:
        passage, rerank, servers = examine_endpoints(client, INDEX)
    assert "asks for vectors of the task retrieval.query, not retrieval.passage" in passage.message
    assert "reads the multi-vectors of the index 'notes'" in rerank.message
    assert servers.level == "warning"
    assert servers.message == (
        "its inference endpoints ask different servers: docs-passage gpu:8000, "
        "docs-query other:8000"
    )
