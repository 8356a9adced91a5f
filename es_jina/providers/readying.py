"""Inputs made ready to be sent, pictures in threads and ahead of their turn."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import anyio.to_thread

from es_jina.errors import ItemError
from es_jina.inputs import Input, Text
from es_jina.providers.hosted_models import HostedModel
from es_jina.providers.payload import PROMPT_TOKENS, Item, part, prepared
from es_jina.providers.tokenizers import EstimatedTokens

# Pictures that are ready before their turn, each up to 8 MB, and the threads that do it.
_AHEAD, _THREADS = 8, 4

Failed = dict[int, ItemError]
_Coming = Item | ItemError | Future[Item | ItemError]


class Readying:
    """Makes inputs ready for one model.

    Attributes:
        model: that reads them.
    """

    def __init__(self, model: HostedModel) -> None:
        self.model = model
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="es-jina-picture")

    async def items(
        self, inputs: Sequence[Input], max_pixels: int | None, failed: Failed
    ) -> AsyncIterator[Item]:
        """Yield inputs in their order; those that cannot be read go to ``failed`` instead.

        Args:
            inputs: texts and images.
            max_pixels: the area that larger images are scaled down to; the model's by default.
            failed: by position.
        """
        budget = max_pixels or self.model.info.max_pixels
        coming: deque[tuple[int, _Coming]] = deque()
        for position, source in enumerate(inputs):
            coming.append((position, self._start(position, source, budget)))
            if len(coming) > _AHEAD and (item := await _ready(coming, failed)):
                yield item
        while coming:
            if item := await _ready(coming, failed):
                yield item

    async def parts(
        self, text: str, spans: Sequence[tuple[int, int]], failed: Failed
    ) -> AsyncIterator[Item]:
        """Yield the parts of a text; those that cannot be sent go to ``failed`` instead."""
        for position, span in enumerate(spans):
            item = part(position, text, span)
            if isinstance(item, ItemError):
                failed[position] = item
            else:
                yield item

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _start(self, position: int, source: Input, budget: int) -> _Coming:
        if isinstance(source, Text):
            return prepared(position, source, self.model, budget)
        return self._threads.submit(prepared, position, source, self.model, budget)


async def _ready(coming: deque[tuple[int, _Coming]], failed: Failed) -> Item | None:
    """Wait for the first that is coming."""
    position, item = coming.popleft()
    if isinstance(item, Future):
        if not item.done():
            await anyio.to_thread.run_sync(item.exception, abandon_on_cancel=True)
        item = item.result()
    if isinstance(item, ItemError):
        failed[position] = item
        return None
    return item


def likely_tokens(item: Item, model: HostedModel) -> int:
    """Return what the API will probably count for an item."""
    if item.tiles:
        return model.billed_per_tile * item.tiles
    return len(EstimatedTokens().spans(item.wire["text"])) + PROMPT_TOKENS
