"""Puts a server together."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from starlette.types import ASGIApp

from es_jina.providers.base import ModelInfo, Tokenizer
from es_jina.server.app import Parts, create_app
from es_jina.server.fetch import Fetcher
from es_jina.server.guard import Guard
from es_jina.server.health import Health
from es_jina.server.keys import Keys
from es_jina.server.limits import Limits
from es_jina.server.measured import Measured
from es_jina.server.metrics import Metrics
from es_jina.server.model_runner import ModelRunner, OpenProviders
from es_jina.server.pages import Pages
from es_jina.server.queue import Queue
from es_jina.server.queued import QueuedService
from es_jina.server.references import ReferencedIndices
from es_jina.server.run import Process
from es_jina.server.web.adding import Adding
from es_jina.server.web.parts import Web
from es_jina.server.web.pictures import THUMBNAILS
from es_jina.server.web.served import ServedIndices
from es_jina.server.wire.files import WireFiles
from es_jina.server.wire.names import name_reranker
from es_jina.server.wire.rerank import RerankRoute


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server behaves.

    Attributes:
        limits: of requests.
        keys: of its clients; ``None`` serves everybody.
        hosts: names that clients may call this machine by, beside its own; ``None`` allows all.
        tls: uvicorn's arguments for TLS; empty without.
        indices: that the search page searches, and whose documents rerank requests may name.
        allow_image_urls: whether it fetches what requests name by address.
        public_thumbnails: whether clients without a key may have thumbnails all the same.
        uploads: the folder for files that clients add to the indices; ``None`` lets them add none.
        examples: queries that the search page offers.
    """

    limits: Limits
    keys: Keys | None = None
    hosts: tuple[str, ...] | None = ()
    tls: dict[str, Any] | None = None
    indices: tuple[str, ...] = ()
    allow_image_urls: bool = False
    public_thumbnails: bool = False
    uploads: Path | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Served:
    """What is served.

    Attributes:
        model: that runs.
        open_providers: loads it.
        open_tokenizer: reads its tokenizer alone.
        client: of the cluster that has the indices; ``None`` without any.
    """

    model: ModelInfo
    open_providers: OpenProviders
    open_tokenizer: Callable[[], Tokenizer]
    client: Elasticsearch | None = None


def assemble(
    listening: socket.socket, served: Served, settings: Settings, say: Callable[[str], object]
) -> tuple[Process, ASGIApp]:
    """Return a server's process and what it serves; nothing runs yet.

    Args:
        listening: the socket; closed at the end.
        served: what is served.
        settings: how.
        say: told what a person wants to read of it.

    Raises:
        EsJinaError: an index cannot be read, or does not fit the model.
    """
    url = url_of(listening, tls=bool(settings.tls))
    metrics, health = Metrics(), Health()
    queue = Queue(settings.limits, metrics)
    metrics.watch(queue)
    pages = Pages(served.model.max_pixels, settings.limits)
    closing = ExitStack()
    closing.callback(pages.close)
    runner = ModelRunner(
        queue,
        health,
        served.open_providers,
        on_loaded=metrics.watch_devices,
        at_end=closing.close,
    )
    process = Process(
        listening, runner, tls=settings.tls, on_ready=partial(say, _ready(url, settings))
    )
    service = QueuedService(served.model, settings.limits, queue, metrics)
    fetcher = Fetcher(settings.limits.image_bytes) if settings.allow_image_urls else None
    fetch = None if fetcher is None else fetcher.fetch
    files = WireFiles(settings.limits, pages, fetch)
    web = None
    if served.client is not None and settings.indices:
        indices = ServedIndices(served.client, settings.indices, service)
        adding = _adding(indices, served, settings, fetcher)
        if adding is not None:
            closing.callback(adding.close)
        public, examples = settings.public_thumbnails, settings.examples
        web = Web(indices, service, files, pages, fetch, adding, public, examples, closing)
    rerank = _rerank_route(service, served, web, files, metrics)
    app = create_app(Parts(service, files, rerank, health, metrics, web), process.lifespan)
    guarded = Guard(
        app,
        body_bytes=settings.limits.body_bytes,
        keys=settings.keys,
        hosts=settings.hosts,
        open_folders=(THUMBNAILS,) if settings.public_thumbnails else (),
    )
    return process, Measured(guarded, metrics)


def url_of(listening: socket.socket, *, tls: bool) -> str:
    """Return the address that a socket is reached at."""
    host, port = listening.getsockname()[:2]
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def _adding(
    indices: ServedIndices, served: Served, settings: Settings, fetcher: Fetcher | None
) -> Adding | None:
    if settings.uploads is None:
        return None
    return Adding(indices, settings.uploads, served.open_tokenizer, fetcher)


def _ready(url: str, settings: Settings) -> str:
    page = f"; the search page is {url}/" if settings.indices else ""
    return f"Ready at {url}{page}"


def _rerank_route(
    service: QueuedService, served: Served, web: Web | None, files: WireFiles, metrics: Metrics
) -> RerankRoute:
    references = None
    if served.client is not None and web is not None:
        names = web.indices.with_multi_vectors
        references = ReferencedIndices(served.client, names, served.model)
    return RerankRoute(
        service,
        files,
        partial(name_reranker, model=served.model),
        references,
        metrics.unknown,
    )
