"""The hosted provider for callers without a loop: several threads, interrupts, the end."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

import pytest

from es_jina.errors import ProviderError, RequestError
from es_jina.inputs import Text
from es_jina.providers.base import Want
from es_jina.providers.hosted import HostedProvider
from es_jina.providers.loop_thread import LoopThread
from es_jina.testing import KEY, Slow, StubApi, flat
from es_jina.testing.answers import RefusedError

from .asking import BOTH, TASK, assert_multis, assert_singles, failures, texts, until


async def nothing() -> None:
    """Do nothing at the end."""


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "es-jina-hosted"]


def test_threads_share_a_provider(api: StubApi, hosted: HostedProvider) -> None:
    def embed(number: int) -> None:
        names = [f"text {number} {each}" for each in range(100)]
        results = hosted.embed([Text(name) for name in names], TASK, BOTH)
        assert_singles(results, names)
        assert_multis(results, names)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(embed, range(12)))
    assert hosted.usage.requests == len(api.requests) == 24


def test_a_key_that_is_refused_is_not_tried_by_everybody(
    api: StubApi, hosted: HostedProvider
) -> None:
    def spent(item: dict[str, str]) -> str | None:
        time.sleep(0.2)
        raise RefusedError(flat(403, "AUTHZ_INSUFFICIENT_BALANCE", "No."))

    def embed(provider: HostedProvider) -> None:
        with pytest.raises(ProviderError, match="top it up") as caught:
            provider.embed(texts(1), TASK, BOTH)
        assert caught.value.passing is False

    api.refuses = spent
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(embed, [hosted] * 8))
    assert len(api.requests) == 2  # those that were in flight together
    api.refuses = lambda item: None
    assert failures(hosted.embed(texts(1), TASK, BOTH)) == []  # topped up


def test_an_error_in_one_thread_is_not_another_s(api: StubApi, hosted: HostedProvider) -> None:
    api.queue(flat(404, None, "No."))

    def embed(number: int) -> bool:
        try:
            return failures(hosted.embed(texts(3), TASK, Want.SINGLE)) == []
        except ProviderError:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(embed, range(8))) == [False] + [True] * 7


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals go to the main one"
)
def test_an_interrupted_call_leaves_it_usable(api: StubApi) -> None:
    # A shell that runs the tests in its background has them ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    api.queue(Slow(20))
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        until(lambda: len(api.requests) > 0)
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    # A shell that runs the tests in its background has them ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with HostedProvider(api.key, base_url=api.url, max_tokens=50) as provider:
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            provider.embed(texts(1), TASK, BOTH)
        thread.join()
        assert_singles(provider.embed(texts(1), TASK, Want.SINGLE), ["text 0"])


def test_a_closed_provider_says_so(api: StubApi, hosted: HostedProvider) -> None:
    hosted.embed(texts(1), TASK, Want.SINGLE)
    hosted.close()
    hosted.close()
    for call in (hosted.embed, hosted.preview):
        with pytest.raises(RequestError, match="is closed: open another"):
            call(texts(1), TASK, BOTH)
    assert len(api.requests) == 1


def test_closing_what_was_never_used() -> None:
    HostedProvider("jina_x").close()


def test_closing_ends_the_calls_of_other_threads(api: StubApi, hosted: HostedProvider) -> None:
    api.queue(Slow(0.5), Slow(0.5))
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(hosted.embed, texts(1), TASK, Want.SINGLE) for _ in range(2)]
        until(lambda: len(api.requests) == 2)
        hosted.close()
        for call in calls:
            with pytest.raises(RequestError, match="is closed"):
                call.result(timeout=5)
    assert threads() == []


def test_threads_end_with_the_provider(api: StubApi) -> None:
    with HostedProvider(api.key, base_url=api.url) as provider:
        provider.embed(texts(1), TASK, Want.SINGLE)
        assert len(threads()) == 1
    assert threads() == []


def test_a_loop_runs_what_it_is_given() -> None:
    loop = LoopThread()

    async def add(first: int, second: int) -> int:
        await asyncio.sleep(0)
        return first + second

    async def fail() -> None:
        raise ValueError("on purpose")

    assert loop.call(add(1, 2)) == 3
    with pytest.raises(ValueError, match="on purpose"):
        loop.call(fail())
    loop.close(nothing)
    with pytest.raises(CancelledError):
        loop.call(nothing())


def test_what_is_run_at_the_end_runs_after_all_else() -> None:
    loop, order = LoopThread(), list[str]()
    begun = threading.Event()

    async def wait() -> None:
        try:
            begun.set()
            await asyncio.sleep(60)
        finally:
            order.append("cancelled")

    async def last() -> None:
        order.append("last")

    with ThreadPoolExecutor(1) as pool:
        call: Any = pool.submit(loop.call, wait())
        begun.wait(5)
        loop.close(last)
        with pytest.raises(CancelledError):
            call.result(timeout=5)
    assert order == ["cancelled", "last"]


FORGETFUL = """
import sys, threading, time
from es_jina.inputs import Task, Text
from es_jina.providers.base import Want
from es_jina.providers.hosted import HostedProvider

provider = HostedProvider(sys.argv[2], base_url=sys.argv[1])
provider.embed([Text("a")], Task.TEXT_MATCHING, Want.SINGLE)

def embed():
    provider.embed([Text("b")], Task.TEXT_MATCHING, Want.SINGLE)

threading.Thread(target=embed, daemon=True).start()
time.sleep(0.3)
print("the end")
"""


def test_a_forgotten_provider_does_not_keep_the_program(api: StubApi) -> None:
    """Nor does a call that is under way in a thread that it does not wait for."""
    api.queue(Slow(0), Slow(20))
    ended = subprocess.run(
        [sys.executable, "-c", FORGETFUL, api.url, KEY],
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "the end\n", "")
    assert [seen.status for seen in api.requests] == [200, None]
