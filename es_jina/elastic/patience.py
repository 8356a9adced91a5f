"""Patience with a cluster that is busy, away, starting or read-only for now."""

import random
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from elasticsearch import ApiError, ConnectionTimeout, TransportError
from elasticsearch import ConnectionError as EsConnectionError

T = TypeVar("T")

TRANSIENT = frozenset({429, 502, 503, 504})


def pauses(retry_for: float, first: float = 0.5, longest: float = 15.0) -> Iterator[float]:
    """Yield how long to wait before each new try, in seconds, until patience ends.

    Patience counts from the first failure, which is when the first pause is asked for. Each pause
    is about twice the one before, up to about `longest`, and up to half shorter or longer, so that
    several who were refused at once do not come back at once. The last one ends with `retry_for`.
    """
    deadline = time.monotonic() + retry_for
    pause = first
    while (left := deadline - time.monotonic()) > 0:
        yield min(pause * random.uniform(0.5, 1.5), left)  # noqa: S311
        pause = min(pause * 2, longest)


def patient(
    call: Callable[[], T], retry_for: float, sleep: Callable[[float], object] = time.sleep
) -> T:
    """Call the cluster until it answers, or for `retry_for` seconds after the first failure.

    The client must not retry on its own (``max_retries=0``): it makes no pauses.

    Args:
        call: asks the client; made again when it fails in a way that may pass.
        retry_for: seconds.
        sleep: makes the pauses; what it raises ends the waiting.

    Raises:
        elasticsearch.ApiError, elasticsearch.TransportError: refused for good, or for too long.
    """
    waits = pauses(retry_for)
    while True:
        try:
            return call()
        except (ApiError, TransportError) as error:
            wait = next(waits, None) if is_transient(error) else None
            if wait is None:
                raise
        sleep(wait)


def is_transient(error: Exception) -> bool:
    """Say whether a failure of the client may pass by itself."""
    match error:
        case ApiError():
            told = error.body.get("error") if isinstance(error.body, dict) else None
            return may_pass(error.status_code, told)
        case EsConnectionError():
            return not any(isinstance(each, ssl.SSLCertVerificationError) for each in causes(error))
        case _:
            return isinstance(error, ConnectionTimeout)


def may_pass(status: int, error: Any) -> bool:
    """Say whether a refusal may pass by itself, from its HTTP status and its ``error`` object.

    An index that is read-only, or a cluster without a master, is so for now, whatever the status.
    """
    return status in TRANSIENT or _is_block(error)


def _is_block(error: Any) -> bool:
    if not isinstance(error, dict):
        return False
    blocked = error.get("type") == "cluster_block_exception"
    return blocked or any(_is_block(cause) for cause in error.get("root_cause", ()))


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it.

    The client keeps that in ``errors``, after a last try in ``__cause__`` alone; urllib3 in
    ``args``.
    """
    yield error
    for each in (*getattr(error, "errors", ()), *error.args, error.__cause__):
        if isinstance(each, BaseException):
            yield from causes(each)
