"""axe-core, which finds what shuts people out of a page."""

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

SERIOUS = {"serious", "critical"}


def barriers(page: Page) -> list[str]:
    """Return the serious and critical violations on the page as it is now, one text for each."""
    # The browser's debugger runs it, so the page's own policy does not forbid it.
    page.evaluate(_axe_core())
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [_told(rule) for rule in found["violations"] if rule["impact"] in SERIOUS]


@cache
def _axe_core() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text()


def _told(rule: dict[str, Any]) -> str:
    lines = [f"{rule['impact']}: {rule['help']} ({rule['id']})"]
    for node in rule["nodes"]:
        # The first line of a summary only says "Fix any of the following:".
        reasons = node["failureSummary"].splitlines()[1:]
        lines += [f"  {node['html']}", *(f"    {reason.strip()}" for reason in reasons)]
    return "\n".join(lines)
