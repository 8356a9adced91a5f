"""The server for a long time, among good requests and all that breaks servers.

    python benchmarks/soak.py --minutes 60

Good requests of all kinds, each answer compared with what the provider itself gives, beside
malformed, huge, slow and broken-off ones; the model is small and random, on the CPU. Prints counts
and the server's memory over time. The exit code is 1 where an answer was wrong, a status not the
expected one, the server ended, or its memory grew.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable
from pathlib import Path
from statistics import median

import uvloop
from serving.bad import BODY_MB, Fault, UnexpectedError, faults
from serving.checkpoint import SMALL, checkpoint
from serving.client import Connection
from serving.good import Case, cases
from serving.process import Running, running_server
from shared.report import machine, progress, row, table

CLIENTS, BREAKERS = 12, 8
# What memory may grow by between the second quarter of the run and the last: allocators keep some.
SHARE, MEGABYTES = 0.05, 30.0
_STEPS = 12


class Soak:
    """One run."""

    def __init__(self, server: Running, minutes: float) -> None:
        self._server = server
        self._end = time.monotonic() + 60 * minutes
        self._step = 60 * minutes / (_STEPS * 4)
        self.good: Counter[str] = Counter()
        self.bad: Counter[tuple[str, int]] = Counter()
        self.wrong: Counter[str] = Counter()
        self.memory: list[float] = []

    async def run(self, good: list[Case]) -> None:
        """Send until the time is over."""
        works: list[Awaitable[None]] = [self._client(good, seed) for seed in range(CLIENTS)]
        works += [self._breaker(seed) for seed in range(BREAKERS)]
        await asyncio.gather(self._watch(), *works)

    @property
    def _goes_on(self) -> bool:
        return time.monotonic() < self._end and self._server.process.poll() is None

    async def _client(self, good: list[Case], seed: int) -> None:
        rng = random.Random(seed)
        connection: Connection | None = None
        while self._goes_on:
            case = rng.choice(good)
            try:
                connection = connection or await Connection.to(self._server.port)
                reply = await connection.ask(case.request)
            except OSError as error:
                self.wrong[f"{case.name}: {error}"] += 1
                connection = None
                await asyncio.sleep(0.1)
                continue
            if reply.status != 200:
                self.wrong[f"{case.name}: status {reply.status} {reply.body[:200]!r}"] += 1
            elif not case.check(reply.body):
                self.wrong[f"{case.name}: another answer than the provider's"] += 1
            self.good[case.name] += 1
            if rng.random() < 0.02:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    async def _breaker(self, seed: int) -> None:
        rng = random.Random(1000 + seed)
        known = faults()
        while self._goes_on:
            name = rng.choice([*known])
            await self._break(name, known[name], rng)
            await asyncio.sleep(0.05 * rng.random())

    async def _break(self, name: str, fault: Fault, rng: random.Random) -> None:
        try:
            self.bad[name, await fault(self._server.port, rng)] += 1
        except (OSError, UnexpectedError) as error:
            self.wrong[f"{name}: {error}"] += 1

    async def _watch(self) -> None:
        while self._goes_on:
            self.memory.append(self._server.resident)
            if len(self.memory) % 4 == 0:
                progress(
                    f"{self.good.total():,} good, {self.bad.total():,} bad, "
                    f"{self.wrong.total():,} wrong, {self.memory[-1]:,.0f} MB"
                )
            await asyncio.sleep(self._step)


def report(soak: Soak, ended: int | None) -> bool:
    """Print what was found; say whether all is well."""
    print(table("good requests", "answers"))
    for name, count in sorted(soak.good.items()):
        print(row(name, f"{count:,}"))
    print(f"\n{table('bad requests', 'status', 'times')}")
    for (name, status), count in sorted(soak.bad.items()):
        print(row(name, status or "none", f"{count:,}"))
    print("\nMemory of the server, MB: " + ", ".join(f"{each:,.0f}" for each in soak.memory[::4]))
    quarter = len(soak.memory) // 4
    settled, last = median(soak.memory[quarter : 2 * quarter]), median(soak.memory[-quarter:])
    flat = last - settled <= max(MEGABYTES, SHARE * settled)
    print(f"Second quarter {settled:,.0f}, last {last:,.0f}: {'flat' if flat else 'GROWING'}.")
    for told, count in soak.wrong.most_common(30):
        print(f"WRONG, {count:,} times: {told}")
    if ended is not None:
        print(f"THE SERVER ENDED with code {ended}.")
    total = f"{soak.good.total():,} good and {soak.bad.total():,} bad requests"
    print(f"\n{total}, {soak.wrong.total():,} answered wrong.")
    return flat and ended is None and not soak.wrong


def main() -> None:
    """Run, report, and exit with 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=3.0)
    asked = parser.parse_args()
    print(f"# A soak of {asked.minutes:g} minutes\n\n{machine('torch', 'uvicorn')}.\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="es-jina-soak-") as temporary:
        model = checkpoint(Path(temporary), SMALL)
        progress("asking the provider itself")
        good = cases(model)
        with running_server(model, 1, "--max-body-mb", str(BODY_MB)) as server:
            soak = Soak(server, asked.minutes)
            uvloop.run(soak.run(good))
            ended = server.process.poll()
        well = report(soak, ended)
    raise SystemExit(0 if well else 1)


if __name__ == "__main__":
    main()
