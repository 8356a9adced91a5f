"""What is told of the indices that are served."""

from pydantic import BaseModel, Field

from es_jina.search.request import Mode


class IndexCounts(BaseModel):
    """How many documents there are of a kind."""

    page: int
    image: int
    text: int


class IndexEntry(BaseModel):
    """One index."""

    name: str
    documents: int
    kinds: IndexCounts
    modes: list[Mode] = Field(description="That it can be searched in, the best one first.")
    profile: str = Field(description="What it was made for, in one line.")
    pooled: bool = Field(description="Whether several vectors of a multi-vector became one.")
    max_pixels: int = Field(description="The pixel budget of an image or a page.")


class IndexModel(BaseModel):
    """The model that is served."""

    name: str
    toy: str | None = Field(description="What a toy is and cannot do, in one sentence.")


class IndexExample(BaseModel):
    """A query to try."""

    query: str


class IndexLimits(BaseModel):
    """What may be sent."""

    body_bytes: int
    image_bytes: int


class IndexList(BaseModel):
    """The indices that are served, and what may be asked of them."""

    indices: list[IndexEntry]
    model: IndexModel
    examples: list[IndexExample]
    can_add: bool = Field(description="Whether sources may be added.")
    fetches_urls: bool = Field(description="Whether images may be named by address.")
    limits: IndexLimits
