"""The hosted Jina API as a provider."""

import io
import math
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from PIL.Image import Image as PilImage
from PIL.Image import Resampling

from es_jina.embedding import Embedding, Vector, cut
from es_jina.errors import ItemError, ProviderError
from es_jina.inputs import Image, Input, Task
from es_jina.pictures import MAX_ASPECT, open_picture, scale_to_budget
from es_jina.providers.base import V4, ModelInfo, Want
from es_jina.providers.checks import (
    check_max_pixels,
    check_want,
    checked_inputs,
    checked_spans,
    checked_task,
)
from es_jina.providers.http import JsonClient, RefusedError
from es_jina.providers.tokenizers import EstimatedTokens

BASE_URL = "https://api.jina.ai"
ROUTE = "/v1/embeddings"
# Seconds that one request goes on trying while the API is busy or out of reach.
PATIENCE = 120.0

# What one request may hold. The API allows 32,768 tokens, by some reports in the sum of a request.
MAX_ITEMS = 512
MAX_TOKENS = 30_000
# The API's limit for one image, kept for the images of a request together: no slow, huge uploads.
MAX_IMAGE_BYTES = 8_000_000

TILE = 28
# The template round an image; the prompt before a text is shorter.
PROMPT_TOKENS = 11
# PNG loses nothing, so the vectors are those of the picture itself, as with a local model, and at
# the default pixel budget it stays below 2.5 MB in base64. JPEG is for larger budgets, where PNG
# may be over the limit.
FORMATS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("PNG", {}),
    ("JPEG", {"quality": 95, "subsampling": 0}),
)

_NO_KEY = (
    "no API key: get one at https://jina.ai and set JINA_API_KEY, or run the model yourself with "
    "the local provider (pip install 'es_jina[local]')"
)


@dataclass(frozen=True, slots=True)
class _Item:
    """An input ready to be sent."""

    position: int
    wire: dict[str, str]
    tokens: int
    image_bytes: int


@dataclass(frozen=True, slots=True)
class _Answer:
    """One kind of vector of one input."""

    vector: Vector
    tokens: int


