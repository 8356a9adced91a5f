"""What a body of an embedding request may hold: the hosted API's, and OpenAI's where it differs.

Published: the hosted API's OpenAPI of June 2026, OpenAI's embeddings reference. Unknown fields are
ignored, as the hosted API does.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from es_jina.inputs import Task
from es_jina.providers.base import Want
from es_jina.providers.encodings import EmbeddingType

# The alternatives of an input; they are no fields of a body.
TAGS = (_PLAIN, _TEXT, _IMAGE, _PDF, _TOKENS, _LIST) = (
    "plain text",
    "text object",
    "image object",
    "pdf object",
    "token ids",
    "list of inputs",
)

TaskName = Literal[
    "text-matching", "retrieval.query", "retrieval.passage", "code.query", "code.passage"
]


class TextItem(BaseModel):
    """A text."""

    text: str


class ImageItem(BaseModel):
    """An image: raw base64, a data URI, or an address where the server allows it."""

    # The older keys of the hosted API, which clients still send.
    image: str = Field(validation_alias=AliasChoices("image", "url", "bytes"))


class PdfItem(BaseModel):
    """A PDF, as an image is given; each page is embedded as one."""

    pdf: str


def _kind(value: Any) -> str | None:
    """Return which alternative a value is meant for; none for what nobody can mean."""
    match value:
        case str():
            return _PLAIN
        case bool():
            return None
        case int() | list():
            return _TOKENS
        case dict():
            return _kind_of_object(value)
    return None


def _kind_of_object(value: dict[str, Any]) -> str | None:
    kinds = [
        kind for name, kind in (("text", _TEXT), ("image", _IMAGE), ("pdf", _PDF)) if name in value
    ]
    if not kinds and ("url" in value or "bytes" in value):
        return _IMAGE
    # Two of them are no one input: neither may be left out silently.
    return kinds[0] if len(kinds) == 1 else None


def _no_tokens(value: Any) -> Any:
    raise ValueError("token ids are not taken: send the text itself")


def _one_type(value: Any) -> Any:
    """Take the list of one form for that form; the hosted API breaks on lists."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


Tokens = SkipJsonSchema[Annotated[Any, BeforeValidator(_no_tokens)]]
Item = Annotated[
    Annotated[str, Tag(_PLAIN)]
    | Annotated[TextItem, Tag(_TEXT)]
    | Annotated[ImageItem, Tag(_IMAGE)]
    | Annotated[Tokens, Tag(_TOKENS)],
    Discriminator(
        _kind,
        custom_error_type="input_type",
        custom_error_message='Input should be a text, {"text"} or {"image"}; a {"pdf"} is taken '
        "alone, outside of a list",
    ),
]


def _inputs_kind(value: Any) -> str | None:
    return _LIST if isinstance(value, list) else _kind(value)


Inputs = Annotated[
    Annotated[str, Tag(_PLAIN)]
    | Annotated[TextItem, Tag(_TEXT)]
    | Annotated[ImageItem, Tag(_IMAGE)]
    | Annotated[PdfItem, Tag(_PDF)]
    | Annotated[Tokens, Tag(_TOKENS)]
    # The first error is enough: a list of a million tokens has a million.
    | Annotated[list[Item], Field(fail_fast=True), Tag(_LIST)],
    Discriminator(
        _inputs_kind,
        custom_error_type="input_type",
        custom_error_message='Input should be a text, {"text"}, {"image"}, {"pdf"}, or a list of '
        "texts and images",
    ),
]


class EmbeddingBody(BaseModel):
    """The body of POST /v1/embeddings."""

    model_config = ConfigDict(extra="ignore", title="EmbeddingRequest")

    model: str = Field(description="jina-embeddings-v4; behind a colon it may name the task.")
    input: Inputs = Field(
        validation_alias=AliasChoices("input", "content", "texts"),
        description="A text, an image or a PDF, or a list of texts and images.",
    )
    task: TaskName | None = Field(
        None,
        validation_alias=AliasChoices("task", "task_type"),
        description="By default that of the path, of ?task=, of `model`, else text-matching.",
    )
    input_type: Literal["query", "passage", "document", "search", "ingest"] | None = Field(
        None, description="Where no task is named: retrieval.query or retrieval.passage."
    )
    dimensions: int | None = Field(
        None,
        ge=1,
        validation_alias=AliasChoices("dimensions", "output_dimensionality", "output_dimension"),
        description="What single vectors are cut to; by default their full size.",
    )
    embedding_type: (
        Annotated[Literal["float", "base64", "binary", "ubinary"], BeforeValidator(_one_type)]
        | None
    ) = Field(
        None,
        validation_alias=AliasChoices("embedding_type", "encoding_format", "encoding_type"),
        description="Form of the vectors; base64 is little-endian float32.",
    )
    return_multivector: bool | None = Field(
        None, description="One vector for each token in place of the single vector."
    )
    return_embedding: bool | None = Field(
        None,
        description="Extension: with return_multivector, the single vector too, of the same pass.",
    )
    return_tokenized_input: bool | None = Field(
        None, description="With return_multivector, the text of each vector."
    )
    late_chunking: bool | None = Field(
        None, description="Read all texts as one; each has its own vector."
    )
    truncate: bool | None = Field(
        None,
        validation_alias=AliasChoices("truncate", "truncation"),
        description="Cut off the end of a text that is too long; otherwise it is refused.",
    )

    @property
    def multi(self) -> bool:
        """Whether multi-vectors are wanted."""
        return bool(self.return_multivector)

    @property
    def want(self) -> Want:
        """Which vectors are wanted."""
        if not self.multi:
            return Want.SINGLE
        return Want.SINGLE | Want.MULTI if self.return_embedding else Want.MULTI

    @property
    def form(self) -> EmbeddingType:
        """In which form."""
        return self.embedding_type or "float"

    @property
    def named_task(self) -> Task | None:
        """The task that the body names."""
        if self.task is not None:
            return Task(self.task)
        if self.input_type is None:
            return None
        queries = ("query", "search")
        return Task.RETRIEVAL_QUERY if self.input_type in queries else Task.RETRIEVAL_PASSAGE

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.multi and self.dimensions is not None and not self.return_embedding:
            raise ValueError(
                "Incompatible options: 'dimensions' cannot be set when 'return_multivector' is "
                "True, whose vectors have one size"
            )
        if self.return_tokenized_input and not self.multi:
            raise ValueError("'return_tokenized_input' needs 'return_multivector'")
        return self
