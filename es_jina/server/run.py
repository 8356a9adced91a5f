"""The server's process: a socket, an event loop, signals."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from es_jina.errors import (
    EXIT_INTERRUPTED,
    EsJinaError,
    ProviderError,
    RequestError,
    first_line,
)
from es_jina.server.model_runner import ModelRunner
from es_jina.server.protocol import PatientProtocol

# Longer than the clients keep a connection that nobody uses: they find none closed under them.
_KEEP_ALIVE_SECONDS = 120
# What requests that are being served may take at the end.
_LEAVING_SECONDS = 60
_BACKLOG = 2048
# A terminal that is closed sends SIGHUP.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ENDING = b"Finishing what is being served; Ctrl-C ends at once.\n"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: an address or a name.
        port: 0 for one that is free.

    Raises:
        RequestError: it cannot be had.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server((str(address[0]), port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RequestError(
            f"cannot listen on {host}:{port}: {reason}; choose others with --host and --port"
        ) from error


class Process:
    """A server that runs until it is told to end."""

    def __init__(
        self,
        listening: socket.socket,
        runner: ModelRunner,
        *,
        tls: dict[str, Any] | None = None,
        on_ready: Callable[[], object] = lambda: None,
    ) -> None:
        """Prepare.

        Args:
            listening: its socket; closed at the end.
            runner: of its model.
            tls: uvicorn's arguments for TLS.
            on_ready: called once the model is ready.
        """
        self._listening = listening
        self._runner = runner
        self._tls = tls or {}
        self._on_ready = on_ready
        self._server: _Server | None = None
        self._error: EsJinaError | None = None
        self._loading: asyncio.Task[None] | None = None
        self._ready = False

    @property
    def cut_short(self) -> bool:
        """Whether it ended while the model was being loaded: threads still work at that."""
        return not self._ready

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Load the model beside the first requests; at the end, finish what waits."""
        self._loading = asyncio.create_task(self._load())
        yield
        await self._end()

    def run(self, app: ASGIApp) -> int:
        """Serve until SIGTERM, Ctrl-C or :meth:`stop`; return the exit code.

        Args:
            app: made with :meth:`lifespan`.

        Raises:
            EsJinaError: the model could not be loaded.
        """
        config = uvicorn.Config(
            app,
            loop="uvloop" if sys.platform != "win32" else "asyncio",
            http=PatientProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            # Its warnings are of what clients send.
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_LEAVING_SECONDS,
            **self._tls,
        )
        logging.getLogger("uvicorn.error").addFilter(_CUT_OFF)
        self._server = _Server(config, self._before_leaving)
        self._server.run(sockets=[self._listening])
        if self._error is not None:
            raise self._error
        return EXIT_INTERRUPTED if self._server.interrupted else 0

    def stop(self) -> None:
        """End the server gracefully, from any thread."""
        if self._server is not None:
            self._server.should_exit = True

    async def _load(self) -> None:
        try:
            await self._runner.start()
        except Exception as error:  # whatever it is, nobody else would hear of it
            self._error = error if isinstance(error, EsJinaError) else _unloaded(error)
            await self._runner.stop()
            self.stop()
        else:
            self._ready = True
            self._on_ready()

    async def _before_leaving(self) -> None:
        """Refuse at once what waits for a model that is not there: it may take minutes more."""
        if not self._ready:
            await self._end()

    async def _end(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
        await self._runner.stop()


def _unloaded(error: Exception) -> ProviderError:
    name = type(error).__name__
    return ProviderError(f"the model could not be loaded: {name}: {first_line(error)}")


class _CutOff(logging.Filter):
    """Leaves out the tracebacks of requests that are cut off at the end: nothing broke."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, asyncio.CancelledError)


_CUT_OFF = _CutOff()


class _Server(uvicorn.Server):
    """uvicorn's, which ends with our exit codes and does not kill itself with a signal."""

    interrupted = False

    def __init__(
        self, config: uvicorn.Config, before_leaving: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._before_leaving = before_leaving

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is being served, and end."""
        await self._before_leaving()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hear signals while it serves; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self._on_signal) for each in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: Any) -> None:
        if self.should_exit and number == signal.SIGINT:
            # What is being served would have to be torn out of threads that work at it.
            os._exit(EXIT_INTERRUPTED)
        self.interrupted = self.interrupted or number == signal.SIGINT
        self.should_exit = True
        os.write(sys.stderr.fileno(), _ENDING)
