"""What a client may have the server ask, and what not."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from es_jina.server.addresses import Address, is_public
from es_jina.server.fetch import Fetcher
from es_jina.server.refused import RefusedError
from tests.server.fetch.sites import (
    LIMIT,
    LOOPBACK,
    answer,
    anything,
    moved,
    refusal,
    refused,
    serving,
)


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
