"""From a request to the bytes of its answer, whatever happens on the way."""

import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from es_jina.server.hang_up import HungUpError, while_connected
from es_jina.server.refused import BROKEN, INVALID, NOT_FOUND, RefusedError

# Makes the answer's body from the request's; a large one comes in parts. What is no JSON, or has
# headers of its own, comes as a response.
Answer = Callable[[bytes], Coroutine[Any, Any, bytes | AsyncIterator[bytes] | Response]]

_log = logging.getLogger(__name__)
# nginx's status of a request whose client is gone; nobody reads it but the metrics.
_HUNG_UP = 499


async def answered(request: Request, answer: Answer) -> Response:
    """Answer a request.

    Args:
        request: its body is read here, if it has one.
        answer: makes the answer's body from the request's.
    """
    try:
        data = await request.body()
        body = await while_connected(request, answer(data))
    except RefusedError as error:
        return refusal(request, error)
    except HungUpError:
        return Response(status_code=_HUNG_UP)
    except Exception as error:
        return refusal(request, unexpected(error))
    if isinstance(body, Response):
        return body
    if isinstance(body, bytes):
        return Response(body, media_type="application/json")
    return StreamingResponse(body, media_type="application/json")


def refusal(request: Request, error: RefusedError) -> Response:
    """Return the answer of a request that is refused."""
    request.state.code = error.code
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    body = orjson.dumps(error.body(getattr(request.state, "request_id", "")))
    return Response(body, error.status, headers, media_type="application/json")


def unexpected(error: Exception) -> RefusedError:
    """Log an error of ours, where it happened but nothing of the request; return the refusal."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = "" if place is None else f" at {place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
    _log.error("%s%s", type(error).__name__, where)
    return RefusedError(500, "an error of the server; its log tells where", BROKEN)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer a request that no route takes, in the form of all refusals."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    status = error.status_code
    routes = "see /openapi.json for those that there are"
    if status == 404:
        return refusal(request, RefusedError(404, f"no such route: {routes}", NOT_FOUND))
    told = "this route takes another method" if status == 405 else str(error.detail)
    response = refusal(request, RefusedError(status, f"{told}: {routes}", INVALID))
    response.headers.update(error.headers or {})
    return response
