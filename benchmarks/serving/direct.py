"""The provider without a server, in this process."""

import time
from collections.abc import Sequence
from pathlib import Path

import torch

from es_jina.embedding import Embedding
from es_jina.inputs import Task, Text
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider


class Direct:
    """`embed` of single vectors of texts."""

    def __init__(self, model: Path, threads: int) -> None:
        torch.set_num_threads(threads)
        self._provider = LocalProvider(str(model), device="cpu")

    def seconds(self, texts: Sequence[str], task: Task, batch: int) -> float:
        """Return how long texts take in calls of so many."""
        began = time.perf_counter()
        for first in range(0, len(texts), batch):
            inputs = [Text(text) for text in texts[first : first + batch]]
            found = self._provider.embed(inputs, task, Want.SINGLE)
            assert all(isinstance(each, Embedding) for each in found)
        return time.perf_counter() - began
