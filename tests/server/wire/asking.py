"""Bodies, and what came of them."""

import io
from typing import Any

import numpy as np
import pybase64
from PIL import Image as Pictures

from es_jina.embedding import Embedding, Vector
from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.base import Want
from es_jina.testing.schema import check_reply
from tests.server.running import Running

MODEL = "jina-embeddings-v4"
PATH = "/v1/embeddings"
TEXTS = ["How is rainfall measured?", "Strom aus der Sonne, el café, 日本語"]


def picture(color: str = "navy", size: tuple[int, int] = (84, 56)) -> bytes:
    """Return the file of a small picture."""
    buffer = io.BytesIO()
    Pictures.new("RGB", size, color).save(buffer, "PNG")
    return buffer.getvalue()


def in_base64(data: bytes) -> str:
    """Return bytes in base64."""
    return pybase64.b64encode(data).decode()


def body(given: Any, **more: Any) -> dict[str, Any]:
    """Return the body of a request."""
    return {"model": MODEL, "input": given, **more}


def answer(served: Running, given: Any, path: str = PATH, **more: Any) -> dict[str, Any]:
    """Return the answer to a request that must be good; it is as the published schema says."""
    response = served.post(path, body(given, **more))
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    check_reply(found)
    return found


def entries(served: Running, given: Any, path: str = PATH, **more: Any) -> list[dict[str, Any]]:
    """Return the entries of an answer."""
    found: list[dict[str, Any]] = answer(served, given, path, **more)["data"]
    return found


def expected(
    served: Running,
    given: Input | str | bytes,
    task: Task = Task.TEXT_MATCHING,
    want: Want = Want.SINGLE,
    **more: Any,
) -> Embedding:
    """Return what the provider itself makes of a text or the file of a picture."""
    if isinstance(given, str | bytes):
        given = Text(given) if isinstance(given, str) else Image(given)
    [found] = served.provider.embed([given], task, want, **more)
    assert isinstance(found, Embedding)
    return found


def single(served: Running, given: Input | str | bytes, task: Task = Task.TEXT_MATCHING) -> Vector:
    """Return the provider's own single vector."""
    found = expected(served, given, task).single
    assert found is not None
    return found


def same(found: Any, vector: Vector | None) -> bool:
    """Say whether numbers are a vector's, but for what sharing a call with others changes."""
    return vector is not None and np.allclose(np.asarray(found, np.float32), vector, atol=1e-5)
