"""What the server tells Prometheus, in the names that text-embeddings-inference uses."""

from collections.abc import Sequence
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from es_jina.embedding import Embedding
from es_jina.inputs import Image
from es_jina.providers.base import OnDevices, Provider
from es_jina.server.queue import Queue
from es_jina.server.request import EmbedRequest

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_TOKENS = (16, 64, 256, 1024, 4096, 16384, 65536)
_INPUTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts what the server does; the queue's observer."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "es_jina_requests",
            "Requests by route and status.",
            ["route", "status"],
            registry=self._registry,
        )
        self._request_seconds = Histogram(
            "es_jina_request_duration_seconds",
            "From the first byte of a request to the last of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._rejected = Counter(
            "es_jina_rejected_requests", "Refused requests.", ["code"], registry=self._registry
        )
        self._tokens = Counter(
            "es_jina_tokens", "Tokens that the model read.", registry=self._registry
        )
        self._images = Counter(
            "es_jina_images", "Images that were embedded.", registry=self._registry
        )
        self._unknown_references = Counter(
            "es_jina_unknown_references",
            "References of rerank requests that no document has.",
            registry=self._registry,
        )
        self._batch_tokens = self._histogram(
            "es_jina_batch_next_tokens", "Tokens of a batch, estimated.", _TOKENS
        )
        self._batch_size = self._histogram("es_jina_batch_next_size", "Inputs of a batch.", _INPUTS)
        self._queue_seconds = self._histogram(
            "es_jina_request_queue_duration_seconds", "What an input waits.", _SECONDS
        )
        self._inference_seconds = self._histogram(
            "es_jina_request_inference_duration_seconds", "What a batch takes.", _SECONDS
        )

    def watch(self, queue: Queue) -> None:
        """Show what waits in a queue."""
        size = Gauge("es_jina_queue_size", "Inputs that wait.", registry=self._registry)
        size.set_function(lambda: queue.waiting_units)
        tokens = Gauge("es_jina_queue_tokens", "Tokens that wait.", registry=self._registry)
        tokens.set_function(lambda: queue.waiting_tokens)

    def watch_devices(self, providers: Sequence[Provider]) -> None:
        """Show the memory of the GPUs that providers run on."""
        memory = Gauge(
            "es_jina_gpu_memory_bytes",
            "Memory of a GPU that the model takes.",
            ["device"],
            registry=self._registry,
        )
        for provider in providers:
            if isinstance(provider, OnDevices):
                for device in provider.memory():
                    memory.labels(device).set_function(partial(_taken, provider, device))

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def ran(self, waited: Sequence[float], tokens: int, seconds: float) -> None:
        """Count a batch: how long each input waited, its tokens, how long it took."""
        self._batch_size.observe(len(waited))
        self._batch_tokens.observe(tokens)
        self._inference_seconds.observe(seconds)
        for each in waited:
            self._queue_seconds.observe(each)

    def embedded(self, request: EmbedRequest, embeddings: Sequence[Embedding]) -> None:
        """Count what a request gave."""
        self._tokens.inc(sum(each.tokens for each in embeddings))
        self._images.inc(sum(isinstance(each, Image) for each in request.inputs))

    def answered(self, route: str, status: int, code: str | None, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(route, status).inc()
        self._request_seconds.labels(route).observe(seconds)
        if code is not None:
            self._rejected.labels(code).inc()

    def unknown(self, references: int) -> None:
        """Count references of a rerank request that no document has."""
        self._unknown_references.inc(references)

    def _histogram(self, name: str, told: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, told, buckets=buckets, registry=self._registry)


def _taken(provider: OnDevices, device: str) -> float:
    return provider.memory()[device]
