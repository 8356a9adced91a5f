"""A few documents: texts, and the pages of two PDFs, each with a vector of its own."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch

from es_jina.dense import DenseProfile
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.profile import IndexProfile, MultiVectorProfile

# With exact neighbours, which two runs have alike.
PROFILE = IndexProfile(
    "m", None, (DenseProfile.of(128, "flat"),), MultiVectorProfile("binary", "bit"), 1000
)

TEXTS = {
    "pump": "The heat pump hums.",
    "heat": "Heat rises, and a pump lifts water.",
    "phrase": "He rides a red bicycle to the market and pays in cash.",
    "apart": "A bicycle stands there, and the red market pays in cash.",
    "noise": "Rain falls on the roof of the station.",
}


def documents() -> dict[str, dict[str, Any]]:
    """By id; pages have the vectors 1 to 9, texts those behind them."""
    found: dict[str, dict[str, Any]] = {}
    for number, (name, pages) in enumerate({"manual": 5, "report": 4}.items()):
        for page in range(1, pages + 1):
            told = {"kind": "page", "page": page, "pages": pages, "title": name.title()}
            found[f"{name}-{page}"] = _document(f"{name}.pdf", 5 * number + page, told)
    for place, (name, text) in enumerate(TEXTS.items()):
        told = {"kind": "text", "chunk": 1, "title": "Note", "text": text}
        # The first of them lies next to the third page.
        found[name] = _document(f"{name}.txt", 3 if name == "pump" else 20 + place, told)
    return {ident: {**document, "ref": ident} for ident, document in found.items()}


def _document(file: str, number: int, told: dict[str, Any]) -> dict[str, Any]:
    vector = np.full(128, 0.02, np.float32)
    vector[number] = 1 if told["kind"] == "page" else 0.9
    vector /= np.linalg.norm(vector)
    return {**told, "source": {"uri": f"file:///{file}"}, "embedding_128": vector.tolist()}


@contextmanager
def library(client: Elasticsearch, capabilities: Capabilities) -> Iterator[str]:
    """An index of them, which goes away again."""
    index = f"library-{uuid.uuid4().hex[:10]}"
    set_up(client, index, PROFILE, capabilities)
    lines: list[dict[str, Any]] = []
    for ident, document in documents().items():
        lines += [{"index": {"_id": ident}}, document]
    assert not client.bulk(index=index, operations=lines, refresh=True)["errors"]
    yield index
    client.indices.delete(index=f"{index}-000001")
    client.indices.delete_index_template(name=f"es-jina-{index}")
