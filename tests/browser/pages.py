"""The pages that one test opens: watched, and photographed when it fails."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.browser.complaints import Complaints

DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}


class Pages:
    """Opens pages, each in a context of its own: no page sees what another has stored."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.complaints = Complaints()
        self._browser = browser
        self._folder = folder
        self._contexts: list[BrowserContext] = []

    def open(self, **settings: Any) -> Page:
        """Open a page.

        Args:
            settings: What ``Browser.new_context`` takes, ``DESKTOP`` or ``PHONE`` for example.
        """
        # An animation would have to be waited for: the page is asked to do without.
        context = self._browser.new_context(reduced_motion="reduce", **settings)
        self._contexts.append(context)
        self.complaints.watch(context)
        return context.new_page()

    def misbehaviour(self) -> list[str]:
        """Return what the pages did wrong, once what they already said has arrived."""
        for page in self._opened():
            with suppress(Error):  # the page is closed, or busy for good
                page.locator("html").wait_for(state="attached", timeout=5_000)
        return self.complaints.unexpected()

    def photograph(self) -> list[Path]:
        """Write what each page shows into the folder and return the files."""
        files = []
        for number, page in enumerate(self._opened(), 1):
            file = self._folder / f"page-{number}.png"
            with suppress(Error):
                page.screenshot(path=file, timeout=10_000)
                files.append(file)
        return files

    def close(self) -> None:
        """Close them all."""
        for context in self._contexts:
            context.close()

    def _opened(self) -> list[Page]:
        return [page for context in self._contexts for page in context.pages]
