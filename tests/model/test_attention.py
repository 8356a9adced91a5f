"""Packed attention beside the formula, sequence by sequence."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from es_jina.model.attention import Segments, attend, implementation

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=8)


def formula(q: Tensor, k: Tensor, v: Tensor, *, causal: bool) -> Tensor:
    """One sequence, in float64: softmax(q k / sqrt(size)) v."""
    k, v = (x.repeat_interleave(q.shape[1] // x.shape[1], dim=1) for x in (k, v))
    scores = torch.einsum("qhd,khd->hqk", q, k).double() / q.shape[-1] ** 0.5
    if causal:
        hidden = torch.ones(scores.shape[1:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(hidden, float("-inf"))
    return torch.einsum("hqk,khd->qhd", scores.softmax(-1), v.double())


@given(LENGTHS, st.sampled_from([(4, 4), (4, 2), (6, 1)]), st.sampled_from([8, 16]), st.booleans())
@settings(max_examples=60)
def test_equals_the_formula(
    lengths: list[int], heads: tuple[int, int], size: int, causal: bool
) -> None:
    generator = torch.Generator().manual_seed(sum(lengths))
    q, k, v = (
        torch.randn(sum(lengths), count, size, generator=generator)
        for count in (heads[0], heads[1], heads[1])
    )
    found = attend(q, k, v, Segments(tuple(lengths)), causal=causal)
    assert found.shape == q.shape
    borders = [sum(lengths[:number]) for number in range(len(lengths) + 1)]
    for first, end in pairwise(borders):
        part = slice(first, end)
        expected = formula(q[part], k[part], v[part], causal=causal)
        assert float((found[part] - expected).abs().max()) < 1e-5


def test_neighbours_of_one_length_are_one_call() -> None:
    assert Segments((64, 64, 64, 16, 16, 64)).runs == [(0, 3, 64), (192, 2, 16), (224, 1, 64)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_cpu_has_sdpa(dtype: torch.dtype) -> None:
    assert implementation(torch.device("cpu"), dtype) == "sdpa"
