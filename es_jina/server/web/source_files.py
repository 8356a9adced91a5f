"""The files that pictures are made of, as long as they are what was indexed."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from es_jina.errors import ItemError
from es_jina.ingest.opening import file_status, opened
from es_jina.search.rerank import local_path
from es_jina.server.refused import RefusedError
from es_jina.server.threads import Threads
from es_jina.server.web.depicted import Depicted, no_picture
from es_jina.server.web.kept import Kept
from es_jina.server.wire.files import Fetch

# Files that are looked at or read at a time, how many more may wait for that, and how long.
_AT_ONCE = 4
_WAITING = 512
_SECONDS = 30.0
# Files whose digests are known, and bytes of files from the web.
_MOST_DIGESTS = 10_000
_MOST_FETCHED = 64 * 2**20
# A picture that the model is to see is read into memory.
_MOST_READ = 64 * 2**20

T = TypeVar("T")

_CHANGED = "its file has changed since it was indexed: ingest it again"

# What tells one state of a file from all others.
_State = tuple[int, ...]


class SourceFiles:
    """Finds the files of documents; for one event loop.

    A file is what it was only if its digest is the document's. That also keeps anybody who can
    write documents from reading other files of this machine.
    """

    def __init__(self, fetch: Fetch | None) -> None:
        """Prepare.

        Args:
            fetch: reads addresses; ``None`` where they are not allowed.
        """
        self._fetch = fetch
        self._threads = Threads(_AT_ONCE, _WAITING, _SECONDS, "looks at files")
        self._digests: dict[Path, tuple[_State, str]] = {}
        self._fetched: Kept[bytes] = Kept(_MOST_FETCHED)

    async def check(self, of: Depicted) -> None:
        """Check that a file is there, and is what was indexed; what is on the web may be so.

        Raises:
            RefusedError: it is not, or must not be looked at.
        """
        if of.is_web:
            self._check_allowed()
        else:
            await self._in_thread(partial(self._verified, of))

    @asynccontextmanager
    async def path(self, of: Depicted) -> AsyncIterator[Path]:
        """Hold a file that is what was indexed, from the beginning of the block to its end.

        Raises:
            RefusedError: it is not, or cannot be had.
        """
        if of.is_web:
            content = await self._from_web(of)
            with tempfile.TemporaryDirectory(prefix="es-jina-") as folder:
                path = Path(folder) / "source"
                await asyncio.to_thread(path.write_bytes, content)
                yield path
            return
        path, state = await self._in_thread(partial(self._verified, of))
        yield path
        if await self._in_thread(partial(_state_of, path)) != state:
            raise no_picture(_CHANGED)

    async def content(self, of: Depicted) -> bytes:
        """Return all of a file that is what was indexed.

        Raises:
            RefusedError: it is not, cannot be had, or is too large for that.
        """
        if of.is_web:
            return await self._from_web(of)
        return await self._in_thread(partial(_content, of))

    async def _in_thread(self, call: Callable[[], T]) -> T:
        try:
            return await self._threads.run(call)
        except ItemError as error:
            raise no_picture(f"its file cannot be shown: {error}") from error

    def _verified(self, of: Depicted) -> tuple[Path, _State]:
        path = _path(of)
        with opened(path) as (file, status):
            state = _state(status)
            known = self._digests.get(path)
            if known is None or known[0] != state:
                known = state, hashlib.file_digest(file, "sha256").hexdigest()
                if len(self._digests) >= _MOST_DIGESTS:
                    self._digests.clear()
                # Written to meanwhile, it may be neither what it was nor what it will be.
                if _state(os.fstat(file.fileno())) == state:
                    self._digests[path] = known
        if known[1] != of.sha256:
            raise no_picture(_CHANGED)
        return path, state

    async def _from_web(self, of: Depicted) -> bytes:
        fetch = self._check_allowed()
        content = self._fetched.get((of.uri, of.sha256))
        if content is None:
            try:
                content = await fetch(of.uri)
            except RefusedError as error:
                raise no_picture(error.detail) from error
            if hashlib.sha256(content).hexdigest() != of.sha256:
                raise no_picture("what is at its address has changed since: ingest it again")
            self._fetched.put((of.uri, of.sha256), content, len(content))
        return content

    def _check_allowed(self) -> Fetch:
        if self._fetch is None:
            raise no_picture("it is on the web: start the server with --allow-image-urls")
        return self._fetch


def _path(of: Depicted) -> Path:
    path = local_path(of.uri)
    if path is None or "\0" in str(path):
        raise no_picture("its address names no file")
    return path


def _content(of: Depicted) -> bytes:
    with opened(_path(of)) as (file, _):
        content = file.read(_MOST_READ + 1)
    if len(content) > _MOST_READ:
        raise ItemError(f"over the limit of {_MOST_READ // 2**20} MB for what is embedded anew")
    if hashlib.sha256(content).hexdigest() != of.sha256:
        raise no_picture(_CHANGED)
    return content


def _state_of(path: Path) -> _State:
    return _state(file_status(str(path)))


def _state(status: os.stat_result) -> _State:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
