"""What waits in the queue: one input of a request, or a text that is read as a whole."""

from dataclasses import dataclass

from es_jina.inputs import Input, Task
from es_jina.providers.base import Want


@dataclass(frozen=True, slots=True)
class Kind:
    """What inputs must have in common to be embedded in one call.

    Attributes:
        task: the task.
        want: single vectors, multi-vectors, or both.
        truncate: whether the end of a text that is too long is cut off.
        max_pixels: the pixel budget of an image; the model's own by default.
    """

    task: Task
    want: Want
    truncate: bool = False
    max_pixels: int | None = None


@dataclass(frozen=True, slots=True)
class Chunks:
    """A text whose parts are embedded so that each knows the others.

    Attributes:
        text: the whole.
        spans: first character and the one behind the last of each part.
    """

    text: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that waits.

    Attributes:
        content: an input, which may share a call with others of its kind, or chunks, which are a
            call of their own.
        kind: of the call.
        tokens: what it costs, estimated; an image counts as so many tokens as it takes the time of.
    """

    content: Input | Chunks
    kind: Kind
    tokens: int
