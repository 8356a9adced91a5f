"""Many clients with one text each, against direct calls with batches; and one client alone."""

import asyncio
import time
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import uvloop
from shared.report import p95, paragraph, progress, row, table, verdict

from es_jina.inputs import Task
from serving.checkpoint import short_texts
from serving.client import Connection, load, post
from serving.direct import Direct
from serving.process import Running

TASK = Task.RETRIEVAL_PASSAGE
MODEL = "jina-embeddings-v4"
CLIENTS = BATCH = 64
SHARE = 0.8
ADDED_MS = 5.0
_LONE = 60
# Threads of OpenMP look out for more work a while, at the cost of the other process.
_REST_SECONDS = 0.03


class _Run(NamedTuple):
    rate: float  # texts a second
    cpu: float  # milliseconds of each text


@dataclass(frozen=True, slots=True)
class Bench:
    """What is compared: a server and its model without it."""

    server: Running
    direct: Direct


def requests(texts: list[str], size: int = 1, task: Task = TASK, path: str = "/v1/embeddings",
             model: str = MODEL) -> list[bytes]:  # fmt: skip
    """Return requests with so many texts each."""
    parts = [texts[first : first + size] for first in range(0, len(texts), size)]
    named = {"task": task.value} if model == MODEL else {}
    return [post(path, {"model": model, "input": part, **named}) for part in parts]


def throughput(bench: Bench, rounds: int, seconds: float) -> None:
    """Print the table of many clients."""
    probe = short_texts(BATCH, seed=-1)
    bench.direct.seconds(probe, TASK, BATCH)
    load(bench.server.port, requests(probe), CLIENTS)
    rate = BATCH / bench.direct.seconds(probe, TASK, BATCH)
    count = max(2 * BATCH, round(rate * seconds / BATCH) * BATCH)
    print(
        paragraph(
            f"{count} short texts a round, no two alike. Direct: `embed` with {BATCH} texts a "
            f"call. Server: {CLIENTS} connections, each with one text at a time. `share` is the "
            "server's part of the direct throughput of the same round; CPU is that of the process "
            "which has the model."
        )
    )
    print(table("round", "direct, texts/s", "server, texts/s", "share", "direct, CPU ms/text",
                "server, CPU ms/text"))  # fmt: skip
    shares = []
    for number in range(rounds):
        texts = short_texts(count, seed=number)
        progress(f"throughput: round {number + 1}")
        direct, served = _direct(bench, texts), _served(bench, texts)
        shares.append(served.rate / direct.rate)
        print(row(number + 1, f"{direct.rate:.1f}", f"{served.rate:.1f}", f"{shares[-1]:.0%}",
                  f"{direct.cpu:.2f}", f"{served.cpu:.2f}"), flush=True)  # fmt: skip
    share = median(shares)
    print(f"\nMedian share {share:.0%}, to reach {SHARE:.0%}: {verdict(-share, -SHARE)}.")


def _direct(bench: Bench, texts: list[str]) -> _Run:
    cpu = time.process_time()
    seconds = bench.direct.seconds(texts, TASK, BATCH)
    return _Run(len(texts) / seconds, 1000 * (time.process_time() - cpu) / len(texts))


def _served(bench: Bench, texts: list[str]) -> _Run:
    cpu = bench.server.cpu
    seconds = load(bench.server.port, requests(texts), CLIENTS).seconds
    return _Run(len(texts) / seconds, 1000 * (bench.server.cpu - cpu) / len(texts))


def lone(bench: Bench, rounds: int) -> None:
    """Print the table of one client."""
    print(
        paragraph(
            f"The same text by HTTP and by `embed` in turns, {_LONE} a round, nothing else asked. "
            "`added` is the median of the differences between neighbours."
        )
    )
    print(table("round", "direct p50, ms", "server p50, ms", "direct p95", "server p95",
                "added, ms"))  # fmt: skip
    all_added = []
    for number in range(rounds):
        progress(f"lone: round {number + 1}")
        direct, served = uvloop.run(_in_turns(bench, short_texts(_LONE, seed=100 + number)))
        added = median(b - a for a, b in zip(direct, served, strict=True))
        all_added.append(added)
        print(row(number + 1, f"{median(direct):.1f}", f"{median(served):.1f}",
                  f"{p95(direct):.1f}", f"{p95(served):.1f}", f"{added:.2f}"),
              flush=True)  # fmt: skip
    added = median(all_added)
    print(f"\nAdded {added:.2f} ms, to reach {ADDED_MS:.0f}: {verdict(added, ADDED_MS)}.")


async def _in_turns(bench: Bench, texts: list[str]) -> tuple[list[float], list[float]]:
    """Return milliseconds of each text directly and through the server."""
    connection = await Connection.to(bench.server.port)
    direct, served = [], []
    for text, request in zip(texts, requests(texts), strict=True):
        await asyncio.sleep(_REST_SECONDS)
        direct.append(1000 * bench.direct.seconds([text], TASK, 1))
        await asyncio.sleep(_REST_SECONDS)
        began = time.perf_counter()
        reply = await connection.ask(request)
        served.append(1000 * (time.perf_counter() - began))
        assert reply.status == 200
    connection.close()
    return direct, served
