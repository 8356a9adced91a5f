"""The Chromium that the tests drive: the machine's own, or Debian's, fetched for them."""

import shutil
from pathlib import Path

from tests.browser.debian import fetched_chromium
from tests.browser.program import Program

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> Program:
    """Return a Chromium that starts.

    Raises:
        ChromiumError: There is none on PATH, and none can be fetched.
    """
    for name in NAMES:
        path = shutil.which(name)
        if path and not (program := Program(Path(path))).fault():
            return program
    return fetched_chromium()
