"""The words and figures round a benchmark's tables."""

import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from textwrap import fill

import numpy as np

_STARTED = time.monotonic()


def machine(*packages: str) -> str:
    """Return the day, the processor, what else it has to do, and the versions of packages."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    cores = f"{os.cpu_count()} cores at a load of {os.getloadavg()[0]:.1f}"
    return f"{datetime.now(UTC):%Y-%m-%d}, {processor}, {cores}, {versions}"


def paragraph(text: str) -> str:
    """Return a text in lines of at most 100 letters, with an empty one behind."""
    return f"{fill(text, 100)}\n"


def table(*columns: str) -> str:
    """Return the head of a Markdown table: the first column is words, the others are numbers."""
    rule = ["---", *["--:"] * (len(columns) - 1)]
    return f"{row(*columns)}\n|{'|'.join(rule)}|"


def row(*cells: object) -> str:
    """Return a line of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"


def verdict(value: float, most: float) -> str:
    """Say whether a figure is as low as it should be."""
    return "reached" if value <= most else "MISSED"


def p95(times: Sequence[float]) -> float:
    """Return what 95 of 100 stay below."""
    return float(np.percentile(times, 95))


def progress(line: str) -> None:
    """Tell who waits, not the table."""
    print(f"{time.monotonic() - _STARTED:5.0f} s  {line}", file=sys.stderr, flush=True)
