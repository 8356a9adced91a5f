"""Links between the documents lead somewhere."""

import re
from pathlib import Path

import pytest

from .blocks import DOCUMENTS, ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for link in LINK.findall(document.read_text("utf-8")):
        if "://" in link:
            continue
        name, _, part = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), f"{document.relative_to(ROOT)}: no {link}"
        if part:
            assert part in anchors(target), f"{document.relative_to(ROOT)}: no {link}"


def test_every_document_is_in_the_list_of_documents() -> None:
    listed = LINK.findall((ROOT / "docs/README.md").read_text("utf-8"))
    for document in DOCUMENTS:
        if document.parent == ROOT / "docs" and document.name != "README.md":
            assert document.name in listed


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(document.read_text("utf-8"))
    }
