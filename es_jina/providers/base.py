"""What every provider offers, wherever the model runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Flag, auto
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, RequestError
from es_jina.inputs import Input, Task
from es_jina.providers.toy import Toy

MODEL_ID = "jinaai/jina-embeddings-v4"
LICENCE = (
    "jina-embeddings-v4 weights: Qwen Research License / CC BY-NC 4.0, non-commercial use only"
)


class Want(Flag):
    """Which vectors to return."""

    SINGLE = auto()
    MULTI = auto()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a provider runs.

    Attributes:
        name: a hub id or the path of a checkpoint folder.
        revision: what tells these weights from others of that name; ``None`` where nobody says.
        dims: the Matryoshka sizes of the single vector, ascending; the last is the full size.
        multi_dims: the size of each vector of a multi-vector; ``None`` for a model without.
        max_pixels: the default pixel budget of an image.
        toy: what a toy says of itself; ``None`` for a model that is none.
    """

    name: str
    revision: str | None
    dims: tuple[int, ...]
    multi_dims: int | None
    max_pixels: int
    toy: Toy | None = None

    @property
    def shown(self) -> str:
        """The name for people: of a folder its last part, and of a toy's folder that it is one."""
        folder = Path(self.name)
        if not folder.is_absolute():
            return self.name
        return folder.name if self.toy is None else "the demo's toy"

    @property
    def identity(self) -> str:
        """The revision where there is one: a folder may move, its weights stay the same."""
        return self.revision or self.name

    def check_dimensions(self, dimensions: int | None) -> None:
        """Refuse a size that single vectors cannot be cut to; ``None`` is the full size.

        Raises:
            RequestError: it is none of `dims`.
        """
        if dimensions is None:
            return
        if not isinstance(dimensions, int) or dimensions not in self.dims:
            raise RequestError(
                f"{self.name} has no {dimensions} dimensions: choose from "
                f"{', '.join(map(str, self.dims))}"
            )


V4 = ModelInfo(
    name=MODEL_ID,
    revision=None,
    dims=(128, 256, 512, 1024, 2048),
    multi_dims=128,
    max_pixels=602_112,
)


class Tokenizer(Protocol):
    """Something that tells the tokens of a text, without the model."""

    def spans(self, text: str) -> NDArray[np.int32]:
        """Return the characters of each token.

        Args:
            text: any, with lone surrogates too.

        Returns:
            Shape (tokens, 2): first character and the one behind the last, neither ever before that
            of the token before. A token that is a part of a character has that character.
        """
        ...


class Provider(Protocol):
    """Something that embeds."""

    @property
    def model(self) -> ModelInfo:
        """What this provider runs."""
        ...

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
        """Embed inputs in one call.

        Args:
            inputs: texts and images in any mixture.
            task: one task for all of them.
            want: single vectors, multi-vectors, or both.
            max_pixels: the pixel budget of an image; the model's own by default.
            dimensions: the Matryoshka size that single vectors are cut to; full by default.
            truncate: cut off the end of a text that is too long, and say so in its embedding;
                otherwise it has an error.

        Returns:
            One entry for each input, in input order. An input that cannot be embedded has its
            :class:`ItemError` in its place; the others are not harmed by it.

        Raises:
            ProviderError: the whole call failed.
            RequestError: something was asked that cannot be: an input that is neither Text nor
                Image, no such task or dimensions, no adapter for the task.
        """
        ...

    def embed_spans(
        self,
        text: str,
        spans: Sequence[tuple[int, int]],
        task: Task,
        want: Want = Want.SINGLE,
        *,
        dimensions: int | None = None,
    ) -> list[Embedding | ItemError]:
        """Embed parts of one text so that each knows the others (late chunking).

        Args:
            text: the text.
            spans: first character and the one behind the last of each part.
            task: the task.
            want: single vectors, multi-vectors, or both.
            dimensions: the Matryoshka size of the single vectors; the full size by default.

        Returns:
            One entry for each span: its embedding, whose `tokens` are those of the span alone, or
            why it has none.

        Raises:
            ProviderError: the whole call failed.
            RequestError: the text is no str, a span is no pair of whole numbers, no such task or
                dimensions, or no adapter for the task.
        """
        ...

    def close(self) -> None:
        """Let go of the model or the connections."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


@runtime_checkable
class OnDevices(Protocol):
    """A provider that runs the model on devices of this machine."""

    def memory(self) -> dict[str, int]:
        """Return the bytes that it takes of each GPU, by the device's name."""
        ...


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document that a reranker has judged.

    Attributes:
        index: its place among those that were given.
        score: how relevant it is, 0 to 1; 0 where nobody knows.
        error: why it could not be judged.
    """

    index: int
    score: float
    error: ItemError | None = None


class Reranker(Protocol):
    """Something that reads a query together with each document."""

    def rerank(
        self,
        query: Input,
        documents: Sequence[Input],
        *,
        top_n: int | None = None,
        truncate: bool = False,
    ) -> list[Ranked]:
        """Order documents by their relevance to a query.

        Args:
            query: a text or an image.
            documents: texts and images in any mixture.
            top_n: how many of the best to return; all by default.
            truncate: read the beginning of a document that is too long; else it has an error.

        Returns:
            The documents best first; behind them those that could not be judged.

        Raises:
            ItemError: the query cannot be read.
            ProviderError: the whole call failed.
            RequestError: something was asked that cannot be.
        """
        ...

    def close(self) -> None:
        """Let go of the model or the connections."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...
