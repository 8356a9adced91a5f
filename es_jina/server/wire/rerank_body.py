"""The body of a request to rerank, and of its answer."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

# The alternatives below; they are no fields of a body.
TAGS = ("string", "object")


class Part(BaseModel):
    """A text or an image."""

    text: str | None = None
    image: str | None = Field(
        default=None, description="A data URI, base64, or an address where the server fetches any."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> "Part":
        if (self.text is None) == (self.image is None):
            raise PydanticCustomError("one_of", 'give {"text"} or {"image"}, one of them')
        return self


def _alternative(value: Any) -> str:
    return TAGS[0] if isinstance(value, str) else TAGS[1]


Content = Annotated[
    Annotated[str, Tag(TAGS[0])] | Annotated[Part, Tag(TAGS[1])], Discriminator(_alternative)
]


class RerankBody(BaseModel):
    """What is reranked. Fields that are not known are ignored."""

    model: str | None = None
    query: Content
    documents: list[Content] = Field(
        min_length=1, fail_fast=True, description="Texts and images; with `index`, references."
    )
    top_n: int | None = Field(
        default=None,
        ge=1,
        description="How many of the best are answered; all by default.",
        validation_alias=AliasChoices("top_n", "top_k"),
    )
    return_documents: bool | None = Field(
        default=None,
        description="Whether the documents are sent back; by default texts are, images and "
        "references are not.",
    )
    truncate: bool | None = Field(
        default=None,
        description="Read the beginning of a text that is too long; else it is refused.",
        validation_alias=AliasChoices("truncate", "truncation"),
    )
    index: str | None = Field(
        default=None,
        max_length=255,
        description="Extension: the documents are references, values of the field `ref` in that "
        "index, which is one of those that the server was started with.",
    )


class RerankUsage(BaseModel):
    """What was read."""

    total_tokens: int


class RerankResult(BaseModel):
    """One document."""

    index: int = Field(description="Its place among the documents of the request.")
    relevance_score: float = Field(ge=0, le=1)
    document: dict[Literal["text", "image"], str] | None = None


class RerankCounts(BaseModel):
    """Extension: what is told of references."""

    unknown: int = Field(description="How many are of no document with a multi-vector; they are 0.")


class RerankAnswer(BaseModel):
    """The documents, best first."""

    model: str
    object: Literal["list"]
    usage: RerankUsage
    results: list[RerankResult]
    es_jina: RerankCounts | None = Field(default=None, description="With `index` alone.")
