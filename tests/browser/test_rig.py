"""That the fixtures catch what they are there to catch."""

import asyncio
import os
import re
import subprocess
import sys
import time
from itertools import takewhile
from pathlib import Path

from playwright.sync_api import Page
from pytest_httpserver import HTTPServer

from tests.browser.axe import barriers
from tests.browser.complaints import Complaints
from tests.browser.driver import Driven
from tests.browser.network import throttled

POLICY = "default-src 'none'; script-src 'nonce-n'; style-src 'nonce-n'; img-src *"
SOUND = "<h1>Sound</h1><p>Nothing is wrong here.</p>"
BARRED = """<h1>Barred</h1><button></button>
<style nonce="n">p { color: #eee }</style><p>Who reads this?</p>"""
MISBEHAVED = """<h1>Wild</h1>
<img src="http://elsewhere.example/pixel.png" alt="">
<script>document.title = "injected"</script>
<script nonce="n">
  console.error("boom");
  try { eval("1") } catch {}
  setTimeout(() => { throw new Error("bang") });
</script>"""


def serve(site: HTTPServer, body: str) -> str:
    """Serve a page and return its address."""
    whole = f"""<!doctype html><html lang="en"><title>Test</title>
<meta name="viewport" content="width=device-width"><main>{body}</main>"""
    headers = {"Content-Security-Policy": POLICY}
    site.expect_request("/").respond_with_data(whole, content_type="text/html", headers=headers)
    site.expect_request("/favicon.ico").respond_with_data(b"")
    return site.url_for("/")


def test_a_sound_page_passes(page: Page, httpserver: HTTPServer) -> None:
    page.goto(serve(httpserver, SOUND))
    assert barriers(page) == []


def test_what_a_page_does_wrong_is_told(
    page: Page, complaints: Complaints, httpserver: HTTPServer
) -> None:
    page.goto(serve(httpserver, MISBEHAVED))
    complaints.expect("console error: boom")
    complaints.expect("uncaught error: bang")
    complaints.expect("request to another server: http://elsewhere.example/pixel.png")
    complaints.expect("ERR_NAME_NOT_RESOLVED")
    complaints.expect("Executing inline script violates")
    complaints.expect("script-src-elem forbids inline")
    complaints.expect("forbids eval")


def test_barriers_are_told(page: Page, httpserver: HTTPServer) -> None:
    page.goto(serve(httpserver, BARRED))
    nameless, pale = barriers(page)
    assert nameless.startswith("critical: Buttons must have discernible text (button-name)\n")
    assert "<button></button>" in nameless
    assert pale.startswith("serious: Elements must meet minimum color contrast")
    assert "Who reads this?" in pale


def test_a_phone_and_the_dark(phone_page: Page, dark_page: Page, httpserver: HTTPServer) -> None:
    phone_page.goto(serve(httpserver, SOUND))
    size = "[innerWidth, innerHeight, navigator.maxTouchPoints > 0]"
    assert phone_page.evaluate(size) == [390, 844, True]
    assert dark_page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert not phone_page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


def test_a_slow_network_is_slow(page: Page, httpserver: HTTPServer) -> None:
    address = serve(httpserver, SOUND)
    with throttled(page):
        start = time.monotonic()
        page.goto(address)
        assert time.monotonic() - start > 0.35


def test_other_tests_may_run_a_loop(browser: Driven) -> None:
    """Playwright has one of its own, which it leaves marked as running."""
    assert browser.browser.is_connected()
    asyncio.run(asyncio.sleep(0))


INNER = """
import time

def test_loud(page):
    page.goto("data:text/html,<script>console.error('boom')</script>")

def test_long(page):
    print("started", flush=True)
    time.sleep(600)
"""
TELLING = """
def pytest_runtest_logreport(report):
    print(report.longreprtext, *report.sections, sep="\\n", flush=True)
"""


def test_a_loud_page_fails_its_test_and_nothing_outlives_a_killed_worker(tmp_path: Path) -> None:
    with start_pytest(tmp_path) as running:
        assert running.stdout
        told = "".join(takewhile(lambda line: line != "started\n", running.stdout))
        there = processes(tmp_path)
        running.kill()
    assert len(there) > 1, told
    assert "the page misbehaved:\n  console error: boom" in told
    [photograph] = set(re.findall(r"/\S+\.png", told))
    assert Path(photograph).read_bytes().startswith(b"\x89PNG")
    deadline = time.monotonic() + 60
    while processes(tmp_path):
        assert time.monotonic() < deadline, processes(tmp_path)
        time.sleep(0.05)


def start_pytest(folder: Path) -> subprocess.Popen[str]:
    (folder / "conftest.py").write_text(TELLING)
    (folder / "test_inner.py").write_text(INNER)
    options = [f"--basetemp={folder / 'inner'}", f"--rootdir={folder}", "--capture=no"]
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "tests.browser.conftest", *options, folder],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # they take seconds
        },
        stdout=subprocess.PIPE,
        text=True,
    )


def processes(folder: Path) -> list[str]:
    """Return the commands that name the folder."""
    every = [read(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    return [command for command in every if str(folder) in command]


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has just ended
        return ""
