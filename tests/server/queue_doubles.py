"""Providers whose calls the tests hold and let go."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Self

import numpy as np

from es_jina.embedding import Embedding
from es_jina.errors import ItemError
from es_jina.inputs import Input, Task, Text
from es_jina.providers.base import V4, ModelInfo, Want
from es_jina.server.queue import Queue
from es_jina.server.work import Chunks, Kind, Unit

KIND = Kind(Task.RETRIEVAL_PASSAGE, Want.SINGLE)
QUERY = Kind(Task.RETRIEVAL_QUERY, Want.SINGLE)

# A busy machine is no failure; a hung test is.
PATIENCE = 30.0


class Double:
    """Embeds a text as its number, `Text("7 ...")` as 7; what begins with a word breaks.

    Attributes:
        calls: the texts of each call.
        breaking: what to raise in a call that holds a text beginning with that word.
    """

    def __init__(self, *, held: bool = False) -> None:
        self.calls: list[list[str]] = []
        self.breaking: dict[str, BaseException] = {}
        self._held = held
        self._entered = threading.Semaphore(0)
        self._leave = threading.Semaphore(0)

    async def entered(self) -> None:
        """Wait until a further call is being held."""
        assert await asyncio.to_thread(self._entered.acquire, timeout=PATIENCE)

    def let_go(self, calls: int = 1) -> None:
        self._leave.release(calls)

    def let_all_go(self) -> None:
        self._held = False
        self._leave.release(1000)

    @property
    def model(self) -> ModelInfo:
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
        texts = [each.text for each in inputs if isinstance(each, Text)]
        self._call(texts)
        return [self._embedded(text, truncate) for text in texts]

    def embed_spans(
        self,
        text: str,
        spans: Sequence[tuple[int, int]],
        task: Task,
        want: Want = Want.SINGLE,
        *,
        dimensions: int | None = None,
    ) -> list[Embedding | ItemError]:
        self._call([text])
        return [self._embedded(text[first:end]) for first, end in spans]

    def _call(self, texts: list[str]) -> None:
        self.calls.append(texts)
        if self._held:
            self._entered.release()
            assert self._leave.acquire(timeout=PATIENCE)
        for text in texts:
            error = self.breaking.get(text.split()[0])
            if error is not None:
                raise error

    def _embedded(self, text: str, truncated: bool = False) -> Embedding | ItemError:
        if text.startswith("unreadable"):
            return ItemError(f"cannot read {text}")
        number = np.array([float(text.split(maxsplit=1)[0])], np.float32)
        return Embedding(number, None, 1, truncated=truncated)

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass


def unit(text: object, kind: Kind = KIND, tokens: int = 10) -> Unit:
    return Unit(Text(str(text)), kind, tokens)


def units(*texts: object, kind: Kind = KIND, tokens: int = 10) -> list[Unit]:
    return [unit(text, kind, tokens) for text in texts]


def chunks(text: str, *spans: tuple[int, int], kind: Kind = KIND) -> Unit:
    return Unit(Chunks(text, spans), kind, 10)


def numbers(found: Sequence[Embedding | ItemError]) -> list[int | str]:
    """The number of each embedding, the message of each error."""
    return [str(each) if isinstance(each, ItemError) else int(singles(each)[0]) for each in found]


def singles(embedding: Embedding) -> list[float]:
    assert embedding.single is not None
    return [float(number) for number in embedding.single]


async def asked(queue: Queue, waiting: Sequence[Unit], *, query: bool = False) -> list[int | str]:
    return numbers(await queue.submit(waiting, interactive=query))


def asking(queue: Queue, *waiting: Unit, query: bool = False) -> "asyncio.Task[list[int | str]]":
    """A client in the background."""
    return asyncio.ensure_future(asked(queue, waiting, query=query))


async def settled() -> None:
    """Let every client get as far as it gets."""
    for _ in range(5):
        await asyncio.sleep(0)


def play(job: Callable[[], Awaitable[None]]) -> None:
    async def playing() -> None:
        async with asyncio.timeout(2 * PATIENCE):
            await job()

    asyncio.run(playing())
