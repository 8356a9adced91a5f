from collections.abc import Callable
from typing import Any

from elasticsearch import Elasticsearch
from pytest_httpserver import HTTPServer

from es_jina.elastic.doctor.index import Index
from es_jina.elastic.doctor.pipeline import examine_pipeline
from tests.elastic.doctor.conftest import PROFILE, Patient, answering

INDEX = Index("docs-000001", "docs", {}, {}, {}, PROFILE)


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
