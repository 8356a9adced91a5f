"""What `/v1/sources` reads and tells."""

from typing import Literal

from pydantic import BaseModel, Field


class AddressBody(BaseModel):
    """What is to be fetched and added: a picture, a PDF or a page of the web."""

    url: str


class FailedSource(BaseModel):
    """What is not in the index."""

    name: str
    error: str


class AddingEvent(BaseModel):
    """A line of the answer: how far it is, and at last what has become of it."""

    event: Literal["progress", "done"]
    stage: Literal["waiting", "reading", "rendering", "embedding", "writing"] | None = None
    done: int | None = Field(None, description="Units that are decided.")
    of: int | None = Field(None, description="Units that there are, as far as is known yet.")
    units: int | None = Field(None, description="Units that are new in the index.")
    refs: list[str] | None = Field(None, description="The first documents, by `_id`.")
    source: str | None = Field(None, description="By which searches can be filtered.")
    unchanged: int | None = Field(None, description="Units that were in the index already.")
    failed: list[FailedSource] | None = None
