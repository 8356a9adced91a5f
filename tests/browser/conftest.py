"""One Chromium for all tests of a worker; a test fails when a page of its own misbehaves."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from playwright.sync_api import Page, expect

from tests.browser.chromium import find_chromium
from tests.browser.complaints import Complaints
from tests.browser.driver import Driven, driven
from tests.browser.library import Library, served_library
from tests.browser.pages import DESKTOP, PHONE, Pages
from tests.browser.program import ChromiumError

# A busy machine is no failure.
expect.set_options(timeout=20_000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test whose pages misbehaved; keep what the pages of a failed test show."""
    pages = item.funcargs.get("pages") if isinstance(item, pytest.Function) else None
    if not isinstance(pages, Pages):
        yield
        return
    try:
        yield
        if wrong := pages.misbehaviour():
            pytest.fail("\n  ".join(["the page misbehaved:", *wrong]), pytrace=False)
    except (Exception, pytest.fail.Exception):
        shown = [*pages.misbehaviour(), *map(str, pages.photograph())]
        item.add_report_section("call", "pages", "\n".join(shown))
        raise


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driven]:
    """A running Chromium."""
    try:
        program = find_chromium()
    except ChromiumError as error:
        pytest.fail(str(error), pytrace=False)
    with driven(program, tmp_path_factory.mktemp("browser-home")) as running:
        yield running


@pytest.fixture
def pages(browser: Driven, tmp_path: Path) -> Iterator[Pages]:
    """What opens pages: ``pages.open(**PHONE, color_scheme="dark")``."""
    with browser.awake():
        opened = Pages(browser.browser, tmp_path)
        yield opened
        opened.close()


@pytest.fixture
def complaints(pages: Pages) -> Complaints:
    """What tells that a complaint is expected: ``complaints.expect("status of 413")``."""
    return pages.complaints


@pytest.fixture
def page(pages: Pages) -> Page:
    """A page on a desktop."""
    return pages.open(**DESKTOP)


@pytest.fixture
def dark_page(pages: Pages) -> Page:
    """A page on a desktop of somebody who likes it dark."""
    return pages.open(**DESKTOP, color_scheme="dark")


@pytest.fixture
def phone_page(pages: Pages) -> Page:
    """A page on a phone held upright, with touch."""
    return pages.open(**PHONE)


@pytest.fixture(scope="session")
def library(client: Elasticsearch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """An index behind a server, for the tests of the search page."""
    with served_library(client, tmp_path_factory.mktemp("served")) as served:
        yield served
