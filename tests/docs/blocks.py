"""The code blocks of the documents, and which of them cannot run where the tests run.

A block is a fence. ``sh`` is typed into a shell and ``python`` is run; all other languages are
there to be read. Above a block that cannot run here stands a comment, such as
``<!-- not run: needs Docker -->``, with one of the :data:`REASONS`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN = ("sh", "python")
# `console` is what is typed into Kibana's Dev Tools, as in Elastic's own documents.
READ = ("console", "esql", "http", "ini", "json", "text", "toml", "yaml")
REASONS = (
    "installs es_jina itself",
    "takes minutes",
    "needs Docker",
    "needs Kibana",
    "needs Kubernetes",
    "needs a GPU",
    "needs an address in the internet",
    "needs another cluster",
)
_MARK = re.compile(r"<!--\s*not run:\s*(.+?)\s*-->\s*\Z")


@dataclass(frozen=True, slots=True)
class Block:
    """A fence.

    Attributes:
        document: that it is in, relative to the repository.
        line: of its first line of code, from 1.
        language: as it is marked.
        code: what stands in it.
        not_run: why it cannot run here.
    """

    document: str
    line: int
    language: str
    code: str
    not_run: str | None

    @property
    def place(self) -> str:
        """Where it is, as people say it."""
        return f"{self.document}:{self.line}"

    @property
    def padded(self) -> str:
        """The code behind as many empty lines as make its own numbers those of the document."""
        return "\n" * (self.line - 1) + self.code


def blocks_of(document: Path) -> list[Block]:
    """Return the blocks of a document, in order."""
    return list(_blocks(document.read_text("utf-8"), str(document.relative_to(ROOT))))


def runnable(document: Path) -> list[Block]:
    """Return the blocks that are run, in order."""
    return [
        block for block in blocks_of(document) if block.language in RUN and block.not_run is None
    ]


def _blocks(text: str, name: str) -> Iterator[Block]:
    mark = None
    for token in MarkdownIt().parse(text):
        if token.type == "html_block":
            found = _MARK.search(token.content)
            mark = found[1] if found else None
        elif token.type == "fence":
            first = token.map[0] if token.map else 0
            yield Block(name, first + 2, token.info.strip(), token.content, mark)
            mark = None
        else:
            mark = None
