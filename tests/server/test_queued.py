"""Which requests go before the others."""

import asyncio

import pytest

from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.base import V4, Want
from es_jina.server.limits import Limits
from es_jina.server.metrics import Metrics
from es_jina.server.queue import Queue
from es_jina.server.queued import QueuedService
from es_jina.server.request import EmbedRequest

from .queue_doubles import Double, play, settled

QUERY, PASSAGE, MATCHING = Task.RETRIEVAL_QUERY, Task.RETRIEVAL_PASSAGE, Task.TEXT_MATCHING


def texts(count: int, length: int = 3) -> list[Input]:
    return [Text("7 " + length * "a")] * count


def picture(size: int) -> Image:
    import PIL.Image

    return Image(PIL.Image.new("RGB", (size, size)))


@pytest.mark.parametrize(
    ("task", "inputs", "first"),
    [
        (QUERY, texts(1), True),
        (QUERY, texts(8), True),
        (QUERY, texts(9), False),
        (QUERY, texts(1, 9000), False),
        (QUERY, texts(8, 900), True),
        (QUERY, texts(8, 1100), False),
        (Task.CODE_QUERY, texts(2), True),
        (QUERY, [picture(700)], True),
        (QUERY, [picture(700)] * 2, False),
        (MATCHING, texts(1), True),
        (MATCHING, texts(1, 9000), False),
        (MATCHING, texts(2), False),
        (MATCHING, [picture(28)], False),
        (PASSAGE, texts(1), False),
    ],
)
def test_a_few_queries_go_first_and_many_do_not(
    task: Task, inputs: list[Input], first: bool
) -> None:
    assert goes_first(task, inputs) is first


@pytest.mark.parametrize("task", [QUERY, MATCHING])
def test_what_is_said_to_be_bulk_does_not_go_first(task: Task) -> None:
    assert not goes_first(task, texts(1), interactive=False)


def goes_first(task: Task, inputs: list[Input], **more: bool) -> bool:
    """Say whether a request is served before passages that came earlier."""
    first = False

    async def job() -> None:
        provider, limits = Double(held=True), Limits(batch_tokens=1)
        queue = Queue(limits)
        service = QueuedService(V4, limits, queue, Metrics())

        def asking(task: Task, inputs: list[Input], **more: bool) -> "asyncio.Task[object]":
            request = EmbedRequest(tuple(inputs), task, Want.SINGLE, **more)
            return asyncio.ensure_future(service.embed(request))

        bulk = asking(PASSAGE, [Text("1"), Text("2")])
        await settled()
        asked = asking(task, inputs, **more)
        await settled()
        queue.start([provider])
        await provider.entered()
        nonlocal first
        first = provider.calls[0] != ["1"]
        provider.let_all_go()
        for each in (bulk, asked):
            each.cancel()
        await asyncio.wait([bulk, asked])
        await queue.drain()

    play(job)
    return first
