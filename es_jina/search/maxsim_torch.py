"""MaxSim on torch's devices; the one part of the search that imports torch.

Its tests run it on torch's CPU device: it has not been run on a GPU yet.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from es_jina.dense import ElementType
from es_jina.elastic.vectors import BYTE_SCALE
from es_jina.embedding import Vector


def maxsim_on(
    device: str,
    query: Vector,
    documents: Sequence[NDArray[np.generic]],
    element_type: ElementType = "float",
) -> NDArray[np.float32]:
    """Score documents as :func:`es_jina.search.maxsim.maxsim` does, on one device.

    Args:
        device: as torch names it, such as ``cuda``.
        query: float32 (query tokens, dims).
        documents: each (tokens, numbers of a row) with at least one token, as
            :func:`es_jina.elastic.vectors.encode` makes them; one at least.
        element_type: of the documents.

    Returns:
        float32 (documents,).
    """
    # Sent as they are stored: bits are a 32nd of what they become.
    stored = torch.from_numpy(np.concatenate(documents)).to(device)
    asked = torch.from_numpy(np.ascontiguousarray(query, np.float32)).to(device)
    products = asked @ _decoded(stored, element_type).T
    lengths = torch.tensor([len(document) for document in documents], device=device)
    owners = torch.repeat_interleave(lengths).expand_as(products)
    best = torch.full((len(asked), len(documents)), -torch.inf, device=device)
    best.scatter_reduce_(1, owners, products, "amax")
    scores: NDArray[np.float32] = best.mean(0).cpu().numpy()
    return scores


def _decoded(stored: Tensor, element_type: ElementType) -> Tensor:
    """Do what :func:`es_jina.elastic.vectors.decode` does where the numbers lie."""
    match element_type:
        case "float":
            return stored
        case "bfloat16":
            return stored.view(torch.bfloat16).float()
        case "byte":
            return stored.float() / BYTE_SCALE
        case "bit":
            places = torch.arange(7, -1, -1, dtype=torch.uint8, device=stored.device)
            bits = ((stored.unsqueeze(-1) >> places) & 1).flatten(1)
            return (bits.float() * 2 - 1) / math.sqrt(bits.shape[1])
