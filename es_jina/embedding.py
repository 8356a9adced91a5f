"""What comes back for one input: a single vector, a multi-vector, or both from one pass."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from es_jina.errors import RequestError

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TokenSpans:
    """Which part of a text each vector of its multi-vector stands for.

    Attributes:
        characters: int32 of shape (tokens, 2), the first character and the one behind the last of
            each token, counted in the text as it was given. Tokens of the prompt have (0, 0).
    """

    characters: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class PatchGrid:
    """Which part of an image each vector of its multi-vector stands for.

    Vector ``first + row * width + column`` stands for that cell of a grid laid over the picture;
    the vectors before and behind are those of the template.

    Attributes:
        first: the index of the top left cell's vector.
        height: rows of the grid.
        width: columns of the grid.
    """

    first: int
    height: int
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """The vectors of one input.

    Attributes:
        single: shape (dims,), L2-normalised; ``None`` where it was not asked for.
        multi: shape (tokens, 128), each row L2-normalised; ``None`` where it was not asked for.
        tokens: how many tokens the model read, prompt and template included.
        layout: what each vector of `multi` stands for; ``None`` where the provider does not say.
        truncated: whether the end of a text was cut off, because that was allowed and needed.
    """

    single: Vector | None
    multi: Vector | None
    tokens: int
    layout: TokenSpans | PatchGrid | None = None
    truncated: bool = False


def cut(vector: Vector, dims: int) -> Vector:
    """Cut a single vector (..., full) to a Matryoshka size and normalise it again.

    Args:
        vector: one or more single vectors.
        dims: how many leading numbers to keep, at most as many as there are.

    Returns:
        float32 of shape (..., dims), L2 norm 1.

    Raises:
        RequestError: fewer than one, or more than there are.
    """
    if not 1 <= dims <= vector.shape[-1]:
        raise RequestError(f"cannot cut a vector of {vector.shape[-1]} dims to {dims}")
    return unit(vector[..., :dims].astype(np.float32))


def unit(vectors: Vector) -> Vector:
    """Return vectors (..., dims) at length 1; one that is all zero has no direction and stays."""
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    normalised: Vector = np.divide(vectors, norm, out=np.zeros_like(vectors), where=norm > 0)
    return normalised
