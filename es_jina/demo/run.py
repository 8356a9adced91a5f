"""What ``make demo`` shows: a node, the sample documents, three searches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from es_jina.demo.checkpoint import make_checkpoint
from es_jina.inputs import Image, Input, Text
from es_jina.paths import cache_folder
from es_jina.search.searcher import Mode, Results, Searcher

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

    def command(self) -> str:
        """What to type for the same search."""
        asked = f'--image "{self.query}"' if isinstance(self.query, Path) else f'"{self.query}"'
        return f"es-jina search {INDEX} {asked} --mode {self.mode}"


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
    from es_jina import __version__

    # The sample and the recipe may change from release to release, and the checkpoint with them.
    return make_checkpoint(cache_folder() / f"demo-checkpoint-{__version__}", _sample_texts())


def search_examples(
    searcher: Searcher, show: Callable[[Example, Results], None], size: int = 3
) -> None:
    """Run the three searches and hand each to `show`."""
    for example in EXAMPLES:
        show(example, searcher.search(example.input, example.mode, size))


def _sample_texts() -> Iterator[str]:
    from es_jina.ingest.pdf import Pdf

    for path in sorted(SAMPLE.rglob("*")):
        if path.suffix in (".md", ".txt"):
            yield path.read_text("utf-8")
        elif path.suffix == ".pdf":
            with Pdf(path) as pdf:
                for number in range(pdf.pages):
                    yield pdf.page(number, 10_000).text
