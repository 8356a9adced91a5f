"""A server of the model, in the hosted API's format, for inference endpoints to ask."""

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.client import Cluster
from es_jina.testing import StubApi
from tests.elastic.inference_double import InferenceDouble


@pytest.fixture
def stub() -> Iterator[StubApi]:
    """A stub that takes our own server's fields, too, and keeps the order as that does."""
    with StubApi(strict=False) as api:
        api.change = _in_order
        yield api


@pytest.fixture
def inference() -> Iterator[InferenceDouble]:
    """Elasticsearch's inference API, without anything behind it."""
    with InferenceDouble() as running:
        yield running


@pytest.fixture
def cluster(inference: InferenceDouble) -> Iterator[Elasticsearch]:
    """A client of it."""
    with Cluster(inference.url).connect() as connected:
        yield connected


@pytest.fixture
def server_url(stub: StubApi) -> str:
    """Where the server is."""
    return stub.url


@pytest.fixture
def server_key(stub: StubApi) -> str:
    """What opens it."""
    return stub.key


def _in_order(answer: dict[str, Any]) -> None:
    answer["data"].sort(key=lambda item: item["index"])
