"""MaxSim on torch's devices; the one part of the search that imports torch.

Its tests run it on torch's CPU device: it has not been run on a GPU yet.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from es_jina.dense import ElementType
from es_jina.elastic.vectors import BYTE_SCALE
from es_jina.embedding import Vector

# float32 numbers: how many widened vectors and products lie on the device together, 256 MiB of
# them. The model's weights are there too, and pages without end would not fit beside them.
MOST_NUMBERS = 64 * 2**20


def maxsim_on(
    device: str,
    query: Vector,
    documents: Sequence[NDArray[np.generic]],
    element_type: ElementType = "float",
) -> NDArray[np.float32]:
    """Score documents as :func:`es_jina.search.maxsim.maxsim` does, on one device.

    In groups, so that the memory this takes does not grow with the number of documents; a document
    that is above the bound is scored alone.

    Args:
        device: as torch names it, such as ``cuda``.
        query: float32 (query tokens, dims).
        documents: each (tokens, numbers of a row) with at least one token, as
            :func:`es_jina.elastic.vectors.encode` makes them; one at least.
        element_type: of the documents.

    Returns:
        float32 (documents,).
    """
    asked = torch.from_numpy(np.ascontiguousarray(query, np.float32)).to(device)
    # A token of a document takes its own numbers, and a product with each vector of the query.
    groups = _groups(documents, MOST_NUMBERS // sum(asked.shape))
    scores = torch.cat([_scores(asked, group, element_type) for group in groups])
    # Once, at the end: to fetch each group's scores would have the device wait between groups.
    told: NDArray[np.float32] = scores.cpu().numpy()
    return told


def _groups(
    documents: Sequence[NDArray[np.generic]], most_tokens: int
) -> Iterator[Sequence[NDArray[np.generic]]]:
    """Cut into runs of documents that together have so many tokens at most, or are one."""
    first = tokens = 0
    for place, document in enumerate(documents):
        if place > first and tokens + len(document) > most_tokens:
            yield documents[first:place]
            first, tokens = place, 0
        tokens += len(document)
    yield documents[first:]


def _scores(
    asked: Tensor, documents: Sequence[NDArray[np.generic]], element_type: ElementType
) -> Tensor:
    """Score documents that fit on the device together; float32 (documents,), left there."""
    # Sent as they are stored: bits are a 32nd of what they become.
    stored = torch.from_numpy(np.concatenate(documents)).to(asked.device)
    products = asked @ _decoded(stored, element_type).T
    lengths = torch.tensor([len(document) for document in documents], device=asked.device)
    owners = torch.repeat_interleave(lengths).expand_as(products)
    best = torch.full((len(asked), len(documents)), -torch.inf, device=asked.device)
    best.scatter_reduce_(1, owners, products, "amax")
    return best.mean(0)


def _decoded(stored: Tensor, element_type: ElementType) -> Tensor:
    """Do what :func:`es_jina.elastic.vectors.decode` does where the numbers lie.

    In place once they are float32: each step would otherwise hold them a second time.
    """
    match element_type:
        case "float":
            return stored
        case "bfloat16":
            return stored.view(torch.bfloat16).float()
        case "byte":
            return stored.float().div_(BYTE_SCALE)
        case "bit":
            places = torch.arange(7, -1, -1, dtype=torch.uint8, device=stored.device)
            bits = ((stored.unsqueeze(-1) >> places) & 1).flatten(1)
            return bits.float().mul_(2).sub_(1).div_(math.sqrt(bits.shape[1]))
