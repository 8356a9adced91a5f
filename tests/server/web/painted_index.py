"""A folder of painted pictures and pages, and indices of it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from reportlab.pdfgen.canvas import Canvas

from es_jina.dense import dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.ingest.run import Ingest
from es_jina.ingest.targets import Setting, Targets
from es_jina.profile import MultiVectorProfile
from es_jina.providers import profile_for
from tests.ingest.files import tiff
from tests.ingest.provider_double import WordTokenizer
from tests.server.web.colours import COLUMNS, ROWS, Colours, painted

TEXT = "A red bicycle by the blue sea."


def painted_folder(folder: Path) -> Path:
    """Write pictures, a PDF and a TIFF of two pages each, and a text."""
    painted_picture(folder / "picture.png")
    painted_picture(folder / "gone.png")
    painted((300, 300), r0c0="cyan").save(folder / "photo.jpg", quality=95)
    painted_pdf(folder / "paper.pdf", [(0, 1, "red"), (2, 3, "lime")], [(3, 0, "blue")])
    tiff(folder / "scan.tiff", "magenta", "black")
    (folder / "note.md").write_text(TEXT)
    return folder


def painted_picture(path: Path) -> Path:
    """Write a picture with a red and a blue cell."""
    painted((400, 320), r1c2="red", r3c4="blue").save(path)
    return path


def painted_pdf(path: Path, *pages: list[tuple[int, int, str]]) -> Path:
    """Write a PDF whose pages have cells in colours: row, column, colour."""
    canvas = Canvas(str(path), pagesize=(500, 400))
    wide, high = 500 / COLUMNS, 400 / ROWS
    for cells in pages:
        for row, column, colour in cells:
            canvas.setFillColor(colour)
            canvas.rect(column * wide, 400 - (row + 1) * high, wide, high, stroke=0, fill=1)
        canvas.showPage()
    canvas.save()
    return path


@contextmanager
def painted_index(client: Elasticsearch, folder: Path, multi: MultiVectorProfile) -> Iterator[str]:
    """Ingest a folder into an index of its own, which goes away behind the block."""
    index, provider = f"test-{uuid.uuid4().hex[:10]}", Colours()
    profile = profile_for(provider.model, dense=dense_profiles(128))
    profile = replace(profile, multi_vector=multi)
    able = Capabilities.detect(client)
    set_up(client, index, profile, able)
    ingest = Ingest(
        client,
        index,
        profile,
        able,
        open_provider=lambda: provider,
        open_tokenizer=WordTokenizer,
    )
    assert ingest.run(Targets([str(folder)], Setting(client, folder))).failures == []
    client.indices.refresh(index=index)
    try:
        yield index
    finally:
        client.indices.delete(index=f"{index}-000001")
        client.indices.delete_index_template(name=f"es-jina-{index}")


def ref_of(client: Elasticsearch, index: str, name: str, page: int | None = None) -> str:
    """Return the id of a unit by the name of its file and its page."""
    must: list[dict[str, Any]] = [{"wildcard": {"source.uri": f"*/{name}"}}]
    if page is not None:
        must.append({"term": {"page": page}})
    found = client.search(index=index, query={"bool": {"filter": must}})["hits"]["hits"]
    assert len(found) == 1
    ref: str = found[0]["_id"]
    return ref
