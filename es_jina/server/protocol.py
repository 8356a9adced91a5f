"""HTTP connections that wait for ever neither for a request nor for a client that reads."""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's own, which ends a connection whose client is too slow, or its headers too long.

    uvicorn limits neither; what comes behind the headers is the guard's.

    Attributes:
        headers_seconds: that the headers of a request may take.
        headers_bytes: that may have come, without the end of the headers.
        reading_seconds: that an answer may wait for a client that reads nothing of it.
    """

    headers_seconds: ClassVar[float] = 30.0
    headers_bytes: ClassVar[int] = 64 * 1024
    reading_seconds: ClassVar[float] = 30.0

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._timer: asyncio.TimerHandle | None = None
        self._reading_timer: asyncio.TimerHandle | None = None
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

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        """Stop waiting, unless it is the rest that waits."""
        super().resume_writing()
        self._stop_waiting_for_reader()
        self._wait_for_last_bytes()

    def on_response_complete(self) -> None:
        """Wait for the client to read the last bytes, where the connection ends with them."""
        super().on_response_complete()
        self._wait_for_last_bytes()

    def shutdown(self) -> None:
        """Wait so at the end of the server."""
        super().shutdown()
        self._wait_for_last_bytes()

    def timeout_keep_alive_handler(self) -> None:
        """Wait so at the end of a connection that nobody uses."""
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)
        self._stop_waiting_for_reader()

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
            self._wait_for_last_bytes()

    def _wait_for_last_bytes(self) -> None:
        """Wait for a transport that closes: it does so once all is read, however long that is."""
        if self.transport.is_closing():
            self._wait_for_reader()

    def _wait_for_reader(self) -> None:
        if self._reading_timer is None:
            self._reading_timer = self.loop.call_later(self.reading_seconds, self.transport.abort)

    def _stop_waiting_for_reader(self) -> None:
        if self._reading_timer is not None:
            self._reading_timer.cancel()
            self._reading_timer = None
