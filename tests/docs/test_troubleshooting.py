"""Each message that `docs/troubleshooting.md` explains is one that the code really says."""

import ast
import re
from functools import cache

import pytest

from .blocks import ROOT

PAGE = ROOT / "docs/troubleshooting.md"
MESSAGES = re.findall(r"^### `(.+)`$", PAGE.read_text("utf-8"), re.M)
# It stands for what differs from one message to the next.
GAP = "…"


@cache
def texts() -> str:
    """Return every string of the package, f-strings without what is put into them."""
    found = (
        node.value
        for path in sorted((ROOT / "es_jina").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    # A message may put a command into marks that a heading cannot have.
    return "\0".join(found).replace("`", "")


def test_the_page_explains_messages() -> None:
    assert len(MESSAGES) > 30
    assert len(set(MESSAGES)) == len(MESSAGES)


@pytest.mark.parametrize("message", MESSAGES)
def test_the_code_says_it(message: str) -> None:
    for part in filter(None, (part.strip(" ()") for part in message.split(GAP))):
        assert part in texts(), f"nothing in es_jina says {part!r}"
