"""How much of what a key's limits allow is used by a client that is not told them."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal
from unittest.mock import patch

from shared.report import machine, paragraph, progress, row, table, verdict

from es_jina.embedding import Embedding
from es_jina.inputs import Image, Task
from es_jina.providers import limits as ours
from es_jina.providers.base import Want
from es_jina.providers.hosted import HostedProvider
from es_jina.testing import KEY, StubLimits
from hosting.stub import running_stub

TARGET = 0.95
WINDOWS: tuple[Literal["sliding", "fixed"], ...] = ("sliding", "fixed")
SHORT_SECONDS, MINUTE = 6.0, 60.0
WARM = 2  # of the minutes of a run; of the requests in flight a fifth of the run
IN_FLIGHT, SERVICE, ROUNDS = 5, 0.25, 60
QUICK = 0.05
# An image at an address makes a short request that counts many tokens, so that what is measured is
# the waiting and not the work.
IMAGE, TOKENS = Image("https://example.com/page.png"), 1_000
DIMS = 128
REQUEST = 30  # images in a full one


@dataclass(frozen=True, slots=True)
class Case:
    """A limit, and a run against it.

    Attributes:
        name: in words.
        limits: of the stub.
        allowed: by the limit in each window, in tokens or requests.
        seconds: of a window.
        windows: that are measured; the run fills one more.
        warm: of them are not measured.
        service: seconds for each request.
        tokens: whether tokens are limited.
    """

    name: str
    limits: StubLimits
    allowed: int
    seconds: float
    windows: int
    warm: int
    service: float = QUICK
    tokens: bool = False

    @property
    def images(self) -> int:
        """How many fill the windows and one more."""
        each = 1 / TOKENS if self.tokens else REQUEST
        return int((self.windows + 1) * self.allowed * each)


@dataclass(frozen=True, slots=True)
class Seen:
    """What had been answered when."""

    at: float
    amount: int


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a case.

    Attributes:
        started: by ``time.monotonic``.
        seen: in order.
        refused: how often a limit was exceeded.
    """

    started: float
    seen: list[Seen]
    refused: int

    def warm_share(self, case: Case) -> float:
        """Return the speed of the last windows as a share of what is allowed."""
        windows = case.windows - case.warm
        # Requests come in bursts: it must be as many bursts as windows.
        since = self.seen[-1].amount - windows * case.allowed
        first = next(each for each in self.seen if each.amount >= since)
        return windows * case.seconds / (self.seen[-1].at - first.at)

    def whole_share(self, case: Case) -> float:
        """Return what was answered in the windows as a share of what is allowed."""
        end = self.started + case.windows * case.seconds
        answered = max(each.amount for each in self.seen if each.at <= end)
        return answered / (case.windows * case.allowed)


def measure(windows: int, *, slow: bool) -> None:
    """Print the table.

    Args:
        windows: that a run against a limit per minute fills.
        slow: whether a minute is one.
    """
    seconds = MINUTE if slow else SHORT_SECONDS
    print(f"## Limits\n\n{machine('numpy', 'httpx')}.\n")
    print(
        paragraph(
            "The stub in a process of its own, with a fixed time for each request; the provider is "
            f"told none of its limits. A minute of the stub and of the provider is {seconds:.0f} "
            f"seconds long here; a run takes {windows} of them, or {ROUNDS} rounds of requests in "
            "flight, and one more. `Whole run` is what was answered from the first request on, "
            "when nothing was known yet, as a share of what was allowed; `after warm-up` is the "
            f"speed behind the first {WARM} minutes, or the first fifth of the rounds. 429s are "
            "those of the whole run."
        )
    )
    print(table("limit", "window", "rate headers", "after warm-up", "whole run", "429s", "target"))
    for case in _cases(seconds, windows):
        progress(f"limits: {case.name}, {case.limits.window}, headers {case.limits.headers}")
        run = _run(case)
        share = run.warm_share(case)
        print(
            row(
                case.name,
                case.limits.window if case.limits.concurrency is None else "",
                "yes" if case.limits.headers else "no",
                f"{share:.1%}",
                f"{run.whole_share(case):.1%}",
                run.refused,
                f"at least {TARGET:.0%}: {verdict(-share, -TARGET)}",
            ),
            flush=True,
        )


def _cases(seconds: float, windows: int) -> Iterator[Case]:
    for headers in (True, False):
        limits = StubLimits(concurrency=IN_FLIGHT, headers=headers)
        name = f"{IN_FLIGHT} requests in flight, {SERVICE} s each"
        yield Case(name, limits, IN_FLIGHT, SERVICE, ROUNDS, ROUNDS // 5, SERVICE)
    for window in WINDOWS:
        for headers in (True, False):
            limits = StubLimits(window=window, window_seconds=seconds, headers=headers)
            requests = replace(limits, requests_per_minute=100)
            yield Case("100 requests a minute", requests, 100, seconds, windows, WARM)
            for most in (1_000_000, 100_000):
                tokens = replace(limits, tokens_per_minute=most)
                yield Case(
                    f"{most:,} tokens a minute", tokens, most, seconds, windows, WARM, tokens=True
                )


def _run(case: Case) -> Run:
    seen: list[Seen] = []
    with (
        patch.object(ours, "SPAN_SECONDS", case.limits.window_seconds),
        running_stub(case.limits, case.service) as url,
        HostedProvider(KEY, base_url=url) as provider,
        _statuses(lambda: seen.append(_seen(provider, case))) as statuses,
    ):
        if case.limits.window == "fixed":
            time.sleep(case.seconds - time.monotonic() % case.seconds)
        started = time.monotonic()
        found = provider.embed(
            [IMAGE] * case.images, Task.TEXT_MATCHING, Want.SINGLE, dimensions=DIMS
        )
        seen.append(_seen(provider, case))
    assert all(isinstance(each, Embedding) for each in found)
    return Run(started, seen, statuses.count(429))


def _seen(provider: HostedProvider, case: Case) -> Seen:
    usage = provider.usage
    return Seen(time.monotonic(), usage.tokens if case.tokens else usage.requests)


class _Statuses(logging.Handler):
    """Keeps what httpx says of each answer."""

    def __init__(self, told: Callable[[], None]) -> None:
        super().__init__()
        self.found: list[int] = []
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        *_, status, _reason = record.args or ()
        self.found.append(int(str(status)))
        self._told()


@contextmanager
def _statuses(told: Callable[[], None]) -> Iterator[list[int]]:
    """Yield the statuses of the answers that come while the block runs."""
    logger, handler = logging.getLogger("httpx"), _Statuses(told)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield handler.found
    finally:
        logger.removeHandler(handler)
