"""What comes back for one input: a single vector, a multi-vector, or both from one pass."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from es_jina.errors import RequestError

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """The vectors of one input.

    Attributes:
        single: shape (dims,), L2-normalised; ``None`` where it was not asked for.
        multi: shape (tokens, 128), each row L2-normalised; ``None`` where it was not asked for.
        tokens: how many tokens the model read, prompt and template included.
    """

    single: Vector | None
    multi: Vector | None
    tokens: int


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
    head = vector[..., :dims].astype(np.float32)
    norm = np.linalg.norm(head, axis=-1, keepdims=True)
    # A cut that is all zero has no direction; it stays zero rather than becoming NaN.
    unit: Vector = np.divide(head, norm, out=np.zeros_like(head), where=norm > 0)
    return unit
