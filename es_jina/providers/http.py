"""JSON over HTTP with patience: the only module that imports httpx."""

import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from es_jina.errors import ProviderError

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
TOTAL_SECONDS = 120.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
LONGEST_MESSAGE = 300

# The service may answer the same request later. A missing Retry-After is the rule at Jina.
TRANSIENT = frozenset({429, 500, 502, 503, 504})
# The service read the request and dislikes what is in it: fewer or other items may pass.
REFUSED = frozenset({400, 413, 422})
# A peer that hung up or is silent; a wrong scheme or a broken reply would only fail again.
DROPPED = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.TimeoutException)

ADVICE = {
    401: "check the API key",
    402: "the key's balance is spent: top it up at https://jina.ai",
    403: "the key lacks balance or rights: see https://jina.ai",
    404: "check the address and the model's name",
    429: "this is more than the key's rate limit: send less at a time or try again in a minute",
}
LATER = "try again later"
UNEXPECTED = "check that the address is that of an embeddings API"


class RefusedError(ProviderError):
    """The service refused what a request holds (400, 413, 422): a smaller one may pass.

    Attributes:
        status: the HTTP status.
        code: the API's own name of the error, ``None`` where it gave none.
        said: the API's own message.
    """

    def __init__(self, message: str, status: int, code: str | None, said: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.said = said


class JsonClient:
    """POSTs JSON with a bearer key and asks again while the service is merely busy."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        total_seconds: float = TOTAL_SECONDS,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Open the client; nothing is sent yet.

        Args:
            base_url: the service's address, without the route.
            api_key: the bearer key.
            total_seconds: how long one ``post`` goes on trying: no attempt starts after it.
            sleep: what waits between two attempts, given seconds.

        Raises:
            ProviderError: the key or the address cannot be right.
        """
        # httpx would repeat an impossible header, key and all, in its own message.
        if not (api_key and api_key.isascii() and api_key.isprintable()) or " " in api_key:
            raise ProviderError("the API key holds characters that no key has: copy it again")
        self._url = _parse(base_url)
        self._api_key = api_key
        self._total_seconds = total_seconds
        self._sleep = sleep
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {api_key}", "Accept": "application/json"},
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        )

    def __repr__(self) -> str:
        return f"JsonClient({self.host})"

    @property
    def host(self) -> str:
        """The service's host and port, to name it in messages."""
        return self._url.netloc.decode()

    def post(self, route: str, body: object) -> Any:
        """Send ``body`` as JSON and return the decoded JSON of the answer.

        Args:
            route: the path below the base address, beginning with a slash.
            body: anything orjson can write.

        Raises:
            RefusedError: 400, 413 or 422.
            ProviderError: any other refusal, an answer that is not JSON, or a service that stayed
                busy or out of reach for ``total_seconds``, which may pass.
        """
        url = self._url.copy_with(path=self._url.path.rstrip("/") + route)
        content = orjson.dumps(body)
        deadline = time.monotonic() + self._total_seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            retry_after = 0.0
            try:
                response = self._client.post(
                    url, content=content, headers={"Content-Type": "application/json"}
                )
            except DROPPED as dropped:
                error = self._unreachable(dropped, passing=True)
            except httpx.HTTPError as broken:
                raise self._unreachable(broken, passing=False) from broken
            else:
                if response.is_success:
                    return self._decoded(response)
                error = self._refusal(response)
                if response.status_code not in TRANSIENT:
                    raise error
                retry_after = _retry_after(response)
            # Jitter keeps workers that failed together from coming back together; a longer wait
            # than the service asked for does no harm.
            wait = max(retry_after, pause * random.uniform(0.5, 1.0))  # noqa: S311
            if time.monotonic() + wait > deadline:
                raise error
            self._sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _unreachable(self, error: httpx.HTTPError, *, passing: bool) -> ProviderError:
        reason = self._one_line(str(error)) or type(error).__name__
        return ProviderError(
            f"{self.host} cannot be reached: {reason}; check the address and the network",
            passing=passing,
        )

    def _decoded(self, response: httpx.Response) -> Any:
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError as error:
            raise ProviderError(
                f"{self.host} answered {response.status_code} without JSON; {UNEXPECTED}"
            ) from error

    def _refusal(self, response: httpx.Response) -> ProviderError:
        """Turn an answer that is no success into the error to raise."""
        status = response.status_code
        said, code = _said(response.content)
        said = self._one_line(said or response.reason_phrase)
        name = f" ({self._one_line(code)})" if code else ""
        message = f"{self.host} answered {status}{name}: {said}"
        if status in REFUSED:
            return RefusedError(
                f"{message}; check the inputs and the model's name", status, code, said
            )
        advice = ADVICE.get(status, LATER if status in TRANSIENT else UNEXPECTED)
        return ProviderError(f"{message}; {advice}", passing=status in TRANSIENT)

    def _one_line(self, text: str) -> str:
        """Fold a text of the outside world into a short line that never holds the key."""
        line = " ".join(text.replace(self._api_key, "[key]").split())
        return line if len(line) <= LONGEST_MESSAGE else line[:LONGEST_MESSAGE] + "…"


def _parse(base_url: str) -> httpx.URL:
    wrong = ProviderError(f"{base_url} is not an address such as https://api.jina.ai")
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise wrong from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise wrong
    return url


def _said(content: bytes) -> tuple[str | None, str | None]:
    """Return the message and the code of an error body; ``None`` for what it does not hold.

    Three shapes are in use: ``detail`` as a text with ``code`` beside it (keys, rate limits, and
    422, where ``errors`` repeats the inputs), ``detail`` as an object that holds ``message`` and
    ``code`` (the application), and ``detail`` as a list of ``msg`` (422 before 2026).
    """
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None, None
    if not isinstance(body, dict):
        return None, None
    detail = body.get("detail")
    if isinstance(detail, dict):
        return _text(detail.get("message")), _text(detail.get("code"))
    if isinstance(detail, list):
        said = [_text(each.get("msg")) for each in detail if isinstance(each, dict)]
        return "; ".join(filter(None, said)), _text(body.get("code"))
    return _text(detail), _text(body.get("code"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _retry_after(response: httpx.Response) -> float:
    """Return the seconds that Retry-After asks for, as a number or a date; 0 where it is absent."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
