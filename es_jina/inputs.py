"""What can be embedded, for which task, behind which prompt."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

# The prompt round the one image of an input; the model's processor expands the image token to one
# token for each merged patch. Images carry neither "Query: " nor "Passage: ".
IMAGE_PROMPT = (
    "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Describe the image.<|im_end|>\n"
)


class Task(StrEnum):
    """A task of jina-embeddings-v4, by the hosted API's own names."""

    RETRIEVAL_QUERY = "retrieval.query"
    RETRIEVAL_PASSAGE = "retrieval.passage"
    TEXT_MATCHING = "text-matching"
    CODE_QUERY = "code.query"
    CODE_PASSAGE = "code.passage"

    @property
    def adapter(self) -> str:
        """The LoRA adapter that serves the task: retrieval, text-matching or code."""
        return self.value.partition(".")[0]

    @property
    def prompt(self) -> str:
        """The words before a text; text-matching always reads as a query (model card's table)."""
        return "Passage: " if self.value.endswith(".passage") else "Query: "


@dataclass(frozen=True, slots=True)
class Text:
    """A text to embed."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """An image to embed: a file, the bytes of one, a decoded picture, or an address.

    An address, a ``str``, is fetched by the hosted API itself; nobody else takes one.
    """

    source: "Path | bytes | PilImage | str"


Input = Text | Image
