"""``GET /v1/indices``."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from es_jina.elastic.client import cluster_errors
from es_jina.profile import IndexProfile
from es_jina.providers.base import ModelInfo
from es_jina.server.answering import answered
from es_jina.server.bytes_route import BytesRoute
from es_jina.server.documentation import get_of
from es_jina.server.refused import RefusedError
from es_jina.server.web.index_bodies import IndexList
from es_jina.server.web.parts import Web
from es_jina.server.web.served import ServedIndex
from es_jina.server.wire.schemas import ErrorAnswer

_KINDS = ("page", "image", "text")
_COUNTED = {
    "size": 0,
    "track_total_hits": True,
    "aggs": {"kinds": {"terms": {"field": "kind", "include": [*_KINDS]}}},
}


def add(app: FastAPI, web: Web) -> None:
    """Add the route."""

    async def indices(request: Request) -> Response:
        return await answered(request, lambda _: _answer(web))

    app.router.add_api_route(
        "/v1/indices",
        indices,
        methods=["GET"],
        tags=["search"],
        summary="The indices that can be searched",
        route_class_override=BytesRoute,
        **get_of(IndexList, s404=ErrorAnswer, s429=ErrorAnswer, s503=ErrorAnswer),
    )


async def _answer(web: Web) -> bytes:
    entry = partial(_entry, model=web.service.model)
    asked = (web.indices.ask(name, entry, "counting documents") for name in web.indices.names)
    told = await asyncio.gather(*asked, return_exceptions=True)
    entries = [each for each in told if not isinstance(each, BaseException)]
    for each in told:
        # One that is gone does not hide the others.
        if isinstance(each, BaseException) and not (entries and isinstance(each, RefusedError)):
            raise each
    limits = web.service.limits
    return orjson.dumps(
        {
            "indices": entries,
            "model": _model(web.service.model),
            "examples": [{"query": query} for query in web.examples],
            "can_add": web.adding is not None,
            "fetches_urls": web.fetch is not None,
            "limits": {"body_bytes": limits.body_bytes, "image_bytes": limits.image_bytes},
        }
    )


def _entry(index: ServedIndex, model: ModelInfo) -> dict[str, Any]:
    """Ask an index how many documents it has; in a thread."""
    with cluster_errors(f"counting the documents of {index.name!r}"):
        told = index.client.search(index=index.name, body=_COUNTED)
    counts = {each["key"]: each["doc_count"] for each in told["aggregations"]["kinds"]["buckets"]}
    multi = index.profile.multi_vector
    return {
        "name": index.name,
        "documents": told["hits"]["total"]["value"],
        "kinds": {kind: counts.get(kind, 0) for kind in _KINDS},
        "modes": _modes(index.profile),
        # Nobody is told where the server keeps its model.
        "profile": replace(index.profile, model=model.shown).summary,
        "pooled": multi is not None and multi.pool_factor > 1,
        "max_pixels": index.profile.max_pixels,
    }


def _modes(profile: IndexProfile) -> list[str]:
    late = [] if profile.multi_vector is None else ["late"]
    return ["hybrid", *late, "dense", "text"]


def _model(model: ModelInfo) -> dict[str, Any]:
    return {"name": model.shown, "toy": model.toy and model.toy.about}
