"""Multi-vectors of queries, which Elasticsearch sends again with each batch of documents."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from es_jina.embedding import Embedding
from es_jina.inputs import Input, Task, Text
from es_jina.server.request import EmbedRequest
from es_jina.server.rerank import query_request
from es_jina.server.service import Service

# Letters of a query that is kept; a letter may be a token, and that is half a kilobyte. So short a
# one is never cut off: whether it might be makes no difference.
_LONGEST = 1000

_Key = tuple[str, Task]


@dataclass(slots=True, eq=False)
class _Making:
    """A query's embedding, made or being made, and how many wait for it."""

    task: asyncio.Task[Embedding]
    waiting: int = 0


class QueryVectors:
    """The multi-vectors of the latest queries, least recently used out first.

    Those who ask for the same one at the same time wait for one call of the model. For one event
    loop.
    """

    def __init__(self, service: Service, size: int = 128) -> None:
        self._service = service
        self._size = size
        self._kept: OrderedDict[_Key, _Making] = OrderedDict()

    async def get(
        self, query: Input, task: Task, *, truncate: bool = False, max_pixels: int | None = None
    ) -> Embedding:
        """Return the embedding of a query, with its multi-vector.

        Args:
            query: a text or an image.
            task: of queries.
            truncate: whether the end of a text that is too long is cut off.
            max_pixels: the pixel budget of an image; the model's own by default.

        Raises:
            RefusedError: it cannot be embedded, or too much waits already.
        """
        if not isinstance(query, Text) or len(query.text) > _LONGEST:
            request = query_request(query, task, truncate=truncate, max_pixels=max_pixels)
            return await self._embedded(request)
        key = (query.text, task)
        making = self._kept.get(key)
        if making is None:
            making = self._make(key, query)
        self._kept.move_to_end(key)
        making.waiting += 1
        try:
            # Whoever hangs up ends their own waiting alone, the last one the embedding too.
            return await asyncio.shield(making.task)
        finally:
            making.waiting -= 1
            if not making.waiting and not making.task.done():
                self._forget(key, making)
                making.task.cancel()

    def _make(self, key: _Key, query: Text) -> _Making:
        task = asyncio.create_task(self._embedded(query_request(query, key[1])))
        making = self._kept[key] = _Making(task)
        task.add_done_callback(lambda _: self._forget_failed(key, making))
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return making

    def _forget_failed(self, key: _Key, making: _Making) -> None:
        if making.task.cancelled() or making.task.exception() is not None:
            self._forget(key, making)

    def _forget(self, key: _Key, making: _Making) -> None:
        if self._kept.get(key) is making:
            del self._kept[key]

    async def _embedded(self, request: EmbedRequest) -> Embedding:
        (embedding,) = await self._service.embed(request)
        return embedding
