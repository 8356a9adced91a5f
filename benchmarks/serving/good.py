"""Requests that must be answered right, whatever else the server meets."""

import base64
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from PIL import Image as Pictures

from es_jina.embedding import Embedding, cut
from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider
from serving.checkpoint import short_texts
from serving.client import post
from serving.together import MODEL

# Sums in another order: the model pads and packs what shares a call in many ways.
_TOLERANCE = 1e-4
_DIMS = 128

Check = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Case:
    """A request.

    Attributes:
        name: of its kind.
        request: head and body.
        check: whether the body of an answer is right.
    """

    name: str
    request: bytes
    check: Check


def cases(model: Path) -> list[Case]:
    """Return requests of all kinds, with what the provider itself answers them.

    Args:
        model: the checkpoint that the server has too.
    """
    texts = short_texts(48, seed=7)
    pictures = [_picture(number) for number in range(4)]
    with LocalProvider(str(model), device="cpu") as provider:
        known = _Known(provider)
        return [
            *(_single(known, text, task) for text in texts[:8] for task in Task),
            *(_batch(known, texts[first : first + 16]) for first in (0, 16, 32)),
            *(_base64(known, text) for text in texts[8:12]),
            *(_both(known, text) for text in texts[12:16]),
            *(_images(known, picture) for picture in pictures),
            *(_tei(known, texts[first : first + 3]) for first in (16, 19)),
            _late_chunks(provider, texts[:6]),
            _rerank(known, texts[20], texts[21:30]),
            _pdf(),
        ]


class _Known:
    """The provider's own answers."""

    def __init__(self, provider: LocalProvider) -> None:
        self._provider = provider

    def one(self, content: Input, task: Task, want: Want = Want.SINGLE) -> Embedding:
        found = self._provider.embed([content], task, want)[0]
        assert isinstance(found, Embedding)
        return found


def _single(known: _Known, text: str, task: Task) -> Case:
    expected = known.one(Text(text), task).single
    body = {"model": MODEL, "input": [text], "task": task.value}
    return Case("text", post("/v1/embeddings", body), _singles([expected]))


def _batch(known: _Known, texts: list[str]) -> Case:
    task = Task.RETRIEVAL_PASSAGE
    found = [known.one(Text(text), task).single for text in texts]
    body = {"model": MODEL, "input": texts, "dimensions": _DIMS}
    expected = [cut(each, _DIMS) for each in found if each is not None]
    return Case("texts", post(f"/v1/{task.value}/embeddings", body), _singles(expected))


def _base64(known: _Known, text: str) -> Case:
    expected = known.one(Text(text), Task.RETRIEVAL_QUERY).single
    body = {"model": f"{MODEL}:retrieval.query", "input": text, "encoding_format": "base64"}
    return Case("base64", post("/v1/embeddings", body), _singles([expected]))


def _both(known: _Known, text: str) -> Case:
    found = known.one(Text(text), Task.RETRIEVAL_PASSAGE, Want.SINGLE | Want.MULTI)
    forms = {"return_multivector": True, "return_embedding": True, "embedding_type": "base64"}
    body = {"model": MODEL, "input": [text], "task": "retrieval.passage", **forms}

    def check(data: bytes) -> bool:
        [entry] = orjson.loads(data)["data"]
        return _near(entry["embedding"], found.single) and _near(entry["embeddings"], found.multi)

    return Case("both", post("/v1/embeddings", body), check)


def _images(known: _Known, picture: bytes) -> Case:
    task = Task.RETRIEVAL_PASSAGE
    expected = known.one(Image(picture), task).single
    body = {"model": MODEL, "input": [{"image": _data_uri(picture)}], "task": task.value}
    return Case("image", post("/v1/embeddings", body), _singles([expected]))


def _tei(known: _Known, texts: list[str]) -> Case:
    expected = [known.one(Text(text), Task.RETRIEVAL_QUERY).single for text in texts]

    def check(data: bytes) -> bool:
        return _all_near(orjson.loads(data), expected)

    return Case("tei", post("/embed", {"inputs": texts, "prompt_name": "query"}), check)


def _late_chunks(provider: LocalProvider, texts: list[str]) -> Case:
    ends = [0]
    for text in texts:
        ends.append(ends[-1] + len(text))
    spans = list(pairwise(ends))
    found = provider.embed_spans("".join(texts), spans, Task.RETRIEVAL_PASSAGE)
    expected = [each.single for each in found if isinstance(each, Embedding)]
    body = {"model": MODEL, "input": texts, "task": "retrieval.passage", "late_chunking": True}
    return Case("late chunks", post("/v1/embeddings", body), _singles(expected))


def _rerank(known: _Known, query: str, documents: list[str]) -> Case:
    asked = known.one(Text(query), Task.RETRIEVAL_QUERY, Want.MULTI).multi
    assert asked is not None
    scores = []
    for document in documents:
        vectors = known.one(Text(document), Task.RETRIEVAL_PASSAGE, Want.MULTI).multi
        assert vectors is not None
        scores.append(float(np.clip((asked @ vectors.T).max(axis=1).mean(), 0, 1)))

    def check(data: bytes) -> bool:
        results = orjson.loads(data)["results"]
        told = {each["index"]: each["relevance_score"] for each in results}
        return _near([told[number] for number in range(len(scores))], np.array(scores))

    return Case("rerank", post("/v1/rerank", {"query": query, "documents": documents}), check)


def _pdf() -> Case:
    written = io.BytesIO()
    Pictures.new("RGB", (200, 280), "white").save(written, "PDF")
    body = {"model": MODEL, "input": {"pdf": base64.b64encode(written.getvalue()).decode()}}
    first: list[Any] = []

    def check(data: bytes) -> bool:
        [entry] = orjson.loads(data)["data"]
        first.append(entry["embedding"])  # that of the first answer is what the others must be
        del first[1:]
        return _near(entry["embedding"], np.array(first[0]))

    return Case("pdf", post("/v1/embeddings", body), check)


def _singles(expected: Sequence[NDArray[np.float32] | None]) -> Check:
    return lambda data: _all_near(
        [entry["embedding"] for entry in orjson.loads(data)["data"]], expected
    )


def _all_near(found: Sequence[Any], expected: Sequence[NDArray[np.float32] | None]) -> bool:
    return len(found) == len(expected) and all(map(_near, found, expected))


def _near(found: Any, expected: NDArray[Any] | None) -> bool:
    """Say whether a vector or rows are what they should be, as numbers or in base64."""
    if isinstance(found, str):
        found = np.frombuffer(base64.b64decode(found), "<f4")
    elif isinstance(found[0], str):
        found = [np.frombuffer(base64.b64decode(row), "<f4") for row in found]
    given = np.asarray(found)
    return (
        expected is not None
        and given.shape == expected.shape
        and bool(np.abs(given - expected).max() < _TOLERANCE)
    )


def _picture(seed: int) -> bytes:
    rng = random.Random(seed)
    pixels = bytes(rng.randrange(256) for _ in range(8 * 8 * 3))
    written = io.BytesIO()
    Pictures.frombytes("RGB", (8, 8), pixels).resize((112, 84)).save(written, "PNG")
    return written.getvalue()


def _data_uri(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"
