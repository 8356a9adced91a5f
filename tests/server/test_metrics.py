"""What Prometheus reads."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from es_jina.embedding import Embedding
from es_jina.inputs import Image, Text
from es_jina.server.limits import Limits
from es_jina.server.metrics import Metrics
from es_jina.server.queue import Queue
from es_jina.server.request import EmbedRequest


def lines(metrics: Metrics) -> Sequence[str]:
    return metrics.exposition().decode().splitlines()


def test_what_is_counted() -> None:
    metrics = Metrics()
    metrics.watch(Queue(Limits()))
    metrics.ran([0.1, 0.3], 40, 0.5)
    metrics.answered("/v1/embeddings", 200, None, 0.02)
    metrics.answered("none", 404, "RESOURCE_NOT_FOUND", 0.001)
    embeddings = [Embedding(np.ones(2, np.float32), None, tokens) for tokens in (7, 30)]
    metrics.embedded(EmbedRequest((Text("a"), Image(b""))), embeddings)
    metrics.unknown(3)
    told = lines(metrics)
    for line in (
        "es_jina_queue_size 0.0",
        "es_jina_queue_tokens 0.0",
        "es_jina_batch_next_size_sum 2.0",
        "es_jina_batch_next_tokens_sum 40.0",
        "es_jina_request_queue_duration_seconds_sum 0.4",
        "es_jina_request_inference_duration_seconds_sum 0.5",
        'es_jina_requests_total{route="/v1/embeddings",status="200"} 1.0',
        'es_jina_request_duration_seconds_count{route="/v1/embeddings"} 1.0',
        'es_jina_rejected_requests_total{code="RESOURCE_NOT_FOUND"} 1.0',
        "es_jina_tokens_total 37.0",
        "es_jina_images_total 1.0",
        "es_jina_unknown_references_total 3.0",
    ):
        assert line in told


class _OnTwoGpus:
    def memory(self) -> dict[str, int]:
        return {"cuda:0": 5_000, "cuda:1": 6_000}


def test_memory_of_gpus() -> None:
    metrics = Metrics()
    providers: list[Any] = [_OnTwoGpus(), object()]
    metrics.watch_devices(providers)
    told = lines(metrics)
    assert 'es_jina_gpu_memory_bytes{device="cuda:0"} 5000.0' in told
    assert 'es_jina_gpu_memory_bytes{device="cuda:1"} 6000.0' in told
