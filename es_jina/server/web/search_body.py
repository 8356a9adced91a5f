"""The body of a search, and of its answer."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from es_jina.search.filters import Filter
from es_jina.search.query import MOST
from es_jina.search.request import Mode

LONGEST = 10_000  # letters of a query
_LONGEST_ID = 512  # as Elasticsearch has it
MOST_HITS = 100  # of one answer


class SearchFilters(BaseModel):
    """What all hits have."""

    model_config = ConfigDict(extra="forbid")

    kind: list[Literal["text", "image", "page"]] | None = Field(
        default=None, min_length=1, max_length=3, description="Any of these."
    )
    source: str | None = Field(
        default=None, min_length=1, max_length=LONGEST, description="The address of the source."
    )

    def queries(self) -> list[Filter]:
        """Return them as Elasticsearch takes them."""
        kinds: list[Filter] = [] if self.kind is None else [{"terms": {"kind": self.kind}}]
        if self.source is None:
            return kinds
        return [*kinds, {"term": {"source.uri": self.source}}]


class SearchBody(BaseModel):
    """What is searched for: `query`, `image` or `ref`, one of them."""

    model_config = ConfigDict(extra="forbid")

    index: str | None = Field(
        default=None, max_length=255, description="May be left out where one is served."
    )
    query: str | None = Field(default=None, max_length=LONGEST, description="Words.")
    image: str | None = Field(
        default=None, description="A data URI, base64, or an address where the server fetches any."
    )
    ref: str | None = Field(
        default=None,
        min_length=1,
        max_length=_LONGEST_ID,
        description="What is found, as a hit names it: others like it are.",
    )
    itself: bool = Field(default=False, description="Whether what `ref` names is the first hit.")
    mode: Mode = "hybrid"
    size: int = Field(default=10, ge=1, le=MOST_HITS, description="How many hits.")
    offset: int = Field(
        default=0,
        ge=0,
        lt=MOST,
        alias="from",
        description="How many better hits to skip. The parts of one search continue one another; "
        "late interaction orders the first 100.",
    )
    filters: SearchFilters = Field(default_factory=SearchFilters)
    explain: bool = Field(
        default=False, description="Do every stage on its own, so that hits have all their places."
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        given = [each for each in (self.query, self.image, self.ref) if each is not None]
        if len(given) != 1:
            raise PydanticCustomError("one_of", "give `query`, `image` or `ref`, one of them")
        return self


class SearchTimes(BaseModel):
    """Milliseconds."""

    embed_ms: float
    search_ms: float


class SearchStage(BaseModel):
    """One step of a search."""

    name: str = Field(description="embed, words, nearest, fused or late")
    ms: float


class SearchPlace(BaseModel):
    """Where a stage put a hit."""

    rank: int
    score: float


class SearchHit(BaseModel):
    """What is found: a text, an image or a page."""

    rank: int
    ref: str = Field(description="Names it: the document's `_id`.")
    score: float = Field(description="Of the last stage.")
    title: str
    uri: str
    name: str = Field(description="The name of its file.")
    kind: str
    page: int | None
    pages: int | None
    chunk: int | None
    snippet: str
    highlights: list[tuple[int, int]] = Field(
        description="Which characters (code points) of the snippet match: the first, and the one "
        "behind the last."
    )
    stages: dict[str, SearchPlace]
    picture: bool = Field(description="Whether it is one, that may be asked for.")


class SearchAnswer(BaseModel):
    """What is found, best first."""

    index: str
    mode: Mode
    took: SearchTimes
    stages: list[SearchStage]
    unknown: list[str] = Field(description="Words of the query that a toy has never seen.")
    total_shown: int
    hits: list[SearchHit]
