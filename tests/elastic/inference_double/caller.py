"""Calls a service for an endpoint: again where that may help, and no more than fits."""

import time
from collections.abc import Callable
from typing import Any

import orjson
import urllib3

from .refusals import failed
from .services import SERVICES, Call, Endpoint, Sent, Vectors, custom_ranks

MAX_RESPONSE_BYTES = 50 * 1024 * 1024


class Caller:
    """Calls services.

    Attributes:
        patience: seconds for which a call is tried again.
        sent: every request.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.sent: list[Sent] = []
        self._pool = urllib3.PoolManager(maxsize=16)

    def close(self) -> None:
        self._pool.clear()

    def vectors(self, endpoint: Endpoint, call: Call) -> Vectors:
        service = SERVICES[endpoint.service]
        found: Vectors = self._asked(endpoint, call, lambda told: service.vectors(endpoint, told))
        return found

    def ranks(self, endpoint: Endpoint, call: Call) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._asked(
            endpoint, call, lambda told: custom_ranks(endpoint, told)
        )
        return found

    def _asked(self, endpoint: Endpoint, call: Call, read: Callable[[Any], Any]) -> Any:
        content = self._exchanged(SERVICES[endpoint.service].request(endpoint, call), endpoint)
        try:
            return read(orjson.loads(content))
        except (ValueError, KeyError, TypeError) as error:
            reason = f"Failed to parse the response of [{endpoint.name}]: {error}"
            raise failed(400, reason) from error

    def _exchanged(self, sent: Sent, endpoint: Endpoint) -> bytes:
        """Return the body of a good answer."""
        deadline, wait = time.monotonic() + self.patience, 0.01
        again = SERVICES[endpoint.service].again
        while True:
            self.sent.append(sent)
            status, content = self._attempt(sent, endpoint)
            if status == 200:
                return content
            if status not in again or time.monotonic() + wait > deadline:
                raise failed(
                    status,
                    f"Received an unsuccessful status code for request from inference entity id "
                    f"[{endpoint.name}] status [{status}]. Error message: "
                    f"[{content.decode(errors='replace')[:500]}]",
                )
            time.sleep(wait)
            wait *= 2

    def _attempt(self, sent: Sent, endpoint: Endpoint) -> tuple[int, bytes]:
        try:
            answer = self._pool.request(
                "POST",
                sent.url,
                body=sent.body,
                headers=sent.headers,
                retries=False,
                preload_content=False,
            )
            content = answer.read(MAX_RESPONSE_BYTES + 1)
        except urllib3.exceptions.HTTPError as error:
            raise failed(
                400,
                f"Failed to send {endpoint.service} request from inference entity id "
                f"[{endpoint.name}]: {error}",
            ) from error
        if len(content) > MAX_RESPONSE_BYTES:
            answer.close()
            raise failed(400, f"Maximum limit of [{MAX_RESPONSE_BYTES}] bytes reached")
        answer.release_conn()
        return answer.status, content
