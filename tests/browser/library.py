"""A small library behind a server, which all tests of the search page look through.

Its model sees colours and reads their names (see tests/server/web/colours.py), so that what is
found, and where the heat map is hot, is known.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from reportlab.pdfgen.canvas import Canvas

from es_jina.dense import dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.ingest.run import Ingest
from es_jina.ingest.targets import Setting, Targets
from es_jina.profile import MultiVectorProfile
from es_jina.providers import profile_for
from es_jina.providers.toy import Toy
from tests.ingest.provider_double import WordTokenizer
from tests.server.running import running
from tests.server.web.colours import COLUMNS, INFO, NAMES, ROWS, Colours, painted

PLATES = 100
ABOUT = "It sees colours and reads their names."
EXAMPLES = ("lime magenta", "green frog")
HOSTILE = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>'
# Cells of the PDF's pages: row, column, colour.
NORTH = [(0, 1, "red"), (2, 3, "lime")]
SOUTH = [(3, 0, "blue"), (1, 3, "magenta")]


@dataclass(frozen=True)
class Library:
    """What runs.

    Attributes:
        url: of the server.
        index: that it serves.
    """

    url: str
    index: str

    def at(self, query: str = "") -> str:
        """Return an address of the page, such as that of ``?q=frog``."""
        return f"{self.url}/{query}"


@contextmanager
def served_library(client: Elasticsearch, folder: Path) -> Iterator[Library]:
    """Fill an index and serve it."""
    index = f"test-{uuid.uuid4().hex[:10]}"
    known = frozenset([*NAMES, "plate", "green", "frog", "harvest"])
    provider = Colours(replace(INFO, toy=Toy(ABOUT, known)))
    _fill(client, provider, index, _written(folder / "library"))
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tests.server.running.open_tokenizer", lambda *_: WordTokenizer())
            with running(
                provider,
                client=client,
                indices=(index,),
                examples=EXAMPLES,
                uploads=folder / "uploads",
            ) as server:
                yield Library(server.url, index)
    finally:
        client.indices.delete(index=f"{index}-000001")
        client.indices.delete_index_template(name=f"es-jina-{index}")


def _written(folder: Path) -> Path:
    """Write the files: a PDF of two pages, a text, and many pictures."""
    folder.mkdir()
    _write_pdf(folder / "harvest.pdf")
    (folder / "frogs.md").write_text("# Of frogs\n\n🐸 A green frog croaks. The frog sleeps.")
    for number in range(PLATES):
        size = (60, 80) if number % 2 else (80, 60)
        colour = NAMES[number % len(NAMES)]
        painted(size, **{f"r{number % ROWS}c1": colour}).save(folder / f"plate {number:03}.png")
    return folder


def _write_pdf(path: Path) -> None:
    canvas = Canvas(str(path), pagesize=(500, 400))
    canvas.setTitle("Harvest")
    for name, cells in (("north", NORTH), ("south", SOUTH)):
        for row, column, colour in cells:
            canvas.setFillColor(colour)
            left, top = column * 500 / COLUMNS, row * 400 / ROWS
            canvas.rect(left, 400 - top - 100, 100, 100, stroke=0, fill=1)
        canvas.setFillColor("black")
        canvas.drawString(250, 20, f"The harvest of the {name}")
        canvas.showPage()
    canvas.save()


def _fill(client: Elasticsearch, provider: Colours, index: str, folder: Path) -> None:
    multi = MultiVectorProfile("binary", "float")
    profile = replace(profile_for(provider.model, dense=dense_profiles(128)), multi_vector=multi)
    able = Capabilities.detect(client)
    set_up(client, index, profile, able)
    run = Ingest(
        client,
        index,
        profile,
        able,
        open_provider=lambda: provider,
        open_tokenizer=WordTokenizer,
    )
    report = run.run(Targets([str(folder)], Setting(client, folder)))
    assert (report.embedded, report.failures) == (PLATES + 3, [])
    # Somebody else may write what the engine never would.
    hostile = {
        "source": {"uri": "javascript:window.harmed=1//"},
        "title": f"\u202e{HOSTILE}",  # from right to left
        "kind": "text",
        "chunk": 1,
        "text": f"A wicked text. {HOSTILE}",
    }
    client.index(index=index, id="hostile", document=hostile, refresh=True)
