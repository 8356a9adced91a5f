"""What ``make demo`` shows: the sample documents, and searches that are worth a look."""

from dataclasses import dataclass
from pathlib import Path

from elasticsearch import Elasticsearch

from es_jina.elastic.assets import read_profile
from es_jina.errors import ProfileMismatchError
from es_jina.inputs import Image, Input, Text
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
        "by late interaction alone: pages that show it, whatever their text says",
        "yellow pie chart about cheese",
        "late",
    ),
    Example(
        "all together; the word is German, the pages are German, English and Chinese",
        "Fahrrad",
        "hybrid",
    ),
    Example(
        "by a picture: a Chinese poster about bicycles, and an English page about the same",
        SAMPLE / "city" / "城市单车.png",
        "late",
    ),
)
# What the search page offers to be clicked.
CHIPS = (
    "bicycle",
    "yellow pie chart about cheese",
    "refrigerator",
    "Wetter",
    "咖啡",
    "red area chart",
    "doctor and nurse",
)


def demo_checkpoint() -> Path:
    """Return the folder of the trained toy checkpoint."""
    return Path(__file__).parent / "weights"


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
