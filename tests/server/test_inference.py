"""Our shipped endpoints, called as Elasticsearch calls them, against the running server."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.endpoints import put_endpoints
from es_jina.elastic.inference import ModelService, endpoints
from es_jina.elastic.node import Node
from es_jina.inputs import Task, Text
from es_jina.profile import IndexProfile
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider
from es_jina.search.searcher import Searcher
from es_jina.server.keys import Keys, add_key
from tests.elastic.inference_double import InferenceDouble
from tests.server.indices import Maker, sources
from tests.server.running import Running, running

TEXTS = ["The quick brown fox", 'quotes " and \\ and\nlines', "海滩上美丽的日落"]
PASSAGE, QUERY = Task.RETRIEVAL_PASSAGE, Task.RETRIEVAL_QUERY


@dataclass(frozen=True)
class Called:
    """A server that Elasticsearch knows, through a double of its inference API."""

    client: Elasticsearch
    index: str
    profile: IndexProfile
    server: Running
    key: str

    def vectors(self, endpoint: str, texts: list[str]) -> list[list[float]]:
        told = self.client.inference.text_embedding(inference_id=endpoint, input=texts)
        return [each["embedding"] for each in told["text_embedding"]]

    def expected(self, texts: list[str], task: Task) -> Any:
        found = self.server.provider.embed(
            [Text(each) for each in texts], task, Want.SINGLE, dimensions=self.profile.finest.dims
        )
        return np.stack([each.single for each in found])

    def put(self, name: str, body: dict[str, Any]) -> None:
        self.client.inference.put(task_type="text_embedding", inference_id=name, body=body)


@pytest.fixture
def called(
    node: Node, client: Elasticsearch, index: str, provider: LocalProvider, tmp_path: Path
) -> Iterator[Called]:
    (tmp_path / "folder").mkdir()
    profile = Maker(index, provider, sources(tmp_path / "folder"))(client)
    file = tmp_path / "keys"
    key = add_key(file, "elasticsearch")
    with (
        running(provider, client=client, keys=Keys(file), indices=(index,)) as server,
        InferenceDouble(node.url) as double,
        Cluster(double.url).connect() as connected,
    ):
        yield Called(connected, index, profile, server, key)


def test_the_shipped_endpoints(called: Called, provider: LocalProvider) -> None:
    service = ModelService("jina-embeddings-v4", called.server.url, called.key)
    wanted = endpoints(called.index, called.profile, service)
    changes = list(put_endpoints(called.client, wanted))
    assert [(each.state, each.failure) for each in changes] == [("new", None)] * 3
    for part, task in (("passage", PASSAGE), ("query", QUERY)):
        found = called.vectors(f"{called.index}-{part}", TEXTS)
        np.testing.assert_allclose(found, called.expected(TEXTS, task), atol=1e-6)
    _check_rerank(called, provider)
    again = list(put_endpoints(called.client, wanted))
    assert [each.state for each in again] == ["same"] * 3


def _check_rerank(called: Called, provider: LocalProvider) -> None:
    """References through the rerank endpoint are ordered as late interaction orders them."""
    able = Capabilities.detect(called.client)
    searcher = Searcher(called.client, called.index, called.profile, able, provider)
    hits = searcher.search(Text(TEXTS[0]), "late").hits
    references = sorted(hit.id for hit in hits)
    told = called.client.inference.rerank(
        inference_id=f"{called.index}-rerank", query=TEXTS[0], input=[*references, "unknown"]
    )["rerank"]
    scores = {each["index"]: each["relevance_score"] for each in told}
    assert scores.pop(len(references)) == 0
    found = {references[at]: score for at, score in scores.items()}
    assert found == pytest.approx({hit.id: hit.score for hit in hits}, abs=1e-6)


@pytest.mark.parametrize("task", [PASSAGE, QUERY])
def test_services_that_cannot_name_a_task(called: Called, task: Task) -> None:
    url, dims = called.server.url, called.profile.finest.dims
    model = f"jina-embeddings-v4:{task.value}"
    settings: dict[str, tuple[str, dict[str, Any]]] = {
        "by-path": ("openai", {"model_id": "jina-embeddings-v4", "url": f"/v1/{task.value}/"}),
        "by-query": ("openai", {"model_id": "jina-embeddings-v4", "url": f"?task={task.value}"}),
        "by-model": ("openai", {"model_id": model, "url": "/v1/"}),
    }
    for name, (service, told) in settings.items():
        place = told.pop("url")
        address = f"/v1/embeddings{place}" if place[0] == "?" else f"{place}embeddings"
        told |= {"api_key": called.key, "url": url + address, "dimensions": dims}
        called.put(name, {"service": service, "service_settings": told})
        found = called.vectors(name, TEXTS)
        np.testing.assert_allclose(found, called.expected(TEXTS, task), atol=1e-6)
    hugging_face = {"api_key": called.key, "url": f"{url}/v1/{task.value}/embed"}
    called.put("hf", {"service": "hugging_face", "service_settings": hugging_face})
    full = called.vectors("hf", TEXTS)
    [alone] = called.server.provider.embed([Text(TEXTS[0])], task, Want.SINGLE)
    np.testing.assert_allclose(full[0], alone.single, atol=1e-6)
