"""What the API answers when it refuses or fails: its codes, in the shapes that are in use."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any

import orjson

JSON = "application/json"
Wait = float | datetime | None

_INPUT_SHOWN = 200


@dataclass(frozen=True)
class Answer:
    """One answer, as it goes over the wire.

    Attributes:
        status: the HTTP status.
        content: the body.
        headers: those beside Content-Length.
    """

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, body: object, retry_after: Wait = None) -> "Answer":
        """Answer with JSON.

        Args:
            status: the HTTP status.
            body: anything that orjson can write, arrays included.
            retry_after: seconds or a time for the header of that name; ``None`` leaves it out, as
                the API does.
        """
        headers = {"Content-Type": JSON}
        if isinstance(retry_after, datetime):
            headers["Retry-After"] = format_datetime(retry_after, usegmt=True)
        elif retry_after is not None:
            headers["Retry-After"] = f"{retry_after:g}"
        return cls(status, orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), headers)


class RefusedError(Exception):
    """A request that is answered with something else than what it asked for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.content.decode())
        self.answer = answer


def flat(status: int, code: str | None, message: str, retry_after: Wait = None) -> Answer:
    """Answer as keys, balances and rate limits are refused: ``detail`` is a text."""
    body = {"detail": message, "code": code, "request_id": _request_id()}
    return Answer.json(status, body, retry_after)


def nested(status: int, code: str | None, message: str, retry_after: Wait = None) -> Answer:
    """Answer as the application refuses or fails (400, 500): ``detail`` is an object."""
    detail = {"message": message, "request_id": _request_id(), "code": code}
    return Answer.json(status, {"detail": detail}, retry_after)


def too_long(tokens: int) -> Answer:
    """Answer 400: an item is longer than the model reads."""
    return nested(
        400,
        "INPUT_TOKEN_LIMIT_EXCEEDED",
        f"Input text exceeds the model's maximum of {tokens} tokens. Use 'truncate: true' to "
        "automatically truncate, or split into smaller chunks.",
    )


def invalid(place: str, message: str, given: Any = None) -> Answer:
    """Answer 422 as since 2026: ``detail`` is a text, ``errors`` repeats what was given.

    Args:
        place: of the fault, such as ``body -> jina-embeddings-v4 -> task``.
        message: what is wrong there.
        given: the value in that place.
    """
    error = {"field": place, "message": message, "type": "value_error", "input": given}
    body = {
        "detail": f"Validation error: '{place}' {message[:_INPUT_SHOWN]}",
        "request_id": _request_id(),
        "errors": [error],
    }
    return Answer.json(422, body)


def invalid_before_2026(place: str, message: str) -> Answer:
    """Answer 422 as before 2026: ``detail`` is a list."""
    error = {"loc": place.split(" -> "), "msg": message, "type": "value_error"}
    return Answer.json(422, {"detail": [error]})


def concurrency_limit(current: int = 6, limit: int = 5, retry_after: Wait = None) -> Answer:
    """Answer 429: too many requests at one time."""
    message = f"Concurrency limit exceeded: {current}/{limit} concurrent requests."
    return flat(429, "RATE_CONCURRENCY_LIMIT_EXCEEDED", message, retry_after)


def request_limit(current: int = 101, limit: int = 100, retry_after: Wait = None) -> Answer:
    """Answer 429: too many requests a minute."""
    message = f"Request rate limit exceeded: {current}/{limit} requests per minute"
    return flat(429, "RATE_REQUEST_LIMIT_EXCEEDED", message, retry_after)


def token_limit(current: int = 100_001, limit: int = 100_000, retry_after: Wait = None) -> Answer:
    """Answer 429: too many tokens a minute."""
    message = f"Token rate limit exceeded: {current:,}/{limit:,} tokens per minute"
    return flat(429, "RATE_TOKEN_LIMIT_EXCEEDED", message, retry_after)


def ip_limit(retry_after: Wait = None) -> Answer:
    """Answer 429: too many requests from one address."""
    return flat(429, "RATE_IP_LIMIT_EXCEEDED", "IP rate limit exceeded.", retry_after)


def internal_error(retry_after: Wait = None) -> Answer:
    """Answer 500."""
    return nested(500, "INTERNAL_ERROR", "Internal server error", retry_after)


def unavailable(retry_after: Wait = None) -> Answer:
    """Answer 503."""
    return flat(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable", retry_after)


def timed_out() -> Answer:
    """Answer 504."""
    return flat(504, "SERVICE_TIMEOUT", "The service took too long to answer")


def page(status: int = 502) -> Answer:
    """Answer with a page of HTML, as a gateway in between does."""
    content = f"<html><body><h1>{status}</h1></body></html>".encode()
    return Answer(status, content, {"Content-Type": "text/html"})


def _request_id() -> str:
    return uuid.uuid4().hex
