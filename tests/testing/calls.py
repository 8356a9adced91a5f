"""A plain client of the stub, which neither retries nor hides anything."""

import io
import ssl
from base64 import b64encode
from typing import Any

import httpx
from PIL import Image as Pillow

from es_jina.testing import StubApi

V4 = "jina-embeddings-v4"
V3 = "jina-embeddings-v3"
CLIP = "jina-clip-v2"
RERANKER = "jina-reranker-m0"

# Without certificates: to load them takes longer than most tests.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def client(api: StubApi) -> httpx.Client:
    headers = {"Authorization": f"Bearer {api.key}", "Accept-Encoding": "identity"}
    return httpx.Client(base_url=api.url, headers=headers, timeout=10, verify=NO_TLS)


def post(api: StubApi, given: Any, model: str = V4, **options: Any) -> httpx.Response:
    """Ask for embeddings on a connection of its own."""
    with client(api) as opened:
        return opened.post("/v1/embeddings", json={"model": model, "input": given, **options})


def rerank(api: StubApi, query: Any, documents: list[Any], **options: Any) -> httpx.Response:
    body = {"model": RERANKER, "query": query, "documents": documents, **options}
    with client(api) as opened:
        return opened.post("/v1/rerank", json=body)


def by_index(response: httpx.Response, name: str = "embedding") -> list[Any]:
    """Return the vectors of an answer, in the order of the request."""
    assert response.status_code == 200, response.text
    return [entry[name] for entry in sorted(response.json()["data"], key=lambda e: e["index"])]


def png(width: int, height: int) -> str:
    """Return a picture in base64."""
    buffer = io.BytesIO()
    Pillow.new("RGB", (width, height)).save(buffer, "PNG")
    return b64encode(buffer.getvalue()).decode()
