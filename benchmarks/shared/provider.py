"""A provider whose vectors were made before, so that all the rest is measured."""

from collections.abc import Callable, Sequence
from typing import Any, Self

from es_jina.embedding import Embedding
from es_jina.errors import ItemError
from es_jina.inputs import Input, Task, Text
from es_jina.providers.base import ModelInfo, Want


class AtOnce:
    """Answers at once.

    Args:
        model: what it claims to run.
        answer: the embedding of an input.
    """

    def __init__(self, model: ModelInfo, answer: Callable[[Input], Embedding]) -> None:
        self._model = model
        self._answer = answer

    @property
    def model(self) -> ModelInfo:
        """What it claims to run."""
        return self._model

    def embed(
        self, inputs: Sequence[Input], task: Task, want: Want, **_: Any
    ) -> list[Embedding | ItemError]:
        """Answer."""
        return [self._answer(each) for each in inputs]

    def embed_spans(
        self, text: str, spans: Sequence[tuple[int, int]], task: Task, want: Want = Want.SINGLE,
        **_: Any,
    ) -> list[Embedding | ItemError]:  # fmt: skip
        """Answer for each as for the whole."""
        return [self._answer(Text(text))] * len(spans)

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
