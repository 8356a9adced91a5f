"""Servers that are asked: real ones, on this machine."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import Any

import pytest

from es_jina.server.addresses import Address, is_public
from es_jina.server.fetch import Fetcher
from es_jina.server.refused import INVALID, RefusedError

LIMIT = 1000


LOOPBACK = ip_address("127.0.0.1")


Writer = asyncio.StreamWriter


class Site:
    """A server on this machine: what it answers by path, and what it was asked."""

    def __init__(self, answers: dict[str, bytes | Callable[[Writer], Awaitable[None]]]) -> None:
        self.answers = answers
        self.requests: list[str] = []
        self.port = 0
        self.running: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.running.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head)
            answer = self.answers[head.split()[1]]
            if callable(answer):
                await answer(writer)
            else:
                writer.write(answer)
            await writer.drain()
        writer.transport.abort() if task.cancelling() else writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def serving(
    answers: dict[str, bytes | Callable[[Writer], Awaitable[None]]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Site]:
    site = Site(answers)
    server = await asyncio.start_server(site.handle, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for task in site.running:
            task.cancel()
        await asyncio.gather(*site.running, return_exceptions=True)


def answer(content: bytes = b"picture", *headers: str, status: str = "200 OK") -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers, "", ""]
    return "\r\n".join(head).encode() + content


def moved(to: str) -> bytes:
    return answer(b"", f"Location: {to}", status="302 Found")


def anything(_: Address) -> bool:
    return True


def refusal(url: str, allowed: Callable[[Address], bool] = is_public) -> str:
    async def run() -> str:
        return await refused(url, allowed)

    return asyncio.run(run())


async def refused(url: str, allowed: Callable[[Address], bool] = anything) -> str:
    with pytest.raises(RefusedError) as caught:
        await Fetcher(LIMIT, allowed=allowed).fetch(url)
    assert (caught.value.status, caught.value.code) == (400, INVALID)
    assert "\n" not in caught.value.detail
    return caught.value.detail
