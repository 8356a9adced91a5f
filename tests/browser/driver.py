"""A Chromium that playwright drives."""

import asyncio
import os
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Playwright, sync_playwright

from tests.browser.program import Program

# Playwright turns off what else calls home: updates, synchronisation, first-run screens.
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    # Nothing but this machine is reached, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
]


@dataclass(frozen=True)
class Driven:
    """A running browser, and the event loop that playwright serves it with."""

    browser: Browser
    loop: AbstractEventLoop

    def awake(self) -> AbstractContextManager[None]:
        """Allow playwright's calls within a block; see ``driven``."""
        return _marked_as_running(self.loop)


@contextmanager
def driven(program: Program, home: Path) -> Iterator[Driven]:
    """Start a browser for the time of a block.

    Playwright leaves its event loop marked as running in this thread after each call, and then no
    other test of the worker could run one of its own (``asyncio.run``). So the mark is taken off
    within the block, and set again while a test uses the browser (``Driven.awake``).

    Args:
        program: What is started.
        home: An empty folder, which the browser takes for the user's own.
    """
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in program.variables.items():
            patch.setenv(variable, value)
        # The profile lies there too: it would outlive a killed worker elsewhere.
        patch.setenv("TMPDIR", str(home))
        playwright = sync_playwright().start()
    try:
        browser = _launch(playwright, program, home)
        running = Driven(browser, asyncio.get_running_loop())
        with _marked_as_running(None):
            yield running
        browser.close()
    finally:
        playwright.stop()


def _launch(playwright: Playwright, program: Program, home: Path) -> Browser:
    environment: dict[str, str | float | bool] = {
        **program.environment(),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_CACHE_HOME": str(home),
    }

    def launch(*, sandbox: bool) -> Browser:
        return playwright.chromium.launch(
            executable_path=program.path, args=FLAGS, env=environment, chromium_sandbox=sandbox
        )

    if os.geteuid() == 0:  # Chromium has no sandbox for root
        return launch(sandbox=False)
    try:
        return launch(sandbox=True)
    except Error:  # nor for others in many containers; the pages are our own
        return launch(sandbox=False)


@contextmanager
def _marked_as_running(loop: AbstractEventLoop | None) -> Iterator[None]:
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(before)