class HostedProvider:
    """Embeds with the hosted Jina API."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str = BASE_URL,
        model: str = "jina-embeddings-v4",
        patience: float = PATIENCE,
    ) -> None:
        """Open the provider; nothing is sent yet.

        Args:
            api_key: the key of the API; the environment's ``JINA_API_KEY`` by default.
            base_url: the address of a service with the same API, without ``/v1/embeddings``.
            model: jina-embeddings-v4 by the name that the service knows it by.
            patience: how many seconds a request goes on trying while the API is busy or out of
                reach: no attempt starts after them.

        Raises:
            ProviderError: there is no key, or the key or the address cannot be right.
        """
        key = (api_key or os.environ.get("JINA_API_KEY", "")).strip()
        if not key:
            raise ProviderError(_NO_KEY)
        self._client = JsonClient(base_url, key, total_seconds=patience)
        self._model = model

    def __repr__(self) -> str:
        return f"HostedProvider({self._client.host}, {self._model})"

    @property
    def model(self) -> ModelInfo:
        """What the API runs; it does not say which revision."""
        return V4

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
        """Embed inputs, in as many requests as the API's limits ask for.

        The API returns one kind of vector for each request, so asking for both costs twice.

        Args:
            inputs: texts and images in any mixture.
            task: one task for all of them.
            want: single vectors of 2048 numbers, multi-vectors, or both.
            max_pixels: the area that larger images are scaled down to; 602,112 by default.
            dimensions: the Matryoshka size that single vectors are cut to; 2048 by default.
            truncate: let the API cut off the end of a text that is too long; it does not say which.

        Returns:
            One entry for each input, in input order: its embedding, or why it has none. ``tokens``
            is exact for multi-vectors and for a text that went alone, else an estimate that
            rather errs upwards: the API counts tokens for a whole request.

        Raises:
            ProviderError: the key is refused, its balance is spent, or the API stays out of reach.
            RequestError: an input that is neither Text nor Image, no such task or dimensions.
        """
        inputs, task = checked_inputs(inputs), checked_task(task)
        check_want(want)
        check_max_pixels(max_pixels)
        self.model.check_dimensions(dimensions)
        done: dict[int, Embedding | ItemError] = {}
        options: dict[str, object] = {"task": task.value}
        if truncate:
            options["truncate"] = True
        for batch in _batches(_items(inputs, max_pixels or V4.max_pixels, done)):
            for item, result in self._embed_batch(batch, options, want):
                done[item.position] = _shortened(result, dimensions)
        return [done[position] for position in range(len(inputs))]

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

        The API reads the parts of a request as one sequence. As many as it takes go together, in
        the order given, and only they: what stands between the parts is not sent. Where the API
        finds that too long after all, the half of them is what each knows.

        Args:
            text: of any length.
            spans: first character and the one behind the last of each part.
            task: the task.
            want: single vectors, multi-vectors, or both, which costs twice.
            dimensions: the Matryoshka size that single vectors are cut to; 2048 by default.

        Returns:
            One entry for each span: its embedding, or why it has none. ``tokens`` is exact for
            multi-vectors, else an estimate that rather errs upwards.

        Raises:
            ProviderError: the key is refused, its balance is spent, or the API stays out of reach.
            RequestError: the text is no str, a span is no pair of whole numbers, no such task or
                dimensions.
        """
        spans, task = checked_spans(text, spans), checked_task(task)
        check_want(want)
        self.model.check_dimensions(dimensions)
        done: dict[int, Embedding | ItemError] = {}
        options = {"task": task.value, "late_chunking": True}
        for batch in _batches(_parts(text, spans, done)):
            for item, result in self._embed_batch(batch, options, want):
                done[item.position] = _shortened(result, dimensions)
        return [done[position] for position in range(len(spans))]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _embed_batch(
        self, batch: list[_Item], options: Mapping[str, object], want: Want
    ) -> Iterator[tuple[_Item, Embedding | ItemError]]:
        singles: Sequence[_Answer | ItemError | None] = [None] * len(batch)
        multis = singles
        if Want.SINGLE in want:
            singles = self._ask(batch, options, multi=False)
        if Want.MULTI in want:
            multis = self._ask(batch, options, multi=True)
        for item, single, multi in zip(batch, singles, multis, strict=True):
            yield item, _join(item, single, multi)

    def _ask(
        self, batch: list[_Item], options: Mapping[str, object], *, multi: bool
    ) -> list[_Answer | ItemError]:
        """Ask for one kind of vector; a refused batch is halved until the culprits stand alone."""
        body: dict[str, object] = {
            "model": self._model,
            # A quarter of the size of JSON numbers, and much less work to read.
            "embedding_type": "base64",
            "input": [item.wire for item in batch],
            **options,
        }
        if multi:
            body["return_multivector"] = True
        try:
            reply = self._client.post(ROUTE, body)
        except RefusedError as error:
            if error.code == "INPUT_MODEL_NOT_FOUND":
                raise  # no item is to blame
            if "late_chunking" in options and not _too_long(error):
                return [_refused_together(error)] * len(batch)
            if len(batch) == 1:
                return [ItemError(f"the API refused this input ({error.status}): {error.said}")]
            half = len(batch) // 2
            return [
                answer
                for part in (batch[:half], batch[half:])
                for answer in self._ask(part, options, multi=multi)
            ]
        return self._answers(reply, batch, multi=multi)

    def _answers(self, reply: Any, batch: list[_Item], *, multi: bool) -> list[_Answer | ItemError]:
        try:
            vectors = _vectors(reply, len(batch), multi=multi)
            billed = _billed(reply, batch)
        except (KeyError, TypeError, ValueError) as error:
            raise ProviderError(
                f"{self._client.host} sent an answer that does not fit the request ({error}); "
                "check that it serves jina-embeddings-v4"
            ) from error
        answers: list[_Answer | ItemError] = []
        for item, vector in zip(batch, vectors, strict=True):
            if not np.isfinite(vector).all():
                answers.append(ItemError("the API sent a vector with numbers that are not finite"))
                continue
            # A multi-vector has one vector for each token that the model read.
            tokens = len(vector) if multi else billed or item.tokens
            answers.append(_Answer(cut(vector, vector.shape[-1]), tokens))
        return answers


def _items(
    inputs: Sequence[Input], max_pixels: int, done: dict[int, Embedding | ItemError]
) -> Iterator[_Item]:
    """Prepare inputs one by one; those that cannot be read go to ``done`` instead."""
    for position, source in enumerate(inputs):
        try:
            if isinstance(source, Image):
                item = _image_item(position, source, max_pixels)
            else:
                item = _text_item(position, source.text)
        except ItemError as error:
            done[position] = error
        else:
            yield item


def _parts(
    text: str, spans: Sequence[tuple[int, int]], done: dict[int, Embedding | ItemError]
) -> Iterator[_Item]:
    """Prepare the parts of a text; those that cannot be sent go to ``done`` instead."""
    tokenizer = EstimatedTokens()
    for position, (first, end) in enumerate(spans):
        try:
            if not 0 <= first < end <= len(text):
                raise ItemError(
                    f"the span {first}..{end} is not within the text of {len(text):,} characters: "
                    "the first number must be below the second"
                )
            item = _text_item(position, text[first:end])
        except ItemError as error:
            done[position] = error
        else:
            # The prompt stands once before them all.
            yield replace(item, tokens=len(tokenizer.spans(text[first:end])))


