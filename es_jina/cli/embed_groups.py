"""Inputs in groups, each of which is embedded in one call."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from es_jina.cli.embed_inputs import Given
from es_jina.errors import ItemError
from es_jina.inputs import Input, Text

T = TypeVar("T")

_PIXELS_PER_TOKEN = 28 * 28
# The template round an image, the prompt before a text.
_PROMPT_TOKENS = 11


class GroupSize(NamedTuple):
    """How much is embedded in one call, and so held in memory at a time.

    Attributes:
        inputs: at most.
        tokens: at most, by a rough estimate; a multi-vector is 512 bytes for each.
    """

    inputs: int
    tokens: int


# The model's own batches are far smaller; with more, the first vectors would be long in coming.
LOCAL = GroupSize(256, 32_768)
# A call sends several requests at once, each of up to 512 inputs and 30,000 tokens, and ends with
# the slowest. With more, less of the time is spent on waiting for that one: here nine requests and
# more share it, and 134 MB hold the multi-vectors.
HOSTED = GroupSize(4_096, 262_144)


def groups(given: Iterable[Given], size: GroupSize, max_pixels: int) -> Iterator[list[Given]]:
    """Part inputs into groups; one that is larger than a group goes alone.

    Args:
        given: the inputs.
        size: of a group.
        max_pixels: the pixel budget of an image: what each is taken for.
    """
    group: list[Given] = []
    tokens = 0
    for each in given:
        counted = _PROMPT_TOKENS + _size(each, max_pixels)
        if group and (len(group) >= size.inputs or tokens + counted > size.tokens):
            yield group
            group, tokens = [], 0
        group.append(each)
        tokens += counted
    if group:
        yield group


def readable(group: Iterable[Given]) -> list[Input]:
    """Return the inputs of a group that could be read."""
    return [each.input for each in group if not isinstance(each.input, ItemError)]


def beside(group: Iterable[Given], results: Sequence[T]) -> Iterator[tuple[Given, T | ItemError]]:
    """Yield each input of a group with its result, or with why it could not be read.

    Args:
        group: the inputs.
        results: of those that could be read.
    """
    left = iter(results)
    for each in group:
        yield each, each.input if isinstance(each.input, ItemError) else next(left)


def _size(given: Given, max_pixels: int) -> int:
    # Prose has three to five characters to a token, some scripts and digits have one.
    if isinstance(given.input, Text):
        return len(given.input.text) // 2
    return max_pixels // _PIXELS_PER_TOKEN
