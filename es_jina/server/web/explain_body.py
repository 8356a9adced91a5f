"""The body of a request to explain a hit, and of its answer."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from es_jina.server.web.search_body import LONGEST

_LONGEST_ID = 512  # as Elasticsearch has it


class ExplainBody(BaseModel):
    """What is explained: why a hit answers a query."""

    model_config = ConfigDict(extra="forbid")

    index: str | None = Field(
        default=None, max_length=255, description="May be left out where one is served."
    )
    ref: str = Field(min_length=1, max_length=_LONGEST_ID, description="As the hit names it.")
    query: str = Field(max_length=LONGEST, description="Words.")

    @field_validator("query")
    @classmethod
    def _not_empty(cls, query: str) -> str:
        if not query.strip():
            raise ValueError("the query is empty")
        return query


class ExplainedWord(BaseModel):
    """A word of the query that counts: no stop word, unless there are no others."""

    word: str
    start: int = Field(description="Its first character (code point) in the query.")
    end: int = Field(description="The one behind its last.")
    known: bool = Field(description="Whether the model has seen it; only a toy knows that.")


class _Explained(BaseModel):
    words: list[ExplainedWord] = Field(description="Of a long query the first 100.")
    perfect: float = Field(description="The cosine of what is the same, as the index keeps it.")
    of: Literal["stored", "computed"] = Field(
        description="Whether the index's own vectors were compared, or those of a pass over it now."
    )


class ExplainedPicture(_Explained):
    """Where in a page or an image each word is: cosines with the cells of a grid over it."""

    kind: Literal["page", "image"]
    width: int = Field(description="Cells in a row.")
    height: int = Field(description="Rows.")
    pixels: tuple[int, int] | None = Field(
        description="Width and height of its picture; null where that cannot be had."
    )
    grids: list[list[list[float]]] = Field(description="For each word its rows, from the top.")


class ExplainedToken(BaseModel):
    """A part of the text."""

    start: int = Field(description="Its first character (code point).")
    end: int = Field(description="The one behind its last.")
    scores: list[float] = Field(description="For each word its cosine.")


class ExplainedText(_Explained):
    """Where in a text each word is: cosines with its tokens."""

    kind: Literal["text"]
    text: str
    tokens: list[ExplainedToken]


EXPLAIN_ANSWERS = (ExplainedPicture, ExplainedText)
