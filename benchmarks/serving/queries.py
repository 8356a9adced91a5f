"""Queries of one client while others saturate the server, against queries alone."""

import asyncio
import time
from dataclasses import dataclass
from statistics import median

import uvloop
from shared.report import p95, paragraph, progress, row, table, verdict

from es_jina.inputs import Task
from serving.checkpoint import short_texts
from serving.client import Load, loaded, until
from serving.process import Running
from serving.together import requests

TIMES = 3.0
# After the last query, until none is expected.
_FORGOTTEN_SECONDS = 11.0
# Between an answer and the next query.
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Bulk:
    """What saturates the server: connections, the texts of a request, and its task."""

    clients: int
    texts: int
    task: Task


# The second has queries, but so many at once as nobody types: they are bulk too.
_MIXES = (_Bulk(8, 64, Task.RETRIEVAL_PASSAGE), _Bulk(4, 128, Task.RETRIEVAL_QUERY))


def behind_bulk(server: Running, rounds: int, seconds: float) -> None:
    """Print a table for each mix."""
    for number, bulk in enumerate(_MIXES):
        if number:
            print()
        _table(server, bulk, rounds, seconds)


def _table(server: Running, mix: _Bulk, rounds: int, seconds: float) -> None:
    print(
        paragraph(
            f"Queries of one client, {_PAUSE_SECONDS * 1000:.0f} ms after each answer, for "
            f"{seconds:.0f} s; bulk is {mix.clients} connections with {mix.texts} texts a request "
            f"for {mix.task.value} and no pause. `share` is what bulk keeps of its own throughput."
        )
    )
    print(table("round", "idle p50, ms", "idle p95", "behind bulk p50", "behind bulk p95",
                "p95, times", "bulk alone, texts/s", "beside queries", "share"))  # fmt: skip
    times = []
    for number in range(rounds):
        progress(f"queries: round {number + 1}")
        # The server takes small calls of bulk as long as queries are expected.
        time.sleep(_FORGOTTEN_SECONDS)
        _, bulk = uvloop.run(_measured(server.port, number, seconds, queries=False, bulk=mix))
        alone, _ = uvloop.run(_measured(server.port, number, seconds, queries=True, bulk=None))
        behind, beside = uvloop.run(_measured(server.port, number, seconds, queries=True, bulk=mix))
        times.append(p95(behind) / p95(alone))
        print(row(number + 1, *(f"{each:.1f}" for each in (
            median(alone), p95(alone), median(behind), p95(behind), times[-1], bulk, beside)),
            f"{beside / bulk:.0%}"), flush=True)  # fmt: skip
    found = median(times)
    print(f"\nMedian {found:.1f} times, to reach {TIMES:.0f}: {verdict(found, TIMES)}.")


async def _measured(
    port: int, seed: int, seconds: float, *, queries: bool, bulk: _Bulk | None
) -> tuple[list[float], float]:
    """Return the milliseconds of queries, and the texts of bulk in a second."""
    texts = short_texts(4096, seed)
    asked = requests(texts[:512], 1, Task.RETRIEVAL_QUERY)
    # Bulk runs before the first query and behind the last, so that each meets it.
    began = time.perf_counter()
    lead = 1.0 if bulk and queries else 0.0
    loads = []
    if bulk:
        end = began + seconds + 2 * lead
        sent = until(lambda: time.perf_counter() > end, requests(texts, bulk.texts, bulk.task))
        loads.append(loaded(port, sent, bulk.clients))
    if queries:
        loads.append(_queries(port, asked, lead, began + lead + seconds))
    found = await asyncio.gather(*loads)
    rate = bulk.texts * len(found[0].latencies) / found[0].seconds if bulk else 0.0
    return [1000 * each for each in found[-1].latencies], rate


async def _queries(port: int, asked: list[bytes], lead: float, end: float) -> Load:
    await asyncio.sleep(lead)
    return await loaded(port, until(lambda: time.perf_counter() > end, asked), 1, _PAUSE_SECONDS)
