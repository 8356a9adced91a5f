"""A provider that is quick, always gives the same vectors, and writes down what it was asked."""

import hashlib
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from es_jina.dense import dense_profiles
from es_jina.embedding import Embedding, Vector, unit
from es_jina.errors import ItemError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.pictures import open_picture
from es_jina.profile import IndexProfile, MultiVectorProfile
from es_jina.providers.base import ModelInfo, Want

DIMS, TOKENS = 128, 4
INFO = ModelInfo("double", "revision-1", (DIMS,), 128, 20_000)
PROFILE = IndexProfile(
    INFO.name,
    INFO.revision,
    dense_profiles(DIMS),
    MultiVectorProfile("binary", "bit"),
    INFO.max_pixels,
)


class WordTokenizer:
    """Each run of letters and each other character is a token."""

    def spans(self, text: str) -> NDArray[np.int32]:
        found = [match.span() for match in re.finditer(r"\w{1,8}|[^\w\s]", text)]
        return np.array(found, np.int32).reshape(-1, 2)


class DoubleProvider:
    """Vectors from a digest of the input; `log` gets a line for each call: the process, which."""

    def __init__(self, log: Path | None = None, seconds: float = 0.0) -> None:
        self.log = log
        self.seconds = seconds  # what a call takes at least
        self.calls: list[list[str]] = []

    @property
    def model(self) -> ModelInfo:
        return INFO

    def embed(
        self,
        inputs: Sequence[Input],
        task: Task,
        want: Want,
        *,
        max_pixels: int | None = None,
        dimensions: int | None = None,
        truncate: bool = False,
    ) -> list[Embedding | ItemError]:
        digests = [_digest(item) for item in inputs]
        self._write_down([d if isinstance(d, str) else "error" for d in digests])
        return [d if isinstance(d, ItemError) else _embedding(d) for d in digests]

    def embed_spans(
        self,
        text: str,
        spans: Sequence[tuple[int, int]],
        task: Task,
        want: Want = Want.SINGLE,
        *,
        dimensions: int | None = None,
    ) -> list[Embedding | ItemError]:
        digests = [_hash(f"{text[first:end]} in {text}".encode()) for first, end in spans]
        self._write_down(digests)
        return [_embedding(digest) for digest in digests]

    def close(self) -> None:
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _write_down(self, digests: list[str]) -> None:
        time.sleep(self.seconds)
        self.calls.append(digests)
        if self.log is not None:
            line = f"{os.getpid()} {' '.join(digests)}\n".encode()
            descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(descriptor, line)
            os.close(descriptor)


def _digest(item: Input) -> str | ItemError:
    if isinstance(item, Text):
        return _hash(item.text.encode())
    assert isinstance(item, Image)
    try:
        picture = open_picture(item)
    except ItemError as error:
        return error
    return _hash(picture.tobytes())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _embedding(digest: str) -> Embedding:
    rng = np.random.default_rng(int(digest, 16))
    single: Vector = rng.standard_normal(DIMS, dtype=np.float32)
    multi: Vector = rng.standard_normal((TOKENS, 128), dtype=np.float32)
    return Embedding(unit(single), unit(multi), TOKENS)
