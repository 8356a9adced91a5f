"""Counts every request, whoever answers it."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from es_jina.server.metrics import Metrics


class Measured:
    """An ASGI middleware."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            seconds = time.perf_counter() - began
            code = scope.get("state", {}).get("code")
            self._metrics.answered(_route(scope), status, code, seconds)


def _route(scope: Scope) -> str:
    """Return the route's path, not the address: there are few of them."""
    return str(getattr(scope.get("route"), "path", "none"))
