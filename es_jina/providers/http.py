"""JSON over HTTP with patience: the only module of the providers that imports httpx."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from ssl import SSLCertVerificationError
from typing import Any, TypeVar

import anyio
import httpx
import orjson
import stamina

from es_jina.errors import ProviderError, RequestError
from es_jina.providers.limits import MOST_IN_FLIGHT, Kind, Limits, Turn
from es_jina.providers.patience import OddAnswerError, Patience
from es_jina.providers.refusals import (
    BARRED,
    TRANSIENT,
    UNEXPECTED,
    LaterError,
    LostError,
    Refusal,
    RefusedError,
    read_error,
    retry_after,
)

T = TypeVar("T")

# It warns of each retry: for those who keep logs. To others Python would print its bare name.
logging.getLogger("stamina").addHandler(logging.NullHandler())

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
# An answer that comes drop by drop is never silent for long.
ATTEMPT_SECONDS = 300.0
# Answers of pages in plain numbers reach 80 MB for a request; what is larger is no answer to one.
MAX_REPLY_BYTES = 256_000_000
LONGEST_MESSAGE = 300

# A peer that hung up or is silent; a wrong scheme or a broken proxy would only fail again.
DROPPED = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.TimeoutException, TimeoutError)
# Nothing has reached the service.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
REMAINING = {
    Kind.REQUESTS: "X-RateLimit-Remaining-Requests",
    Kind.TOKENS: "X-RateLimit-Remaining-Tokens",
}


class _NoKey(logging.Filter):
    """Keeps a key out of what httpx and httpcore log, where a service repeats it."""

    LOGGERS = ("httpx", "httpcore.http11", "httpcore.connection", "httpcore.proxy")

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if self._key in text:
            record.msg, record.args = text.replace(self._key, "[key]"), None
        return True

    def add(self) -> None:
        """Begin to."""
        for name in self.LOGGERS:
            logging.getLogger(name).addFilter(self)

    def remove(self) -> None:
        """End."""
        for name in self.LOGGERS:
            logging.getLogger(name).removeFilter(self)


class JsonClient:
    """Sends JSON with a bearer key, within the key's limits, again while the service is busy."""

    def __init__(self, base_url: str, api_key: str | None, limits: Limits | None = None) -> None:
        """Open the client; nothing is sent yet.

        Proxies and certificates are those that the environment names (``HTTPS_PROXY``,
        ``NO_PROXY``, ``SSL_CERT_FILE``, ``SSL_CERT_DIR``).

        Args:
            base_url: the service's address, without the route.
            api_key: the bearer key; ``None`` for a service that asks for none.
            limits: of the key; none are known by default.

        Raises:
            ProviderError: the address cannot be right.
        """
        self._url = _parse(base_url)
        self._api_key = api_key
        self.limits = limits or Limits()
        self.answered_at = -inf
        self._loop: object = None
        # When the key was last refused, and the error.
        self._barred_at, self._bar = -inf, ""
        self._no_key = _NoKey(api_key) if api_key else None
        if self._no_key:
            self._no_key.add()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        try:
            self._client = httpx.AsyncClient(
                headers=headers,
                timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=None),
                limits=httpx.Limits(max_keepalive_connections=MOST_IN_FLIGHT),
            )
        # Of SSL_CERT_FILE, or of a proxy's address or kind.
        except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
            raise ProviderError(
                f"the proxy or the certificates that the environment names cannot be used: "
                f"{self._one_line(str(error))}; check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, "
                "SSL_CERT_FILE and SSL_CERT_DIR"
            ) from error

    def __repr__(self) -> str:
        return f"JsonClient({self.host})"

    @property
    def host(self) -> str:
        """The service's host and port, to name it in messages."""
        return self._url.netloc.decode()

    async def post(
        self,
        route: str,
        body: object,
        read: Callable[[Any], tuple[T, int | None]],
        *,
        tokens: int,
        patience: Patience,
        compressed: bool = True,
        lost: Callable[[], None] = lambda: None,
    ) -> tuple[T, int | None]:
        """Send ``body`` as JSON and return what ``read`` returns for the answer's JSON.

        Args:
            route: the path below the base address, beginning with a slash.
            body: anything orjson can write.
            read: returns the result and the tokens that the answer counts, or raises KeyError,
                TypeError or ValueError where it is not what was asked for.
            tokens: that the request will count, more or less.
            patience: with it.
            compressed: whether the answer may be; base64 of vectors hardly shrinks.
            lost: told of each answer that was lost on its way, if there was one.

        Raises:
            RefusedError: 400, 413 or 422; 429 for more tokens than fit any minute.
            LaterError: patience has ended.
            ProviderError: any other refusal.
        """
        url = self._url.copy_with(path=self._url.path.rstrip("/") + route)
        content = orjson.dumps(body)
        headers = {} if compressed else {"Accept-Encoding": "identity"}
        request = self._client.build_request("POST", url, content=content, headers=headers)
        again = partial(self._again, patience)
        async for attempt in stamina.retry_context(on=again, attempts=None, timeout=None):
            with attempt:
                async with self.limits.turn(tokens) as turn:
                    if self._barred_at > patience.began:  # while it waited for its turn
                        raise ProviderError(self._bar, passing=False)
                    try:
                        return await self._attempt(request, read, turn)
                    except LostError:
                        lost()
                        raise
        raise AssertionError("an attempt returns or raises")

    async def get(self, route: str, patience: Patience) -> Any:
        """Ask for what a service need not have.

        Args:
            route: the path below the base address, beginning with a slash.
            patience: with it.

        Returns:
            The answer's JSON; ``None`` where there is none, or no such route.

        Raises:
            LaterError: patience has ended.
            ProviderError: the key is refused, or the service is no such.
        """
        url = self._url.copy_with(path=self._url.path.rstrip("/") + route)
        request = self._client.build_request("GET", url)
        again = partial(self._again, patience)
        async for attempt in stamina.retry_context(on=again, attempts=None, timeout=None):
            with attempt:
                async with self.limits.turn(1) as turn:
                    response, content = await self._exchange(request)
                    if response.status_code in BARRED | TRANSIENT:
                        raise self._refusal(response, content, turn)
                    return _json(content) if response.is_success else None
        raise AssertionError("an attempt returns or raises")

    def bind(self) -> None:
        """Belong to the event loop that runs: connections and locks do.

        Raises:
            RequestError: it belongs to another one.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # of another library
        if self._loop not in (None, loop):
            raise RequestError(
                "the provider was used in another event loop: open one in each asyncio.run"
            )
        self._loop = loop

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
        if self._no_key:
            self._no_key.remove()

    def _again(self, patience: Patience, error: Exception) -> bool | float:
        """Return the seconds to the next attempt, or that there shall be none."""
        if not isinstance(error, LaterError):
            return False
        wait = patience.wait(error, self.limits.pause, self.answered_at)
        return False if wait is None else wait

    async def _attempt(
        self, request: httpx.Request, read: Callable[[Any], tuple[T, int | None]], turn: Turn
    ) -> tuple[T, int | None]:
        response, content = await self._exchange(request)
        if not response.is_success:
            raise self._refusal(response, content, turn)
        try:
            result, billed = read(orjson.loads(content))
        except orjson.JSONDecodeError as error:
            raise OddAnswerError(
                f"{self.host} answered {response.status_code} without JSON; {UNEXPECTED}"
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise OddAnswerError(
                f"{self.host} sent an answer that does not fit the request "
                f"({self._one_line(str(error))}); check that it serves the model that was asked for"
            ) from error
        self.answered_at = time.monotonic()
        self.limits.answered(turn, _remaining(response.headers), billed)
        return result, billed

    async def _exchange(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        """Send a request and return the answer with its whole body."""
        try:
            with anyio.fail_after(ATTEMPT_SECONDS):
                response = await self._client.send(request, stream=True)
                try:
                    return response, await self._body(response)
                finally:
                    await response.aclose()
        except DROPPED as dropped:
            if _distrusted(dropped):
                raise self._untrusted(dropped) from dropped
            if isinstance(dropped, UNSENT):
                raise LaterError(self._unreachable(dropped)) from dropped
            silent = isinstance(dropped, httpx.ReadTimeout | TimeoutError)
            raise LostError(self._unreachable(dropped), stubborn=silent) from dropped
        except httpx.HTTPError as broken:
            raise ProviderError(self._unreachable(broken), passing=False) from broken

    async def _body(self, response: httpx.Response) -> bytes:
        parts, size = [], 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > MAX_REPLY_BYTES:
                raise ProviderError(
                    f"{self.host} sent more than {MAX_REPLY_BYTES:,} bytes for one request; "
                    f"{UNEXPECTED}",
                    passing=False,
                )
            parts.append(part)
        return b"".join(parts)

    def _untrusted(self, error: Exception) -> ProviderError:
        return ProviderError(
            f"{self.host} cannot be trusted: {self._one_line(str(error))}; name its certificate "
            "authority, a PEM file, in SSL_CERT_FILE",
            passing=False,
        )

    def _unreachable(self, error: Exception) -> str:
        reason = self._one_line(str(error)) or type(error).__name__
        return f"{self.host} cannot be reached: {reason}; check the address and the network"

    def _refusal(self, response: httpx.Response, content: bytes, turn: Turn) -> ProviderError:
        """Turn an answer that is no success into the error to raise, and learn from it."""
        status = response.status_code
        said, code, fields = read_error(content)
        refusal = Refusal(
            status,
            self._one_line(code) if code else None,
            self._one_line(said or response.reason_phrase),
            fields,
            retry_after(response.headers.get("Retry-After", "")) if status in TRANSIENT else 0.0,
        )
        if status == 429:
            kind, excess, tokens = refusal.rate_kind, refusal.excess, turn.tokens.amount
            self.limits.refused(turn, kind, excess, refusal.retry_after)
            if kind is Kind.TOKENS and excess and tokens > excess.limit:
                return RefusedError(f"{self.host} answered 429: {refusal.said}", refusal)
        elif refusal.retry_after:
            self.limits.hold(refusal.retry_after)
        error = refusal.error(self.host)
        if status in BARRED:
            self._barred_at, self._bar = time.monotonic(), str(error)
        return error

    def _one_line(self, text: str) -> str:
        """Fold a text of the outside world into a short line that never holds the key."""
        if self._api_key:
            text = text.replace(self._api_key, "[key]")
        line = " ".join(text.split())
        return line if len(line) <= LONGEST_MESSAGE else line[:LONGEST_MESSAGE] + "…"


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def _distrusted(error: BaseException | None) -> bool:
    """Whether the certificate is what was wrong: that does not pass."""
    while error is not None and not isinstance(error, SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def _parse(base_url: str) -> httpx.URL:
    wrong = ProviderError(
        f"{base_url} is not an address such as https://api.jina.ai", passing=False
    )
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise wrong from error
    if url.scheme not in {"http", "https"} or not url.host or (url.port or 1) not in range(65_536):
        raise wrong
    if url.userinfo:
        raise ProviderError(
            f"{url.netloc.decode()}: leave user and password out of the address, a key signs in",
            passing=False,
        )
    # Some give the address with the route.
    path = url.path.rstrip("/").removesuffix("/embeddings").removesuffix("/v1")
    return url.copy_with(path=path or "/")


def _remaining(headers: Mapping[str, str]) -> dict[Kind, float]:
    """Return what rate headers say remains of each limit."""
    told = {}
    for kind, name in REMAINING.items():
        try:
            told[kind] = float(headers[name].replace(",", ""))
        except (KeyError, ValueError):
            continue
    return told
