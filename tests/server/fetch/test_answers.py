"""What the servers that are asked may answer, and the certificates that they show."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from es_jina.errors import RequestError
from es_jina.server import fetch
from es_jina.server.fetch import Fetched, Fetcher
from tests.server.fetch.sites import (
    LIMIT,
    Writer,
    answer,
    anything,
    refused,
    serving,
)


async def _endless(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 100)
        await writer.drain()


async def _hang(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer(b"x" * (LIMIT + 1)), "over the limit"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "over the limit"),
        (_endless, "over the limit"),
        (answer(b"x", "Content-Encoding: gzip"), "compressed"),
        (answer(status="404 Not Found"), "HTTP 404"),
        (answer(status="500 Internal Server Error"), "HTTP 500"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP 304"),
        (b"nonsense\r\n\r\n", "cannot be reached"),
        (b"", "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "cannot be reached"),
    ],
)
def test_answers_that_are_no_picture(said: Any, reason: str) -> None:
    async def run() -> None:
        async with serving({"/": said}) as site:
            assert reason in await refused(f"{site.url}/")

    asyncio.run(run())


def test_all_of_the_limit_is_fetched() -> None:
    async def run() -> None:
        async with serving({"/": answer(b"x" * LIMIT)}) as site:
            assert len(await Fetcher(LIMIT, allowed=anything).fetch(f"{site.url}/")) == LIMIT

    asyncio.run(run())


def test_what_the_server_says_of_it_is_told() -> None:
    said: dict[str, Any] = {
        "/page": answer(b"x", "Content-Type: Text/HTML; Charset=latin-1"),
        "/nothing": answer(b"x"),
    }

    async def run() -> None:
        async with serving(said) as site:
            fetcher = Fetcher(LIMIT, allowed=anything)
            assert await fetcher.get(f"{site.url}/page") == Fetched(b"x", "text/html", "latin-1")
            assert await fetcher.get(f"{site.url}/nothing") == Fetched(b"x", "", None)

    asyncio.run(run())


def test_an_endless_slow_body_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "TOTAL_SECONDS", 0.2)

    async def run() -> None:
        async with serving({"/": _hang}) as site:
            assert "not fetched within" in await refused(f"{site.url}/")

    asyncio.run(run())


def test_no_more_are_fetched_at_once_than_memory_is_there_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetch, "MOST_AT_ONCE", 2)
    asked = 0
    most = 0

    async def count(writer: Writer) -> None:
        nonlocal asked, most
        asked += 1
        most = max(most, asked)
        await asyncio.sleep(0.02)
        asked -= 1
        writer.write(answer())

    async def run() -> None:
        async with serving({"/": count}) as site:
            fetcher = Fetcher(LIMIT, allowed=anything)
            await asyncio.gather(*(fetcher.fetch(f"{site.url}/") for _ in range(6)))
        assert most == 2

    asyncio.run(run())


def _context(authority: trustme.CA, *hosts: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    return context


def test_the_certificate_is_of_the_name_and_not_of_the_address(
    authority: trustme.CA, names: Callable[..., list[str]]
) -> None:
    names("pictures.test", "127.0.0.1")
    asked: list[str | None] = []

    async def run() -> None:
        context = _context(authority, "pictures.test")
        context.sni_callback = lambda _socket, name, _context: asked.append(name)
        async with serving({"/": answer()}, context) as site:
            fetcher = Fetcher(LIMIT, allowed=anything)
            assert await fetcher.fetch(f"https://pictures.test:{site.port}/") == b"picture"
            assert asked == ["pictures.test"]
            url = f"https://127.0.0.1:{site.port}/"
            assert "CERTIFICATE_VERIFY_FAILED" in await refused(url)

    asyncio.run(run())


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_of_another_name_or_of_no_known_authority(
    trusted: bool, authority: trustme.CA, names: Callable[..., list[str]]
) -> None:
    names("pictures.test", "127.0.0.1")
    issuer = authority if trusted else trustme.CA()

    async def run() -> None:
        context = _context(issuer, "127.0.0.1" if trusted else "pictures.test")
        async with serving({"/": answer()}, context) as site:
            detail = await refused(f"https://pictures.test:{site.port}/")
            assert "CERTIFICATE_VERIFY_FAILED" in detail
            assert site.requests == []

    asyncio.run(run())


def test_certificates_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(RequestError, match=r"No such file or directory; check SSL_CERT_FILE"):
        Fetcher(LIMIT)
