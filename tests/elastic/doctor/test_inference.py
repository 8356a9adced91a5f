from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from pytest_httpserver import HTTPServer

from es_jina.elastic.doctor.index import Index
from es_jina.elastic.doctor.inference import examine_endpoints, examine_pipeline
from tests.elastic.doctor.conftest import PROFILE, Patient, answering

INDEX = Index("docs-000001", "docs", {}, {}, {}, PROFILE)
MISSING = (404, {"error": {"type": "resource_not_found_exception", "reason": "not found"}})


@contextmanager
def endpoints(
    httpserver: HTTPServer, passage: tuple[int, Any], query: tuple[int, Any]
) -> Iterator[Elasticsearch]:
    answers = {"/_inference/docs-passage": passage, "/_inference/docs-query": query}
    with answering(httpserver, answers) as client:
        yield client


def endpoint(task: str = "text_embedding", dims: int | None = 256) -> tuple[int, Any]:
    settings = {} if dims is None else {"dimensions": dims}
    return 200, {"endpoints": [{"task_type": task, "service_settings": settings}]}


@pytest.mark.parametrize(
    ("passage", "query"),
    [
        (MISSING, MISSING),
        (endpoint(), endpoint()),
        # The pipeline cuts it.
        (endpoint(dims=2048), endpoint("embedding", dims=128)),
        (endpoint(dims=None), endpoint(dims=None)),
    ],
)
def test_endpoints_that_fit(
    httpserver: HTTPServer, passage: tuple[int, Any], query: tuple[int, Any]
) -> None:
    with endpoints(httpserver, passage, query) as client:
        assert list(examine_endpoints(client, INDEX)) == []


def test_endpoints_that_do_not_fit(httpserver: HTTPServer) -> None:
    with endpoints(httpserver, endpoint(dims=128), endpoint("rerank")) as client:
        passage, query = examine_endpoints(client, INDEX)
    assert passage.message == (
        "the inference endpoint docs-passage returns 128 dims, and the profile has 128, 256"
    )
    assert "has the task rerank, not text_embedding or embedding" in query.message
    assert "DELETE /_inference/rerank/docs-query" in (query.step or "")
    assert (passage.level, passage.about) == ("problem", "docs")


def processor(*fields: str) -> dict[str, Any]:
    """A pipeline of the one processor that the small distribution has."""
    return {"processors": [{"set_security_user": {"field": field}} for field in fields]}


def test_a_pipeline_that_writes_other_fields(
    patient: Callable[..., Patient], client: Elasticsearch
) -> None:
    made = patient()
    name = f"{made.alias}-passage"
    client.ingest.put_pipeline(id=name, body=processor("embedding_128", "embedding_512"))
    (told,) = made.problems()
    assert told == (
        f"the ingest pipeline {name} does not write embedding_256 and writes embedding_512, which "
        "the index lacks"
    )
    client.ingest.put_pipeline(id=name, body=processor("embedding_128", "embedding_256"))
    assert made.problems() == []


def test_what_a_pipeline_removes_it_does_not_write(httpserver: HTTPServer) -> None:
    inference = {
        "model_id": "docs-passage",
        "input_output": [{"input_field": "text", "output_field": "embedding_256"}],
    }
    script = {"params": {"fields": [{"field": "embedding_128", "dims": 128}]}}
    processors = [
        {"remove": {"field": ["embedding_512", "embedding_256"]}},
        {"inference": inference},
        {"script": script},
    ]
    pipeline = {"docs-passage": {"processors": processors}}
    with answering(httpserver, {"/_ingest/pipeline/docs-passage": (200, pipeline)}) as client:
        assert list(examine_pipeline(client, INDEX)) == []
        del processors[1]
        (finding,) = examine_pipeline(client, INDEX)
    assert "does not write embedding_256" in finding.message
