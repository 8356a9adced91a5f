"""What the answers look like, for the server's own documentation."""

from typing import Any

from pydantic import BaseModel, Field


class Usage(BaseModel):
    """Tokens that the model read."""

    total_tokens: int
    prompt_tokens: int


class EmbeddingEntry(BaseModel):
    """The vectors of one input."""

    object: str = Field(description="embedding; embeddings with return_multivector")
    index: int
    embedding: list[float] | str | None = Field(
        None, description="Numbers, or base64 of little-endian float32."
    )
    embeddings: list[list[float]] | list[str] | None = Field(
        None, description="One vector for each token."
    )
    tokenized_input: list[str] | None = Field(
        None, description="The text of each vector; empty for the prompt's."
    )


class EmbeddingAnswer(BaseModel):
    """The answer of POST /v1/embeddings."""

    model: str
    object: str = "list"
    usage: Usage
    data: list[EmbeddingEntry]


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str
    type: str
    input: Any = None


class OpenAiError(BaseModel):
    """The same as OpenAI's clients read it."""

    message: str
    type: str
    code: str


class ErrorAnswer(BaseModel):
    """Every refusal."""

    detail: str = Field(description="One line for people.")
    code: str = Field(description="For programs.")
    request_id: str
    errors: list[FieldError] | None = Field(None, description="With status 422.")
    error: OpenAiError


class ModelEntry(BaseModel):
    """A model; `es_jina` holds what this server can do beyond the hosted API."""

    id: str
    object: str = "model"
    created: int
    owned_by: str
    es_jina: dict[str, Any]


class ModelList(BaseModel):
    """The answer of GET /v1/models."""

    object: str = "list"
    data: list[ModelEntry]


class HealthAnswer(BaseModel):
    """How far the server has come."""

    status: str = Field(description="loading or ready")
