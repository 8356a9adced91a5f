"""What a search finds."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np

from es_jina.search.snippets import MARK, snippet_of
from es_jina.search.trace import Sent, Stage

# Of surrogate pairs: they cannot be written in UTF-8.
_HALVES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stage put a unit.

    Attributes:
        rank: from 1.
        score: BM25 for words; what Elasticsearch makes of the similarity for nearest; the sum of
            reciprocal ranks for fused; MaxSim per query token for late; 0 to 1 for rerank.
    """

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """One found unit.

    Attributes:
        id: of the document.
        score: of the last step; 0 where that step could not judge the unit.
        uri: of the source.
        title: of the source.
        kind: text, image or page.
        page: of a PDF, from 1.
        pages: how many pages the PDF has.
        chunk: of a text, from 1.
        snippet: the words that match best, or the first ones.
        highlights: which characters of the snippet match: the first, and the one behind the last.
        stages: where each stage that knew the unit put it, by the stage's name.
    """

    id: str
    score: float
    uri: str
    title: str
    kind: str
    page: int | None
    pages: int | None
    chunk: int | None
    snippet: str
    highlights: tuple[tuple[int, int], ...] = ()
    stages: Mapping[str, Place] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the source's file; anybody may have written the address."""
        try:
            return PurePosixPath(unquote(urlsplit(self.uri).path)).name
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Results:
    """The answer to one search.

    Attributes:
        mode: as asked.
        reranked: whether late interaction decided the order, or the reranker that was asked to: it
            does not where it could read nothing.
        embed_ms: milliseconds spent on the query's vectors.
        search_ms: milliseconds spent on everything else.
        hits: best first.
        offset: how many better ones were skipped.
        stages: what was done, in order, and how long it took.
        requests: what was sent to Elasticsearch.
        unread: how many of the best hits a reranker was to read and could not: they stand behind
            those that it has read.
        refused: how many of those the reranker refused; the others have nothing to read.
        refusal: why it refused the first of them.
    """

    mode: str
    reranked: bool
    embed_ms: float
    search_ms: float
    hits: list[Hit]
    offset: int
    stages: list[Stage]
    requests: list[Sent] = field(repr=False)
    unread: int = 0
    refused: int = 0
    refusal: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types, each hit with its rank; without the requests."""
        told = asdict(replace(self, requests=[]))
        del told["requests"]
        first = self.offset + 1
        told["hits"] = [{"rank": rank, **hit} for rank, hit in enumerate(told["hits"], first)]
        return told


def put(hit: Hit, stage: str, rank: int, score: float) -> Hit:
    """Note for a hit where a stage put it, and the stage's score as its own."""
    return replace(hit, score=score, stages={**hit.stages, stage: Place(rank, score)})


def placed(hits: Iterable[Hit], stage: str, first: int = 1) -> list[Hit]:
    """Note for hits, best first, where a stage put them by the scores that they have."""
    return [put(hit, stage, rank, hit.score) for rank, hit in enumerate(hits, first)]


def read_hit(found: dict[str, Any]) -> Hit:
    """Read one hit of Elasticsearch's, with the whole passage, marks and all, as its snippet.

    Most hits are not shown: :func:`shown` cuts the snippets of those that are. Somebody may have
    written documents of their own through the alias: any field may be missing, or another thing.
    """
    fields = found.get("_source", {})
    source = fields.get("source")
    uri = _text(source.get("uri")) if isinstance(source, dict) else ""
    # A word may match by its stem alone, in the field of a language.
    marked = found.get("highlight", {}).values()
    passages = [_text(passage) for several in marked for passage in several]
    return Hit(
        id=found["_id"],
        score=_score(found["_score"]),
        uri=uri,
        title=_text(fields.get("title")) or uri,
        kind=_text(fields.get("kind")),
        page=_number(fields.get("page")),
        pages=_number(fields.get("pages")),
        chunk=_number(fields.get("chunk")),
        snippet=max(passages, key=lambda told: told.count(MARK), default=_text(fields.get("text"))),
    )


def shown(hit: Hit) -> Hit:
    """Return a hit with its passage as people see it: one line of at most 160 letters."""
    snippet, highlights = snippet_of(hit.snippet)
    return replace(hit, snippet=snippet, highlights=highlights)


def _text(told: object) -> str:
    return "" if told is None else _HALVES.sub("\N{REPLACEMENT CHARACTER}", str(told))


def _number(told: object) -> int | None:
    return told if type(told) is int else None


def _score(told: float) -> float:
    """Return a score, a number of single precision, as JSON writes it: CBOR has all its bits."""
    return float(str(np.float32(told)))
