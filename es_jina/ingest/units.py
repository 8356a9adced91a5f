"""What becomes a document each: a chunk of a text, an image, a page of a PDF or of a TIFF."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Literal

from es_jina.errors import ItemError, RequestError
from es_jina.ingest.sources import Source
from es_jina.inputs import Input

UnitKind = Literal["text", "image", "page"]
PdfMode = Literal["pages", "text", "both"]

CHUNK_TOKENS = 512
# The model reads 32,768; the words before a passage take a few.
MOST_CHUNK_TOKENS = 32_000


@dataclass(frozen=True, slots=True)
class Cutting:
    """How sources are cut into units.

    Attributes:
        chunk_tokens: the longest chunk of a text.
        late: whether a chunk is embedded as a part of its text (late chunking).
        pdf: whether a PDF becomes page images, chunks of its text layer, or both.
    """

    chunk_tokens: int = CHUNK_TOKENS
    late: bool = False
    pdf: PdfMode = "pages"

    def __post_init__(self) -> None:
        if not 16 <= self.chunk_tokens <= MOST_CHUNK_TOKENS:
            raise RequestError(
                f"chunks of {self.chunk_tokens} tokens: choose 16 to {MOST_CHUNK_TOKENS:,}"
            )

    def recipe(self, source: Source) -> str:
        """Return how the units of a source are made; kept in each of its documents."""
        if source.pdf is not None:
            return self._pdf_recipe()
        if source.text is None:
            return "image"
        # A text is not embedded again once the image beside it can be had.
        alone = source.image is None and source.broken_image is None
        return self._chunks if alone else f"{self._chunks}+image"

    @property
    def recipes(self) -> frozenset[str]:
        """All that :meth:`recipe` may return: what was made otherwise is made again."""
        chunks = self._chunks
        return frozenset({"image", chunks, f"{chunks}+image", self._pdf_recipe()})

    @property
    def _chunks(self) -> str:
        return f"chunks-{self.chunk_tokens}{'-late' if self.late else ''}"

    def _pdf_recipe(self) -> str:
        by_mode = {
            "pages": "pages",
            "text": f"layer-{self._chunks}",
            "both": f"pages+layer-{self._chunks}",
        }
        return by_mode[self.pdf]


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A part of a text that late chunking reads as a whole."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """One future document; a picture is not loaded yet.

    Attributes:
        source: what it comes from.
        number: its place in the source, from 0.
        kind: text, image or page.
        title: of the source.
        recipe: how the source was cut.
        count: how many units the source has; known for the last one at least.
        page: of a PDF or a TIFF, from 1.
        pages: how many the file has.
        chunk: of a text, from 1.
        text: the chunk.
        span: first character of the chunk in its text, and the one behind the last.
        tokens: what the model will read, more or less.
        section: the text round a chunk that is embedded with it, where it is late chunking.
        within: the chunk's characters in the section.
        broken: why there is nothing to load, where that is known already.
    """

    source: Source
    number: int
    kind: UnitKind
    title: str
    recipe: str
    count: int | None = None
    page: int | None = None
    pages: int | None = None
    chunk: int | None = None
    text: str = ""
    span: tuple[int, int] | None = None
    tokens: int = 0
    section: Section | None = None
    within: tuple[int, int] = (0, 0)
    broken: ItemError | None = None

    @property
    def id(self) -> str:
        """The document's id: the same unit of the same source always has the same one."""
        return unit_id(self.source.uri, self.number)


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A unit with what is embedded and what is searched by words."""

    unit: Unit
    input: Input
    text: str


def unit_id(uri: str, number: int) -> str:
    """Return 22 URL-safe characters of a digest over the source and the unit's number."""
    digest = hashlib.sha256(f"{uri}\0{number}".encode("utf-8", "surrogateescape")).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii")[:22]
