"""The service behind the wire formats: a queue in front of one model."""

import asyncio
from dataclasses import replace
from itertools import pairwise

from es_jina.embedding import Embedding, cut
from es_jina.errors import ItemError, ProviderError, TooLongError
from es_jina.inputs import Image, Task, Text
from es_jina.providers.base import ModelInfo, Want
from es_jina.server.cost import cost, text_cost
from es_jina.server.limits import Limits
from es_jina.server.metrics import Metrics
from es_jina.server.queue import Queue
from es_jina.server.refused import (
    BROKEN,
    INVALID,
    TOO_LONG,
    UNAVAILABLE,
    RefusedError,
    field_refused,
)
from es_jina.server.request import EmbedRequest
from es_jina.server.work import Chunks, Kind, Unit

# Opening the headers of so many pictures takes long enough to hold up other requests.
_PICTURES_HERE = 4
# A person types a query, or a program a few at once; what is more or longer is bulk.
_QUERIES = 8
_QUERY_TOKENS = 2_000
# After which a service that is away is asked again.
_LATER_SECONDS = 10


class QueuedService:
    """Embeds requests through a queue that many clients share."""

    def __init__(self, model: ModelInfo, limits: Limits, queue: Queue, metrics: Metrics) -> None:
        """Prepare.

        Args:
            model: that the queue's workers run.
            limits: of a request.
            queue: started or not: what is asked before waits.
            metrics: told of what was embedded.
        """
        self._model = model
        self._limits = limits
        self._queue = queue
        self._metrics = metrics

    @property
    def model(self) -> ModelInfo:
        """What is served."""
        return self._model

    @property
    def limits(self) -> Limits:
        """Of a request."""
        return self._limits

    async def embed(self, request: EmbedRequest) -> list[Embedding]:
        """Embed all inputs of a request, in their order; cancelled, what still waits is dropped.

        Raises:
            RefusedError: an input cannot be embedded, or too much waits already.
        """
        self._check(request)
        units = await self._units(request)
        total = sum(unit.tokens for unit in units)
        if total > self._limits.tokens:
            raise RefusedError(
                400,
                f"the inputs have about {total:,} tokens together, over the limit of "
                f"{self._limits.tokens:,}: send fewer at a time",
                TOO_LONG,
            )
        try:
            results = await self._queue.submit(units, interactive=_is_interactive(request, total))
        except ProviderError as error:
            raise _failed(error) from error
        embeddings = [_embedded(each, at, request) for at, each in enumerate(results)]
        self._metrics.embedded(request, embeddings)
        return embeddings

    def _check(self, request: EmbedRequest) -> None:
        if Want.MULTI in request.want and self._model.multi_dims is None:
            raise field_refused("return_multivector", f"{self._model.name} has no multi-vectors")
        full = self._model.dims[-1]
        if request.dimensions is not None and not 1 <= request.dimensions <= full:
            raise field_refused("dimensions", f"Input should be from 1 to {full}")

    async def _units(self, request: EmbedRequest) -> list[Unit]:
        kind = Kind(request.task, request.want, request.truncate, request.max_pixels)
        if request.late_chunking:
            return [_chunked(request, kind)]
        if sum(isinstance(each, Image) for each in request.inputs) > _PICTURES_HERE:
            costs = await asyncio.to_thread(self._costs, request)
        else:
            costs = self._costs(request)
        return [
            Unit(content, kind, tokens)
            for content, tokens in zip(request.inputs, costs, strict=True)
        ]

    def _costs(self, request: EmbedRequest) -> list[int]:
        return [self._cost(request, number) for number in range(len(request.inputs))]

    def _cost(self, request: EmbedRequest, number: int) -> int:
        budget = request.max_pixels or self._model.max_pixels
        try:
            return cost(request.inputs[number], budget, self._limits.image_pixels)
        except ItemError as error:
            raise _refused(error, number, request) from error


def _is_interactive(request: EmbedRequest, tokens: int) -> bool:
    """Whether somebody may be waiting for the answer: a few queries, or a text to compare."""
    if request.interactive is not None:
        return request.interactive
    if len(request.inputs) > _QUERIES or tokens > _QUERY_TOKENS:
        return False
    if request.task.value.endswith(".query"):
        return True
    single = len(request.inputs) == 1 and isinstance(request.inputs[0], Text)
    return request.task is Task.TEXT_MATCHING and single


def _chunked(request: EmbedRequest, kind: Kind) -> Unit:
    """Put the inputs of a request into one text, of which each is a part."""
    texts = [each.text for each in request.inputs if isinstance(each, Text)]
    if len(texts) < len(request.inputs):
        raise field_refused("late_chunking", "it reads texts alone: leave the images out")
    ends = [0]
    for number, text in enumerate(texts):
        if not text:
            raise field_refused(
                f"input -> {number}", "an empty text is no part of the others: leave it out"
            )
        ends.append(ends[-1] + len(text))
    whole = "".join(texts)
    return Unit(Chunks(whole, tuple(pairwise(ends))), kind, text_cost(whole))


def _embedded(result: Embedding | ItemError, number: int, request: EmbedRequest) -> Embedding:
    if isinstance(result, ItemError):
        raise _refused(result, number, request)
    if request.dimensions is None or result.single is None:
        return result
    return replace(result, single=cut(result.single, request.dimensions))


def _refused(error: ItemError, number: int, request: EmbedRequest) -> RefusedError:
    """Return the refusal of a request for one of its inputs."""
    which = f"input {number}: " if len(request.inputs) > 1 else ""
    code = TOO_LONG if isinstance(error, TooLongError) else INVALID
    return RefusedError(400, f"{which}{error}", code)


def _failed(error: ProviderError) -> RefusedError:
    """Return what stands for a model that failed, or a service behind it that stayed away."""
    if error.passing:
        return RefusedError(503, str(error), UNAVAILABLE, retry_after=_LATER_SECONDS)
    return RefusedError(500, str(error), BROKEN)
