"""POST /v1/embeddings: the hosted API's format, which OpenAI's clients can read too."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from es_jina.inputs import Input, Task
from es_jina.server.request import EmbedRequest
from es_jina.server.service import Service
from es_jina.server.wire.bodies import TAGS, EmbeddingBody, ImageItem, PdfItem, TextItem
from es_jina.server.wire.embedding_answer import count_numbers, parts_of
from es_jina.server.wire.files import RequestFiles, WireFiles
from es_jina.server.wire.names import task_of_model
from es_jina.server.wire.reading import check_number, read_body

# Numbers of an answer that take long enough to hold up other requests.
_LARGE_ANSWER = 256 * 1024


class EmbeddingsRoute:
    """Answers embedding requests."""

    def __init__(self, service: Service, files: WireFiles) -> None:
        self._service = service
        self._files = files

    async def answer(self, data: bytes, task: Task | None = None) -> bytes | AsyncIterator[bytes]:
        """Return the answer to a body, a large one part by part.

        Args:
            data: the body.
            task: what the address says of it; the body's own goes before.

        Raises:
            RefusedError: the request cannot be served.
        """
        body = await read_body(EmbeddingBody, data, TAGS)
        named = task_of_model(body.model, self._service.model)
        request = EmbedRequest(
            await self._inputs(body),
            body.named_task or task or named or Task.TEXT_MATCHING,
            body.want,
            body.dimensions,
            truncate=bool(body.truncate),
            late_chunking=bool(body.late_chunking),
        )
        embeddings = await self._service.embed(request)
        parts = parts_of(body, request, embeddings)
        numbers = sum(count_numbers(each) for each in embeddings)
        return _one_by_one(parts) if numbers > _LARGE_ANSWER else b"".join(parts)

    async def _inputs(self, body: EmbeddingBody) -> tuple[Input, ...]:
        given = body.input
        files = self._files.of_request()
        if isinstance(given, PdfItem):
            return tuple(await files.pages(given.pdf, "input -> pdf"))
        if not isinstance(given, list):
            return (await _input(files, given, "input"),)
        check_number("input", len(given), self._service.limits.items)
        inputs = [await _input(files, each, f"input -> {at}") for at, each in enumerate(given)]
        return tuple(inputs)


async def _input(files: RequestFiles, item: str | TextItem | ImageItem, field: str) -> Input:
    if isinstance(item, ImageItem):
        return await files.image(item.image, f"{field} -> image")
    if isinstance(item, TextItem):
        return await files.text_or_image(item.text, f"{field} -> text")
    return await files.text_or_image(item, field)


async def _one_by_one(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Write parts while others are served: whole, pages of multi-vectors are tens of megabytes."""
    while part := await asyncio.to_thread(next, parts, b""):
        yield part
