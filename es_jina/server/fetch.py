"""Pictures and PDFs at addresses that clients name, fetched without being led astray.

Whoever may name an address could have this machine ask its neighbours. So only public addresses are
asked, each name is resolved once, and the connection goes to the very address that was checked.
"""

import asyncio
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from ssl import SSLContext

import httpx

from es_jina.errors import RequestError, first_line
from es_jina.ingest.web import without_user
from es_jina.server.addresses import Address, is_public
from es_jina.server.refused import INVALID, RefusedError

MOST_REDIRECTS = 3
# Of the addresses that a name has, as many are tried where nobody answers.
MOST_TRIED = 2
# Fetched at the same time, for all requests together: it bounds what is on its way. What a request
# keeps of it is bounded by whoever asks.
MOST_AT_ONCE = 16
CONNECT_SECONDS = 3.0
IDLE_SECONDS = 5.0
TOTAL_SECONDS = 8.0
LONGEST_SHOWN = 200

_WEB_PORTS = (80, 443)
_HOST = re.compile(rb"[A-Za-z0-9._~:-]+")
_NOT_PUBLIC = "its host is not known, or not on the public internet"


class _UnfetchedError(Exception):
    """Why something is not fetched."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What is at an address.

    Attributes:
        content: all of it.
        mime: its media type, as the server says; empty where it says none.
        charset: its encoding, as the server says.
    """

    content: bytes
    mime: str
    charset: str | None


class Fetcher:
    """Downloads what is at an address."""

    def __init__(self, limit: int, *, allowed: Callable[[Address], bool] = is_public) -> None:
        """Get ready; nothing is sent yet.

        Args:
            limit: bytes; what is larger is refused.
            allowed: which addresses of the network may be asked.

        Raises:
            RequestError: the certificates that the environment names cannot be used.
        """
        self._limit = limit
        self._allowed = allowed
        self._certificates = _certificates()
        self._free = asyncio.Semaphore(MOST_AT_ONCE)

    async def fetch(self, address: str) -> bytes:
        """Return what is at an address, and nothing of what its server says of it.

        Raises:
            RefusedError: as :meth:`get`.
        """
        return (await self.get(address)).content

    async def get(self, address: str) -> Fetched:
        """Return what is at an address; proxies, cookies and passwords are not used.

        Raises:
            RefusedError: it cannot be had, may not be asked for, or is too large.
        """
        async with self._free:
            try:
                async with asyncio.timeout(TOTAL_SECONDS):
                    return await self._follow(httpx.URL(address))
            except TimeoutError:
                reason = f"not fetched within {TOTAL_SECONDS:.0f} seconds"
            except _UnfetchedError as error:
                reason = str(error)
            except (httpx.InvalidURL, UnicodeError):
                reason = "no valid address"
            except (httpx.HTTPError, OSError) as error:
                reason = f"cannot be reached: {first_line(error)}"
        # A password may also stand in what is no valid address.
        shown = without_user(address)[:LONGEST_SHOWN]
        raise RefusedError(400, f"{shown!r} cannot be fetched: {reason}", INVALID)

    async def _follow(self, url: httpx.URL) -> Fetched:
        for _ in range(1 + MOST_REDIRECTS):
            answer = await self._get(url)
            if isinstance(answer, Fetched):
                return answer
            url = answer
        raise _UnfetchedError(f"more than {MOST_REDIRECTS} redirects")

    async def _get(self, url: httpx.URL) -> Fetched | httpx.URL:
        """Return what is at an address, or where it leads, which is not checked yet."""
        _check(url)
        *others, last = (await self._resolve(url))[:MOST_TRIED]
        for address in others:
            try:
                return await self._ask(url, address)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._ask(url, last)

    async def _resolve(self, url: httpx.URL) -> list[Address]:
        """Return the addresses of a host, all of them checked; this is the only look at its name.

        That a name is not known is told like that it is of a private address: who may not ask our
        neighbours shall not learn their names either.
        """
        host = url.raw_host.decode("ascii")
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, _port(url), type=socket.SOCK_STREAM)
        except OSError:
            raise _UnfetchedError(_NOT_PUBLIC) from None
        addresses = list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))
        if not addresses or not all(map(self._allowed, addresses)):
            raise _UnfetchedError(_NOT_PUBLIC)
        return addresses

    async def _ask(self, url: httpx.URL, address: Address) -> Fetched | httpx.URL:
        """GET from one address; the certificate must be the host's.

        The transport alone knows no proxy, no cookie and no redirect, and writes no log. Each
        request has one of its own: a connection that was made for one host serves no other.
        """
        request = httpx.Request(
            "GET",
            url.copy_with(host=str(address)),
            headers={"Host": url.netloc.decode("ascii"), "User-Agent": "es_jina"}
            | {"Accept": "*/*", "Accept-Encoding": "identity"},
            extensions={
                "sni_hostname": url.raw_host.decode("ascii"),
                "timeout": httpx.Timeout(IDLE_SECONDS, connect=CONNECT_SECONDS).as_dict(),
            },
        )
        async with httpx.AsyncHTTPTransport(verify=self._certificates) as transport:
            response = await transport.handle_async_request(request)
            try:
                if response.has_redirect_location:
                    return url.join(response.headers["Location"])
                return await self._read(response)
            finally:
                await response.aclose()

    async def _read(self, response: httpx.Response) -> Fetched:
        if not response.is_success:
            raise _UnfetchedError(f"HTTP {response.status_code}")
        # A few compressed bytes may be very many, and images gain nothing.
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _UnfetchedError("it comes compressed, which was not asked for")
        content = bytearray()
        if int(response.headers.get("Content-Length") or 0) > self._limit:
            raise _UnfetchedError(self._too_large())
        async for block in response.aiter_raw():
            content += block
            if len(content) > self._limit:
                raise _UnfetchedError(self._too_large())
        mime = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Fetched(bytes(content), mime, response.charset_encoding)

    def _too_large(self) -> str:
        return f"over the limit of {self._limit / 1024**2:.3g} MB"


def _check(url: httpx.URL) -> None:
    """Refuse what is not asked for, whatever its host is."""
    if url.scheme not in {"http", "https"}:
        raise _UnfetchedError("only http and https are fetched")
    if url.userinfo:
        raise _UnfetchedError("user and password may not stand in an address")
    if not _HOST.fullmatch(url.raw_host):
        raise _UnfetchedError("no valid address")
    # Below 1024, other ports are those of services that a request could confuse, such as mail;
    # above, many a web server has its own.
    if _port(url) not in _WEB_PORTS and not 1024 <= _port(url) < 65536:
        raise _UnfetchedError("its port is neither 80, 443 nor one from 1024 on")


def _port(url: httpx.URL) -> int:
    return url.port if url.port is not None else 443 if url.scheme == "https" else 80


def _certificates() -> SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise RequestError(
            f"the certificates that the environment names cannot be used: {first_line(error)}; "
            "check SSL_CERT_FILE and SSL_CERT_DIR"
        ) from error
