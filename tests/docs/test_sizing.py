"""The figures of `docs/sizing.md` are those that were measured."""

import re

from .blocks import ROOT

FIGURE = re.compile(r"\b\d{1,3}(?:,\d{3})+\b|\b\d+ / \d+\b")


def test_the_figures_of_vectors_were_measured() -> None:
    measured = FIGURE.findall((ROOT / "benchmarks/results/sizing.md").read_text("utf-8"))
    told = (ROOT / "docs/sizing.md").read_text("utf-8")
    _, single = told.split("\n## Single vectors\n")
    rows = [line for line in single.splitlines() if line.startswith("| ")]
    assert len(rows) > 14
    for row in rows:
        assert set(FIGURE.findall(row)) <= set(measured), row


def test_a_page_is_the_sum_of_its_parts() -> None:
    told = (ROOT / "docs/sizing.md").read_text("utf-8")
    default, _ = told.split("\n## Single vectors\n")
    cells = re.findall(r"^\| (.+?) \| \**([\d,]+)\** \| \**([\d,]+)\** \|$", default, re.M)
    *parts, (_, disk, memory) = [(name, number(a), number(b)) for name, a, b in cells]
    assert len(parts) == 4
    assert sum(part[1] for part in parts) == disk
    assert sum(part[2] for part in parts) == memory


def number(told: str) -> int:
    return int(told.replace(",", ""))
