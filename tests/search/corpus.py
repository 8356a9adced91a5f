"""A handful of documents with vectors of the tiny model."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image as PilImage

from es_jina.elastic.vectors import dense_value, pack
from es_jina.embedding import Embedding
from es_jina.inputs import Input, Task
from es_jina.profile import IndexProfile
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider
from es_jina.search.searcher import Searcher

TEXTS = {
    "fox": "The quick brown fox jumps over the lazy dog.",
    "sun": "Power from the sun. " * 30 + "Strom aus der Sonne. " + "Cells on the roof. " * 30,
    "cafe": "El café está en la esquina.",
    "jp": "日本語の文書です。",
}

Build = Callable[..., Searcher]
Told = tuple[str, str, str, Embedding]  # id, kind, text, vectors


def teal(folder: Path) -> Path:
    path = folder / "teal.png"
    if not path.exists():
        PilImage.new("RGB", (80, 60), "teal").save(path)
    return path


def embed(
    provider: LocalProvider, inputs: Sequence[Input], task: Task = Task.RETRIEVAL_PASSAGE
) -> list[Embedding]:
    found = provider.embed(inputs, task, Want.SINGLE | Want.MULTI)
    assert all(isinstance(embedding, Embedding) for embedding in found)
    return [embedding for embedding in found if isinstance(embedding, Embedding)]


def document(told: Told, profile: IndexProfile) -> dict[str, Any]:
    ident, kind, text, vectors = told
    assert vectors.single is not None
    assert vectors.multi is not None
    fields: dict[str, Any] = {
        "source": {"uri": f"file:///{ident}"},
        "title": f"About {ident}",
        "kind": kind,
        "text": text,
    }
    for dense in profile.dense:
        fields[dense.field] = dense_value(vectors.single, dense, base64_allowed=True)
    if profile.multi_vector:
        fields["multi_vector"] = pack(vectors.multi, profile.multi_vector.element_type)
    return fields
