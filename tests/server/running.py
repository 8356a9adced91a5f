"""A server in this process, on a real socket."""

import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from elasticsearch import Elasticsearch

from es_jina.inputs import Input, Task
from es_jina.providers import open_tokenizer
from es_jina.providers.base import ModelInfo, Provider, Want
from es_jina.server.limits import Limits
from es_jina.server.run import Process, listen
from es_jina.server.serving import Served, Settings, assemble, url_of

# A test that waits longer has failed.
PATIENCE = 30.0


@dataclass(frozen=True)
class Running:
    """A server that answers.

    Attributes:
        url: where.
        provider: that embeds for it.
        process: that serves.
        client: of its own; a new one for each request would be slow.
        said: to the person who started it.
    """

    url: str
    provider: Any
    process: Process
    client: httpx.Client
    said: list[str]

    def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Send a body, as JSON or, where it is bytes, as it is."""
        form = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.client.post(path, **form, **more)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request without a body."""
        return self.client.request(method, path, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Ask for a page."""
        return self.ask("GET", path, **more)


class _Kept:
    """A provider that stays open when the server lets go of it."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def close(self) -> None:
        pass


@contextmanager
def running(
    provider: Any,
    *,
    client: Elasticsearch | None = None,
    verify: ssl.SSLContext | bool = True,
    **settings: Any,
) -> Iterator[Running]:
    """Serve a provider, which stays open, until the end of the block.

    Args:
        provider: what embeds.
        client: of the cluster that has the indices.
        verify: whom the asking client trusts.
        settings: of the server, see :class:`~es_jina.server.serving.Settings`.
    """
    ready = threading.Event()
    listening = listen("127.0.0.1", 0)
    url = url_of(listening, tls="tls" in settings)
    name = provider.model.name
    served = Served(
        provider.model,
        lambda: [_Kept(provider)],
        lambda: open_tokenizer("local", name),
        client,
    )
    chosen = Settings(**{"limits": Limits(), **settings})
    said: list[str] = []

    def say(told: str) -> None:
        said.append(told)
        ready.set()

    process, app = assemble(listening, served, chosen, say)
    thread = threading.Thread(target=process.run, args=(app,))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        with httpx.Client(base_url=url, timeout=PATIENCE, verify=verify) as asking:
            yield Running(url, provider, process, asking, said)
    finally:
        process.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


class Gated:
    """A provider that works while its gate is open, and keeps what it was asked.

    Attributes:
        gate: set while it is open.
        busy: set once it was called.
        calls: the inputs and the other arguments of each call.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.gate = threading.Event()
        self.busy = threading.Event()
        self.calls: list[tuple[Sequence[Input], dict[str, Any]]] = []
        self.gate.set()

    @property
    def model(self) -> ModelInfo:
        return self._provider.model

    def embed(self, inputs: Sequence[Input], task: Task, want: Want, **more: Any) -> Any:
        self.calls.append((inputs, more))
        self.busy.set()
        assert self.gate.wait(PATIENCE)
        return self._provider.embed(inputs, task, want, **more)
