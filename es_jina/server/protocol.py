"""HTTP connections that do not wait for ever, or grow for ever, before a request is there."""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's own, which ends a connection whose headers are too slow or too long.

    uvicorn limits neither; what comes behind the headers is the guard's.

    Attributes:
        headers_seconds: that the headers of a request may take.
        headers_bytes: that may have come, without the end of the headers.
    """

    headers_seconds: ClassVar[float] = 30.0
    headers_bytes: ClassVar[int] = 64 * 1024

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._timer: asyncio.TimerHandle | None = None
        self._bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        """Count what came, unless it was all of the headers."""
        super().data_received(data)
        if self._timer is not None:
            self._bytes += len(data)
            if self._bytes > self.headers_bytes:
                self._end()

    def on_message_begin(self) -> None:
        """Begin to wait for its headers."""
        super().on_message_begin()
        if self._timer is None:
            self._wait_for_headers()

    def on_headers_complete(self) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_headers(self) -> None:
        self._bytes = 0
        self._timer = self.loop.call_later(self.headers_seconds, self._end)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
