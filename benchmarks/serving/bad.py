"""What breaks servers: requests that are wrong, huge, slow or end half-way."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import cast

import orjson

from serving.checkpoint import short_texts
from serving.client import post
from serving.together import MODEL

# Of the server's body; what is announced or sent is over it.
BODY_MB = 4
_WAIT_SECONDS = 60.0
_DELETE = b"DELETE /v1/embeddings HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class UnexpectedError(Exception):
    """The server answered otherwise than it should."""


Fault = Callable[[int, random.Random], Awaitable[int]]


def faults() -> dict[str, Fault]:
    """Return functions by name, of the port and a random number generator.

    Each returns the status it was answered with, 0 where it was to have no answer, and raises
    :class:`UnexpectedError` where that is none of those that are right.
    """
    return {
        "malformed JSON": _refused(_malformed, 422),
        "wrong types": _refused(_wrong_types, 422),
        "another model": _refused(lambda _: _asking("x", model="none"), 400),
        "no picture": _refused(_no_picture, 400, 422),
        "no route": _refused(lambda _: post("/v1/none", {}), 404),
        "no method": _refused(lambda _: _DELETE, 405),
        "no HTTP": _refused(lambda rng: rng.randbytes(64) + b"\r\n\r\n", 400, 0),
        "too many inputs": _refused(lambda _: _asking(["x"] * 513), 422),
        "announced huge": _refused(_announced, 413),
        "sent huge": _sent_huge,
        "endless headers": _endless_headers,
        "slow body": _slow_body,
        "slow reader": _slow_reader,
        "slow headers, gone": _slow_headers,
        "gone half-way": _gone_half_way,
        "gone while waiting": _gone_while_waiting,
    }


def _asking(content: object, model: str = MODEL, **more: object) -> bytes:
    return post("/v1/embeddings", {"model": model, "input": content, **more})


def _refused(make: Callable[[random.Random], bytes], *statuses: int) -> Fault:
    async def fault(port: int, rng: random.Random) -> int:
        return await _answered(port, make(rng), statuses)

    return fault


def _malformed(rng: random.Random) -> bytes:
    whole = orjson.dumps({"model": MODEL, "input": ["text"] * rng.randint(1, 20)})
    broken = (
        whole[: rng.randrange(len(whole))],
        whole.replace(b'"', b"'"),
        rng.randbytes(rng.randint(1, 4096)),
        b"[" * 100_000,
        b'{"model":"' + b"\xff\xfe" + whole[10:],
    )
    return post("/v1/embeddings", rng.choice(broken))


def _wrong_types(rng: random.Random) -> bytes:
    wrong: dict[str, object] = rng.choice(
        [
            {"input": None},
            {"input": {"text": 5}},
            {"input": [[1, 2, 3]]},
            {"input": ["text", None]},
            {"task": "none"},
            {"dimensions": "many"},
            {"dimensions": -1},
            {"embedding_type": 7},
            {"model": []},
            {"input": []},
        ]
    )
    return post("/v1/embeddings", {"model": MODEL, "input": ["text"], **wrong})


def _no_picture(rng: random.Random) -> bytes:
    return _asking([{"image": "QUJD" * rng.randint(1, 99)}])


def _announced(rng: random.Random) -> bytes:
    size = (BODY_MB + 1) * 2**20 + rng.randrange(2**40)
    return b"POST /v1/embeddings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n{" % size


async def _sent_huge(port: int, _: random.Random) -> int:
    """Send in chunks, so that nothing tells the size."""
    head = b"POST /v1/embeddings HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    # A server that hangs up on what it does not want is right too.
    return await _answered(port, head + chunk * (BODY_MB * 16 + 16) + b"0\r\n\r\n", (413, 0))


async def _endless_headers(port: int, _: random.Random) -> int:
    head = b"GET /health HTTP/1.1\r\n" + b"X-More: %s\r\n" % (b"a" * 1000) * 200
    return await _answered(port, head, (400, 431, 0))


async def _slow_body(port: int, rng: random.Random) -> int:
    request = _asking(short_texts(4, seed=rng.randrange(1000)))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        step = len(request) // rng.randint(4, 12) + 1
        for at in range(0, len(request), step):
            writer.write(request[at : at + step])
            await asyncio.sleep(rng.random() / 2)
        return await _status(reader, (200,))
    finally:
        writer.close()


async def _slow_reader(port: int, rng: random.Random) -> int:
    """Leave megabytes of answer in the server for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    try:
        writer.write(_asking(short_texts(64), return_multivector=True))
        await asyncio.sleep(1 + 3 * rng.random())
        status = await _status(reader, (200, 429))
        for _ in range(rng.randint(1, 10)):
            await reader.read(2**14)
            await asyncio.sleep(0.1)
        return status
    finally:
        writer.close()


async def _slow_headers(port: int, rng: random.Random) -> int:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    for byte in b"POST /v1/embeddings"[: rng.randint(1, 19)]:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.1)
    writer.close()
    return 0


async def _gone_half_way(port: int, rng: random.Random) -> int:
    request = _asking(short_texts(200))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request[: rng.randrange(1, len(request))])
    await asyncio.sleep(rng.random() / 5)
    _reset(writer)
    return 0


async def _gone_while_waiting(port: int, rng: random.Random) -> int:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_asking(short_texts(100), return_multivector=rng.random() < 0.5))
    await asyncio.sleep(rng.random() / 2)
    _reset(writer)
    return 0


def _reset(writer: asyncio.StreamWriter) -> None:
    cast("asyncio.Transport", writer.transport).abort()


async def _answered(port: int, request: bytes, statuses: tuple[int, ...]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await _status(reader, statuses)
    finally:
        writer.close()


async def _status(reader: asyncio.StreamReader, right: tuple[int, ...]) -> int:
    """Read the head of an answer; 0 where the server hung up."""
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            line = await reader.readline()
    except ConnectionError:
        line = b""
    except TimeoutError:
        raise UnexpectedError(f"no answer within {_WAIT_SECONDS:.0f} s") from None
    status = int(line[9:12]) if line else 0
    if status not in right:
        raise UnexpectedError(f"status {status}")
    return status
