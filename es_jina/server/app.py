"""The routes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Any

import orjson
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Lifespan

from es_jina import __version__
from es_jina.server.answering import answered, on_http_error, refusal
from es_jina.server.bytes_route import BytesRoute
from es_jina.server.documentation import documented, get_of, post_of
from es_jina.server.health import Health
from es_jina.server.metrics import CONTENT_TYPE, Metrics
from es_jina.server.refused import RefusedError
from es_jina.server.service import Service
from es_jina.server.web.parts import Web
from es_jina.server.web.routes import add_web
from es_jina.server.wire.embeddings import EmbeddingsRoute
from es_jina.server.wire.files import WireFiles
from es_jina.server.wire.models import list_models, one_model
from es_jina.server.wire.names import task_of_address
from es_jina.server.wire.rerank import RerankRoute
from es_jina.server.wire.schemas import ErrorAnswer, HealthAnswer, ModelEntry, ModelList
from es_jina.server.wire.tei import TeiRoute

# Of the documentation: nothing from elsewhere is shown, and nothing is sent elsewhere.
_OF_THE_PAGE_ALONE = (
    "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes are made of.

    Attributes:
        service: that embeds.
        files: reads images and PDFs.
        rerank: answers rerank requests.
        health: how far the server has come.
        metrics: what it counts.
        web: the search page; ``None`` where no index is served.
    """

    service: Service
    files: WireFiles
    rerank: RerankRoute
    health: Health
    metrics: Metrics
    web: Web | None = None


def create_app(parts: Parts, lifespan: Lifespan[FastAPI]) -> FastAPI:
    """Return the application, without its guard.

    Args:
        parts: what the routes are made of.
        lifespan: entered before the first request, left behind the last.
    """
    app = FastAPI(
        title="es_jina",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        # Absolute, they would lead away from a proxy that ends TLS.
        redirect_slashes=False,
        lifespan=lifespan,
        exception_handlers={HTTPException: on_http_error},
    )
    _add_embeddings(app, parts)
    _add_rerank(app, parts)
    _add_models(app, parts.service)
    _add_health(app, parts)
    _add_docs(app)
    if parts.web is not None:
        add_web(app, parts.web)
    documented(app)
    return app


def _add_embeddings(app: FastAPI, parts: Parts) -> None:
    embeddings = EmbeddingsRoute(parts.service, parts.files)
    tei = TeiRoute(parts.service, parts.files)

    async def embed(request: Request) -> Response:
        return await _with_task(request, embeddings)

    async def embed_tei(request: Request) -> Response:
        return await _with_task(request, tei)

    for path in ("/v1/embeddings", "/v1/{task}/embeddings"):
        app.router.add_api_route(
            path, embed, route_class_override=BytesRoute, **post_of("embeddings", path)
        )
    for path in ("/embed", "/v1/{task}/embed", "/"):
        app.router.add_api_route(
            path, embed_tei, route_class_override=BytesRoute, **post_of("tei", path)
        )


async def _with_task(request: Request, route: EmbeddingsRoute | TeiRoute) -> Response:
    """Answer a request whose address may name the task."""
    try:
        named = request.path_params.get("task") or request.query_params.get("task")
        task = task_of_address(named)
    except RefusedError as error:
        return refusal(request, error)
    return await answered(request, partial(route.answer, task=task))


def _add_rerank(app: FastAPI, parts: Parts) -> None:
    async def rerank(request: Request) -> Response:
        return await answered(request, parts.rerank.answer)

    app.router.add_api_route(
        "/v1/rerank", rerank, route_class_override=BytesRoute, **post_of("rerank", "/v1/rerank")
    )


def _add_models(app: FastAPI, service: Service) -> None:
    told = "The model that is served"

    @app.get("/v1/models", tags=["models"], summary=told, **get_of(ModelList))
    async def models() -> Response:
        return _json(list_models(service.model))

    # A name of a publisher and a model has a slash.
    path, by_name = "/v1/models/{name:path}", get_of(ModelEntry, named="name", s404=ErrorAnswer)

    @app.get(path, tags=["models"], summary="A model by name", **by_name)
    async def model(request: Request) -> Response:
        try:
            return _json(one_model(service.model, request.path_params["name"]))
        except RefusedError as error:
            return refusal(request, error)


def _add_health(app: FastAPI, parts: Parts) -> None:
    told = "Whether the server is there"

    @app.get("/health", tags=["health"], summary=told, **get_of(HealthAnswer))
    @app.get("/live", tags=["health"], summary=told, **get_of(HealthAnswer))
    @app.head("/health", include_in_schema=False)
    @app.head("/live", include_in_schema=False)
    async def health() -> Response:
        return _json({"status": parts.health.status})

    told = "Whether the model is loaded and warm"

    @app.get("/ready", tags=["health"], summary=told, **get_of(HealthAnswer, s503=HealthAnswer))
    @app.head("/ready", include_in_schema=False)
    async def ready() -> Response:
        status = 200 if parts.health.status == "ready" else 503
        return _json({"status": parts.health.status}, status)

    told = "Counters for Prometheus"

    @app.get("/metrics", tags=["health"], summary=told, response_class=PlainTextResponse)
    async def metrics() -> Response:
        return Response(parts.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})


def _add_docs(app: FastAPI) -> None:
    page = (files("es_jina.server") / "docs.html").read_text("utf-8")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(page, headers={"Content-Security-Policy": _OF_THE_PAGE_ALONE})


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
