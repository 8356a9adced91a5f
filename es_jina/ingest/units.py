"""What becomes a document each: a chunk of a text, an image, a page of a PDF."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from es_jina.errors import ItemError
from es_jina.ingest.pdf import Pdf
from es_jina.ingest.sources import Source
from es_jina.ingest.text import chunks, decode, title_of
from es_jina.inputs import Image, Input, Text

UnitKind = Literal["text", "image", "page"]


@dataclass(frozen=True, slots=True)
class Unit:
    """One future document, not loaded yet.

    Attributes:
        source: the file it comes from.
        number: its place in the source, from 0.
        count: how many units the source has.
        title: of the source.
        kind: text, image or page.
        text: the chunk of a text; empty for what is loaded later.
    """

    source: Source
    number: int
    count: int
    title: str
    kind: UnitKind
    text: str = ""

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
    digest = hashlib.sha256(f"{uri}\0{number}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii")[:22]


def read_units(source: Source) -> list[Unit]:
    """Cut a source into units, without rendering or decoding pictures.

    Raises:
        ItemError: the source cannot be read.
    """
    try:
        return _units(source)
    except OSError as error:
        raise ItemError(f"cannot be read: {error.strerror}") from error


def _units(source: Source) -> list[Unit]:
    stem = source.path.stem
    match source.kind:
        case "text":
            text = decode(source.path.read_bytes())
            title = title_of(text, stem)
            parts = chunks(text)
            return [
                Unit(source, number, len(parts), title, "text", part)
                for number, part in enumerate(parts)
            ]
        case "image":
            return [Unit(source, 0, 1, _words(stem), "image")]
        case "pdf":
            with Pdf(source.path) as pdf:
                title = pdf.title or _words(stem)
                return [Unit(source, n, pdf.pages, title, "page") for n in range(pdf.pages)]


def _words(stem: str) -> str:
    """Make a title of a file name."""
    return " ".join(stem.replace("_", " ").replace("-", " ").split()) or stem


class Loader:
    """Loads units; keeps the last PDF open, since its pages come one after another."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._path: Path | None = None
        self._pdf: Pdf | None = None

    def load(self, unit: Unit) -> Loaded:
        """Load one unit.

        Raises:
            ItemError: it cannot be read.
        """
        match unit.kind:
            case "text":
                return Loaded(unit, Text(unit.text), unit.text)
            case "image":
                return Loaded(unit, Image(unit.source.path), "")
            case "page":
                page = self._open(unit.source.path).page(unit.number, self._max_pixels)
                return Loaded(unit, Image(page.picture), page.text)

    def close(self) -> None:
        """Close the PDF that is open, if any."""
        if self._pdf is not None:
            self._pdf.close()
        self._pdf = self._path = None

    def _open(self, path: Path) -> Pdf:
        if self._pdf is None or self._path != path:
            self.close()
            self._pdf, self._path = Pdf(path), path
        return self._pdf
