"""A network slower than the one between two programs on a machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

FAST = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
# A phone with poor reception: 400 kbit/s, and 400 ms (CDP wants bytes and milliseconds).
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}


@contextmanager
def throttled(page: Page) -> Iterator[None]:
    """Give the page a slow network within a block."""
    session = page.context.new_cdp_session(page)
    session.send("Network.emulateNetworkConditions", SLOW)
    try:
        yield
    finally:
        session.send("Network.emulateNetworkConditions", FAST)
        session.detach()
