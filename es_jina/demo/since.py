"""How long ``make demo`` took, and what it downloaded."""

import os
import time
from pathlib import Path

# The Makefile says when it began, and how much the machine had received by then.
_SECONDS, _BYTES = "ES_JINA_DEMO_BEGAN", "ES_JINA_DEMO_RECEIVED"
_NETWORK = Path("/proc/net/dev")


def since_make() -> str | None:
    """Say it for people; ``None`` where ``make`` did not start us.

    What was downloaded is what the whole machine received meanwhile, which Linux alone tells.
    """
    began = os.environ.get(_SECONDS, "")
    if not began.isdecimal():
        return None
    took = f"{time.time() - int(began):.0f} s after `make demo`"
    before, now = os.environ.get(_BYTES, ""), _received()
    if not before.isdecimal() or now is None:
        return took
    return f"{took}, {(now - int(before)) / 1e6:.0f} MB downloaded"


def _received() -> int | None:
    try:
        lines = _NETWORK.read_text().splitlines()[2:]
    except OSError:
        return None
    counters = (line.split(":") for line in lines)
    return sum(int(told.split()[0]) for name, told in counters if name.strip() != "lo")
