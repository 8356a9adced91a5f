"""What ``make demo`` shows: a node, the sample documents, three searches."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elasticsearch import Elasticsearch

from es_jina.elastic.assets import read_profile
from es_jina.errors import ProfileMismatchError
from es_jina.inputs import Image, Input, Text
from es_jina.paths import cache_folder
from es_jina.profile import IndexProfile
from es_jina.search.request import Mode

INDEX = "es-jina-demo"
SAMPLE = Path(__file__).parent / "sample"


@dataclass(frozen=True, slots=True)
class Example:
    """One search of the demo.

    Attributes:
        why: what it shows.
        query: a text, or a picture of the sample.
        mode: of the search.
    """

    why: str
    query: str | Path
    mode: Mode

    @property
    def input(self) -> Input:
        """The query as an input."""
        return Image(self.query) if isinstance(self.query, Path) else Text(self.query)

    def arguments(self, index: str) -> str:
        """What to type behind `es-jina` for the same search."""
        asked = f'--image "{self.query}"' if isinstance(self.query, Path) else f'"{self.query}"'
        return f"search {index} {asked} --mode {self.mode}"


EXAMPLES = (
    Example(
        "words alone (BM25), in the text layers of PDF pages and in notes",
        "heat pump covered in ice",
        "text",
    ),
    Example(
        "words and vectors fused, then late interaction",
        "Wie viel Strom erzeugen Solardächer im Juli?",
        "hybrid",
    ),
    Example(
        "by a picture: the sample's own beach, found among all pages and pictures",
        SAMPLE / "travel" / "beach-sunset.jpg",
        "late",
    ),
)


def demo_checkpoint() -> Path:
    """Return the untrained demo checkpoint, made on first use from the sample's own words."""
    # It needs torch, which is not there where a service runs the model.
    from es_jina.demo.checkpoint import Shape, make_checkpoint

    texts, shape = list(_sample_texts()), Shape()
    # Another sample or another shape makes another checkpoint, never an old one under a new name.
    recipe = hashlib.sha256(repr((texts, shape)).encode()).hexdigest()[:12]
    return make_checkpoint(cache_folder() / f"demo-checkpoint-{recipe}", texts, shape)


def demo_index(client: Elasticsearch, profile: IndexProfile) -> str:
    """Return the name of the demo's index for a profile.

    The demo may be run with several models; each has an index of its own, since people load their
    own documents into it and nothing of that may be lost.
    """
    existing = read_profile(client, INDEX)
    try:
        if existing is not None:
            existing.check_same(profile, INDEX)
    except ProfileMismatchError:
        return f"{INDEX}-{profile.fingerprint}"
    return INDEX


def _sample_texts() -> Iterator[str]:
    from es_jina.ingest.pdf import Pdf

    for path in sorted(SAMPLE.rglob("*")):
        if path.suffix in (".md", ".txt"):
            yield path.read_text("utf-8")
        elif path.suffix == ".pdf":
            with Pdf(path) as pdf:
                for number in range(pdf.pages):
                    yield pdf.page(number, 10_000).text
