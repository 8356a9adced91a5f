"""Loads the model while the server answers already, and ends it."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from es_jina.errors import ItemError, ProviderError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.base import Provider, Want
from es_jina.server.health import Health
from es_jina.server.queue import Queue

T = TypeVar("T")
OpenProviders = Callable[[], Sequence[Provider]]


class ModelRunner:
    """The life of a server's model."""

    def __init__(
        self,
        queue: Queue,
        health: Health,
        open_providers: OpenProviders,
        *,
        on_loaded: Callable[[Sequence[Provider]], object] = lambda _: None,
        at_end: Callable[[], object] = lambda: None,
    ) -> None:
        """Prepare.

        Args:
            queue: that the model works for.
            health: told when it is ready.
            open_providers: loads it: one provider for each worker; called in a thread.
            on_loaded: told what it has loaded.
            at_end: called when nothing is embedded any more.
        """
        self._queue = queue
        self._health = health
        self._open = open_providers
        self._on_loaded = on_loaded
        self._at_end = at_end
        self._providers: Sequence[Provider] = ()
        self._stopping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the model, warm it up, and begin with what waits already.

        Raises:
            EsJinaError: it cannot be loaded, or embeds nothing.
        """
        self._providers = await _in_own_thread(self._open)
        warming = [_in_own_thread(partial(_warm_up, each)) for each in self._providers]
        for failed in await asyncio.gather(*warming, return_exceptions=True):
            if failed is not None:
                raise failed
        self._on_loaded(self._providers)
        self._queue.start(self._providers)
        self._health.ready = True

    async def stop(self) -> None:
        """Finish what waits, take no more, and let go of the model; once, whoever asks."""
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop())
        await asyncio.shield(self._stopping)

    async def _stop(self) -> None:
        await self._queue.drain()
        for each in self._providers:
            await asyncio.to_thread(each.close)
        await asyncio.to_thread(self._at_end)


async def _in_own_thread(function: Callable[[], T]) -> T:
    """Call a function in a thread that ends with it, and that no end of the process waits for.

    OpenMP keeps a team of threads for each thread that computed, and while there are more of them
    than processors they sleep between any two steps: one input alone then takes nearly twice as
    long. A thread that ends lets go of its team.
    """
    called: Future[T] = Future()

    def call() -> None:
        try:
            called.set_result(function())
        except BaseException as error:
            called.set_exception(error)

    # Running, it is not cancelled: its result may come when nobody waits for it any more.
    called.set_running_or_notify_cancel()
    threading.Thread(target=call, name="es-jina-load", daemon=True).start()
    return await asyncio.wrap_future(called)


def _warm_up(provider: Provider) -> None:
    """Embed something of each kind: a first call compiles, allocates, connects.

    Raises:
        ProviderError: that fails.
    """
    from PIL import Image as Pictures

    want = Want.SINGLE if provider.model.multi_dims is None else Want.SINGLE | Want.MULTI
    inputs: list[Input] = [Text("warm"), Image(Pictures.new("RGB", (56, 56), "white"))]
    for result in provider.embed(inputs, Task.RETRIEVAL_PASSAGE, want):
        if isinstance(result, ItemError):
            raise ProviderError(f"the model does not work: {result}")
