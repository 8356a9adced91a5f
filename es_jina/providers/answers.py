"""What a provider answers, held against what the index can hold."""

from typing import Any, TypeGuard

import numpy as np

from es_jina.embedding import Embedding, Vector
from es_jina.errors import ItemError, ProviderError
from es_jina.profile import IndexProfile


def checked(answer: object, profile: IndexProfile) -> Embedding | ItemError:
    """Return what a provider answered for one input.

    Vectors that are not numbers (NaN), and a single vector of zeros, which has no direction, are
    the failure of that input.

    Raises:
        ProviderError: it is not what was asked for: nothing that this provider answers would do.
    """
    if isinstance(answer, ItemError):
        return answer
    if not isinstance(answer, Embedding):
        told = f"a {type(answer).__name__} for an input: it must be an Embedding or an ItemError"
        raise _wrong(told)
    dims, multi = profile.dims[-1], profile.multi_vector
    if not (_is_array(answer.single, 1) and len(answer.single) >= dims):
        raise _wrong(f"a single vector {_shape(answer.single)}, the index holds {dims} dims")
    vectors = [answer.single]
    if multi is not None:
        if not (_is_array(answer.multi, 2) and answer.multi.shape[1] == multi.dims):
            told = f"a multi-vector {_shape(answer.multi)}, the index holds {multi.dims} dims"
            raise _wrong(told)
        vectors.append(answer.multi)
    if not all(array.size and np.isfinite(array).all() for array in vectors):
        return ItemError("the model answered vectors that are none: empty, NaN or infinite")
    if not answer.single.any():
        return ItemError("the model answered a single vector of zeros, which is near to nothing")
    return answer


def _is_array(vectors: Any, axes: int) -> TypeGuard[Vector]:
    return isinstance(vectors, np.ndarray) and vectors.ndim == axes


def _shape(vectors: Any) -> str:
    if isinstance(vectors, np.ndarray):
        return f"of shape {vectors.shape}"
    return "that is missing" if vectors is None else f"that is a {type(vectors).__name__}"


def _wrong(told: str) -> ProviderError:
    return ProviderError(f"the provider answered {told}", passing=False)
