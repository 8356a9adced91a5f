"""What a client may have the server ask, and what not; the servers asked are real ones."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme

from es_jina.errors import RequestError
from es_jina.server import fetch
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


@pytest.fixture(autouse=True, scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[trustme.CA]:
    """The only authority that is trusted; to load those of the world takes longer."""
    certificates = trustme.CA()
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    certificates.cert_pem.write_to_path(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            patch.setenv(name, "http://127.0.0.1:9")
        yield certificates


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Give a name its addresses: each look at it gets the next of them, and is noted."""

    def name(host: str, *addresses: str) -> list[str]:
        looks: list[str] = []
        real = socket.getaddrinfo

        def resolve(asked: Any, port: Any, *rest: Any, **more: Any) -> Any:
            if asked == host:
                looks.append(host)
                asked = addresses[min(len(looks), len(addresses)) - 1]
            return real(asked, port, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        return looks

    return name


def test_a_picture_is_fetched_without_the_proxy_of_the_environment() -> None:
    async def run() -> None:
        async with serving({"/a.png?x=1": answer()}) as site:
            content = await Fetcher(LIMIT, allowed=anything).fetch(f"{site.url}/a.png?x=1#top")
            assert content == b"picture"
            assert f"Host: 127.0.0.1:{site.port}" in site.requests[0]
            assert "Accept-Encoding: identity" in site.requests[0]

    asyncio.run(run())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{}/",
        "http://localhost:{}/",
        "http://2130706433:{}/",
        "http://0x7f.1:{}/",
        "http://127.1:{}/",
        "http://0:{}/",
        "http://127.0.0.1.:{}/",
        "http://[::1]:{}/",
        "http://[::]:{}/",
        "http://[::ffff:127.0.0.1]:{}/",
        "http://[::ffff:7f00:1]:{}/",
        "http://[64:ff9b::7f00:1]:{}/",
        "http://[2002:7f00:1::]:{}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1/",
    ],
)
def test_what_is_not_public_is_refused_and_never_asked(url: str) -> None:
    async def run() -> None:
        async with serving({"/": answer()}) as site:
            detail = await refused(url.format(site.port), is_public)
            assert detail.endswith("its host is not known, or not on the public internet")
            assert site.requests == []

    asyncio.run(run())


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("gopher://127.0.0.1:70/_x", "only http and https"),
        ("ftp://example.org/a.png", "only http and https"),
        ("//example.org/a.png", "only http and https"),
        ("a.png", "only http and https"),
        ("", "only http and https"),
        ("http://", "no valid address"),
        ("http:///a.png", "no valid address"),
        ("http://0177.0.0.1/", "no valid address"),
        ("http://%31%32%37.0.0.1/", "no valid address"),
        ("http://１２７.0.0.1/", "no valid address"),
        ("http://[fe80::1%lo]/", "no valid address"),
        ("http://a b/", "no valid address"),
        ("http://x/\n", "no valid address"),
        ("http://\ud800/", "no valid address"),
        (f"http://{'a' * 70}.org/", "no valid address"),
        ("http://1.1.1.1:99999/", "its port"),
        ("http://1.1.1.1:0/", "its port"),
        ("http://1.1.1.1:25/", "its port"),
        ("http://1.1.1.1:x/", "no valid address"),
        (r"http://1.1.1.1\@127.0.0.1/", "user and password"),
        ("http://" + "a" * 70_000, "no valid address"),
    ],
)
def test_what_is_no_address_of_a_picture(url: str, reason: str) -> None:
    detail = refusal(url)
    assert reason in detail
    assert len(detail) < 400


@pytest.mark.parametrize("url", ["http://me:pass@1.1.1.1/", "http://me:pa:ss@1.1.1.1:x/"])
def test_a_password_is_refused_and_not_repeated(url: str) -> None:
    detail = refusal(url)
    assert "pass" not in detail.replace("password", "")
    assert "1.1.1.1" in detail


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{}/secret",
        "/secret",
        "//127.0.0.1:{}/secret",
        "http://2130706433:{}/secret",
        "http://[::ffff:127.0.0.1]:{}/secret",
        "https://127.0.0.1:{}/secret",
        "http://169.254.169.254/",
    ],
)
def test_where_a_redirect_leads_is_checked_anew(target: str) -> None:
    judged: list[Address] = []

    def the_first_is_public(address: Address) -> bool:
        judged.append(address)
        return len(judged) == 1 or is_public(address)

    async def run() -> None:
        async with serving({"/": b"", "/secret": answer(b"secret")}) as site:
            site.answers["/"] = moved(target.format(site.port))
            detail = await refused(f"{site.url}/", the_first_is_public)
            assert "not on the public internet" in detail
            assert len(site.requests) == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("gopher://127.0.0.1/", "only http and https"),
        ("http://me:pass@127.0.0.1/", "user and password"),
        ("http://[/", "no valid address"),
    ],
)
def test_redirects_to_what_is_no_address_of_a_picture(target: str, reason: str) -> None:
    async def run() -> None:
        async with serving({"/": moved(target)}) as site:
            assert reason in await refused(f"{site.url}/")

    asyncio.run(run())


def test_redirects_are_followed_and_end() -> None:
    async def run() -> None:
        pages = {f"/{left}": moved(f"/{left - 1}") for left in range(1, 5)}
        async with serving({**pages, "/0": answer(), "/loop": moved("loop")}) as site:
            assert await Fetcher(LIMIT, allowed=anything).fetch(f"{site.url}/3") == b"picture"
            assert "more than 3 redirects" in await refused(f"{site.url}/4")
            site.requests.clear()
            assert "more than 3 redirects" in await refused(f"{site.url}/loop")
            assert len(site.requests) == 4

    asyncio.run(run())


def test_a_name_is_looked_up_once(names: Callable[..., list[str]]) -> None:
    looks = names("rebinding.test", "127.0.0.1", "10.0.0.1")

    async def run() -> None:
        async with serving({"/": answer()}) as site:
            fetcher = Fetcher(LIMIT, allowed=lambda address: address == LOOPBACK)
            url = f"http://rebinding.test:{site.port}/"
            assert await fetcher.fetch(url) == b"picture"
            assert f"Host: rebinding.test:{site.port}" in site.requests[0]
            assert len(looks) == 1
            # The next request looks anew, and what it finds is checked anew.
            with pytest.raises(RefusedError, match="not on the public internet"):
                await fetcher.fetch(url)

    asyncio.run(run())


def found(port: int, *addresses: str) -> Callable[..., Any]:
    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]
    return lambda *_, **__: entries


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    neighbour = refusal("http://10.0.0.1/")
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    # It is told like that of a neighbour: nobody learns which names those have.
    assert refusal("http://unknown.test/") == neighbour.replace("10.0.0.1", "unknown.test")


def test_a_name_with_one_address_that_is_not_public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", found(80, "1.1.1.1", "10.0.0.1"))
    assert "not on the public internet" in refusal("http://two.test/")


def test_the_second_address_is_asked_where_nobody_answers_at_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run() -> None:
        async with serving({"/": answer()}) as site:
            monkeypatch.setattr(socket, "getaddrinfo", found(site.port, "127.0.0.5", "127.0.0.1"))
            fetcher = Fetcher(LIMIT, allowed=anything)
            assert await fetcher.fetch(f"http://two.test:{site.port}/") == b"picture"

    asyncio.run(run())


def test_nobody_answers() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        assert "cannot be reached" in refusal(url, anything)


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
