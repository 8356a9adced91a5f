"""What the tests of the hosted provider share: inputs, and what must come of them."""

import io
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from es_jina.embedding import Embedding
from es_jina.errors import ItemError
from es_jina.inputs import Task, Text
from es_jina.providers.base import Want
from es_jina.testing import StubApi, expected

Rows = NDArray[np.float32]

BOTH = Want.SINGLE | Want.MULTI
TASK = Task.RETRIEVAL_PASSAGE


def until(happened: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.002)


def texts(count: int) -> list[Text]:
    return [Text(f"text {number}") for number in range(count)]


def embedding(result: Embedding | ItemError) -> Embedding:
    assert isinstance(result, Embedding), result
    return result


def single(result: Embedding | ItemError) -> Rows:
    vector = embedding(result).single
    assert vector is not None
    return vector


def multi(result: Embedding | ItemError) -> Rows:
    vectors = embedding(result).multi
    assert vectors is not None
    return vectors


def failure(result: Embedding | ItemError) -> str:
    assert isinstance(result, ItemError)
    return str(result)


def failures(results: Sequence[Embedding | ItemError]) -> list[int]:
    return [at for at, result in enumerate(results) if isinstance(result, ItemError)]


def unit(rows: Rows) -> Rows:
    normed: Rows = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return normed


def assert_singles(
    results: Iterable[Embedding | ItemError], wire: Iterable[str], task: Task = TASK
) -> None:
    """Hold single vectors against what the stub makes of texts as they are sent."""
    for result, text in zip(results, wire, strict=True):
        np.testing.assert_allclose(single(result), unit(expected(text, task)), atol=1e-6)


def assert_multis(
    results: Iterable[Embedding | ItemError], wire: Iterable[str], task: Task = TASK
) -> None:
    """Hold multi-vectors against what the stub makes of texts as they are sent."""
    for result, text in zip(results, wire, strict=True):
        wanted = unit(expected(text, task, multi=True))
        np.testing.assert_allclose(multi(result), wanted, atol=1e-6)


def sizes(api: StubApi) -> list[int]:
    """How many items the requests had, in the order of their arrival."""
    return [len(body["input"]) for body in api.bodies]


def statuses(api: StubApi) -> list[int | None]:
    return [seen.status for seen in api.requests]


def picture(width: int, height: int, *, noise: bool = False) -> Pillow.Image:
    if noise:
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        return Pillow.fromarray(pixels)
    return Pillow.linear_gradient("L").resize((width, height)).convert("RGB")


def file_bytes(image: Pillow.Image, name: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def parted(words: list[str]) -> tuple[str, list[tuple[int, int]]]:
    """Return a text of these parts, and where they are."""
    text = "\n".join(words)
    ends = np.cumsum([len(word) + 1 for word in words]) - 1
    return text, [(int(end) - len(word), int(end)) for word, end in zip(words, ends, strict=True)]
