"""What a service says when it does not answer with vectors, and what that means."""

import math
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from es_jina.errors import ProviderError
from es_jina.providers.limits import Excess, Kind

# The service may answer the same request later. A missing Retry-After is the rule at Jina.
# Proxies before a service have codes of their own (520 to 527); what it lacks (501, 505) it will
# lack later.
TRANSIENT = frozenset({429, *range(500, 600)}) - {501, 505}
# It may be this very request that the service cannot serve: it broke, or took too long.
STUBBORN = frozenset({500, 504, 520, 524})
# The service read the request and dislikes what is in it: fewer or other items may pass.
REFUSED = frozenset({400, 413, 422})

# The key is no good, or its balance is spent.
BARRED = frozenset({401, 402, 403})

LATER = "try again later"
UNEXPECTED = "check that the address is that of an embeddings API"
ADVICE = {
    401: "set JINA_API_KEY to a key from https://jina.ai, or name a file that holds it with "
    "--key-file",
    402: "the key's balance is spent: top it up at https://jina.ai, then run it again",
    403: "the key lacks balance or rights: top it up at https://jina.ai, then run it again",
    404: "check the address and the model's name",
    408: LATER,
    409: LATER,
    425: LATER,
    429: "this is more than the key's rate limit: try again later, or use a key with a higher one",
}

# "6/5 concurrent requests", "1,200,000/1,000,000 tokens per minute"
_EXCESS = {
    kind: re.compile(rf"(?<![\w./:,-])(\d[\d,]*)/(\d[\d,]*) {words}\b", re.IGNORECASE | re.ASCII)
    for kind, words in (
        (Kind.CONCURRENCY, "concurrent requests"),
        (Kind.REQUESTS, "requests per minute"),
        (Kind.TOKENS, "tokens per minute"),
    )
}


class RefusedError(ProviderError):
    """The service refused what a request holds (400, 413, 422): a smaller one may pass.

    Attributes:
        status: the HTTP status.
        code: the API's own name of the error, ``None`` where it gave none.
        said: the API's own message.
        fields: the parts of the request that it names, such as ``input -> 3``.
    """

    def __init__(self, message: str, refusal: "Refusal") -> None:
        super().__init__(message, passing=False)
        self.status = refusal.status
        self.code = refusal.code
        self.said = refusal.said
        self.fields = refusal.fields

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive the way to another process, with all that is known."""
        refusal = Refusal(self.status, self.code, self.said, self.fields, 0.0)
        return type(self), (str(self), refusal), self.__dict__


class LaterError(ProviderError):
    """The same request may be answered later.

    Attributes:
        wait: the least seconds until then, where somebody knows.
        stubborn: whether it may be this request that the service cannot serve (:data:`STUBBORN`,
            or silence).
        rate_limited: whether it is one too many for now (429).
    """

    def __init__(
        self,
        message: str,
        *,
        wait: float = 0.0,
        stubborn: bool = False,
        rate_limited: bool = False,
    ) -> None:
        super().__init__(message, passing=True)
        self.wait = wait
        self.stubborn = stubborn
        self.rate_limited = rate_limited


class LostError(LaterError):
    """No answer came, though the request may have been served, and billed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no success.

    Attributes:
        status: the HTTP status.
        code: the API's own name of the error, ``None`` where it gave none.
        said: the API's own message, in one line.
        fields: the parts of the request that it names.
        retry_after: the seconds after which it may be asked again; 0 where it does not say.
    """

    status: int
    code: str | None
    said: str
    fields: tuple[str, ...]
    retry_after: float

    @property
    def rate_kind(self) -> Kind:
        """Which limit a 429 speaks of; where it does not say, that of requests in flight."""
        told = f"{self.code} {self.said}".lower()
        if "concurren" in told:
            return Kind.CONCURRENCY
        if "token" in told:
            return Kind.TOKENS
        if self.code or "per minute" in told or "rate limit" in told:
            return Kind.REQUESTS
        return Kind.CONCURRENCY

    @property
    def excess(self) -> Excess | None:
        """What the message of a 429 names."""
        found = _EXCESS[self.rate_kind].search(self.said)
        if found is None:
            return None
        current, limit = (int(digits.replace(",", "")) for digits in found.groups())
        return Excess(current, limit) if current >= limit > 0 else None

    def error(self, host: str) -> ProviderError:
        """Return the error to raise.

        Args:
            host: the service, as messages name it.
        """
        name = f" ({self.code})" if self.code else ""
        message = f"{host} answered {self.status}{name}: {self.said}"
        if self.status in REFUSED:
            return RefusedError(f"{message}; check the inputs and the model's name", self)
        if self.status in TRANSIENT:
            asked = f"; it asks to wait {math.ceil(self.retry_after):,} s" * (self.retry_after > 0)
            return LaterError(
                f"{message}{asked}; {ADVICE.get(self.status, LATER)}",
                wait=self.retry_after,
                stubborn=self.status in STUBBORN,
                rate_limited=self.status == 429,
            )
        return ProviderError(f"{message}; {ADVICE.get(self.status, UNEXPECTED)}", passing=False)


def read_error(content: bytes) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return the message, the code and the fields that an error body names.

    Shapes in use: ``detail`` as a text with ``code`` beside it (keys, rate limits, and 422, where
    ``errors`` names the fields), ``detail`` as an object that holds ``message`` and ``code`` (the
    application), ``detail`` as a list of ``loc`` and ``msg`` (422 before 2026), and ``error`` in
    place of ``detail`` (other services of this kind).
    """
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None, None, ()
    if not isinstance(body, dict):
        return None, None, ()
    detail = body.get("detail", body.get("error"))
    code = _text(body.get("code"))
    if isinstance(detail, dict):
        return _text(detail.get("message")), _text(detail.get("code")) or code, ()
    if isinstance(detail, list):
        entries = [each for each in detail if isinstance(each, dict)]
        said = "; ".join(filter(None, (_text(each.get("msg")) for each in entries)))
        return said, code, tuple(_location(each.get("loc")) for each in entries)
    return _text(detail) or _text(body.get("message")), code, _fields(body.get("errors"))


def retry_after(value: str) -> float:
    """Return the seconds that a Retry-After asks for, as a number or a date; 0 for neither."""
    value = value.strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return 0.0
    return seconds if 0 < seconds < float("inf") else 0.0


def _fields(errors: object) -> tuple[str, ...]:
    if not isinstance(errors, list):
        return ()
    named = (_text(each.get("field")) for each in errors if isinstance(each, dict))
    return tuple(field for field in named if field)


def _location(where: object) -> str:
    return " -> ".join(map(str, where)) if isinstance(where, list) else ""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
