"""What every wire format is read into."""

from dataclasses import dataclass

from es_jina.inputs import Input, Task
from es_jina.providers.base import Want


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """Inputs to embed.

    Attributes:
        inputs: texts, and images as bytes or decoded.
        task: of all of them.
        want: single vectors, multi-vectors, or both from one pass.
        dimensions: what single vectors are cut to, 1 to the full size; ``None`` for that.
        truncate: whether the end of a text that is too long is cut off.
        late_chunking: whether the inputs, all texts, are read as one; each has its own vectors.
        max_pixels: the pixel budget of an image; the model's own by default.
        interactive: whether somebody waits for the answer; by default judged by what is asked.
    """

    inputs: tuple[Input, ...]
    task: Task = Task.TEXT_MATCHING
    want: Want = Want.SINGLE
    dimensions: int | None = None
    truncate: bool = False
    late_chunking: bool = False
    max_pixels: int | None = None
    interactive: bool | None = None