def _too_long(error: RefusedError) -> bool:
    return error.status == 413 or error.code == "INPUT_TOKEN_LIMIT_EXCEEDED"


def _refused_together(error: RefusedError) -> ItemError:
    return ItemError(
        f"the API refused to embed this part together with its text ({error.status}): "
        f"{error.said}; embed it without late chunking"
    )


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Fill requests up to the limits; an item that is above one by itself goes alone."""
    batch: list[_Item] = []
    tokens = image_bytes = 0
    for item in items:
        tokens += item.tokens
        image_bytes += item.image_bytes
        full = len(batch) == MAX_ITEMS or tokens >= MAX_TOKENS or image_bytes >= MAX_IMAGE_BYTES
        if batch and full:
            yield batch
            batch, tokens, image_bytes = [], item.tokens, item.image_bytes
        batch.append(item)
    if batch:
        yield batch


def _text_item(position: int, text: str) -> _Item:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ItemError(f"the text is not Unicode: {error.reason}") from error
    # Prose has three to five bytes to a token. Digits have one: the API refuses such a batch if
    # it is too large, and the halves pass.
    return _Item(position, {"text": text}, math.ceil(size / 2) + PROMPT_TOKENS, 0)


def _image_item(position: int, image: Image, max_pixels: int) -> _Item:
    picture = open_picture(image)
    size = _fitted_size(picture.width, picture.height, max_pixels)
    if size != picture.size:
        # Bicubic, like the model's own preparation of images.
        picture = picture.resize(size, Resampling.BICUBIC)
    # Pillow would write a colour profile out again: bytes for nothing, or one that is not of RGB.
    picture.info.clear()
    data = _encoded(picture)
    tiles = math.ceil(picture.width / TILE) * math.ceil(picture.height / TILE)
    return _Item(position, {"image": data}, tiles + PROMPT_TOKENS, len(data))


def _fitted_size(width: int, height: int, max_pixels: int) -> tuple[int, int]:
    width, height = scale_to_budget(width, height, max_pixels)
    # Rounding down must not push a long strip over the aspect that the model takes.
    return min(width, MAX_ASPECT * height), min(height, MAX_ASPECT * width)


def _encoded(picture: PilImage) -> str:
    """Return a picture in base64, in the first format that is within the API's limit."""
    for name, options in FORMATS:
        buffer = io.BytesIO()
        picture.save(buffer, name, **options)
        data = b64encode(buffer.getbuffer()).decode()
        if len(data) < MAX_IMAGE_BYTES:
            return data
    raise ItemError("the picture is above the API's 8 MB for an image: lower max_pixels")


def _vectors(reply: Any, count: int, *, multi: bool) -> list[Vector]:
    """Read the vectors of an answer, in the order of the request.

    Raises:
        KeyError, TypeError, ValueError: the answer is not what was asked for.
    """
    data = sorted(reply["data"], key=lambda entry: int(entry["index"]))
    if [entry["index"] for entry in data] != list(range(count)):
        raise ValueError(f"{len(data)} entries for {count} inputs, or their indexes are wrong")
    if multi:
        vectors = [np.stack([_vector(row) for row in entry["embeddings"]]) for entry in data]
    else:
        vectors = [_vector(entry["embedding"]) for entry in data]
    expected = V4.multi_dims if multi else V4.dims[-1]
    for vector in vectors:
        if vector.ndim != 1 + multi or vector.shape[-1] != expected:
            raise ValueError(f"vectors of shape {vector.shape} instead of {expected} dims")
    return vectors


def _vector(value: str | list[float]) -> Vector:
    """Read one vector: base64 of little-endian float32, or plain numbers."""
    if isinstance(value, str):
        return np.frombuffer(b64decode(value, validate=True), "<f4").astype(np.float32)
    return np.array(value, dtype=np.float32)


def _billed(reply: Any, batch: list[_Item]) -> int | None:
    """Return what the API counted where that is one text's; images are billed tenfold."""
    if len(batch) > 1 or batch[0].image_bytes:
        return None
    tokens: int | None = (reply.get("usage") or {}).get("total_tokens")
    return tokens


def _join(
    item: _Item, single: _Answer | ItemError | None, multi: _Answer | ItemError | None
) -> Embedding | ItemError:
    if isinstance(single, ItemError):
        return single
    if isinstance(multi, ItemError):
        return multi
    counted = multi or single
    return Embedding(
        single=single.vector if single else None,
        multi=multi.vector if multi else None,
        tokens=counted.tokens if counted else item.tokens,
    )


def _shortened(result: Embedding | ItemError, dimensions: int | None) -> Embedding | ItemError:
    if dimensions is None or isinstance(result, ItemError) or result.single is None:
        return result
    return replace(result, single=cut(result.single, dimensions))
