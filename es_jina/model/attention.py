"""Attention over packed sequences: many of them end to end in one tensor, without padding."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

_HALF = (torch.bfloat16, torch.float16)


@dataclass(frozen=True)
class Segments:
    """Where the sequences of a packed tensor lie.

    Attributes:
        lengths: of each sequence, in order.
    """

    lengths: tuple[int, ...]

    @cached_property
    def runs(self) -> list[tuple[int, int, int]]:
        """(start, count, length) of each run of neighbours of one length."""
        return list(self._runs())

    @cached_property
    def _cumulative(self) -> Tensor:
        return torch.tensor([0, *accumulate(self.lengths)], dtype=torch.int32)

    def cumulative(self, device: torch.device) -> Tensor:
        """Return where each sequence begins and the last one ends, int32 on a device."""
        if self._cumulative.device != device:
            # cached_property keeps its value in the instance's dictionary.
            self.__dict__["_cumulative"] = self._cumulative.to(device, non_blocking=True)
        return self._cumulative

    def _runs(self) -> Iterator[tuple[int, int, int]]:
        start = 0
        for length, same in groupby(self.lengths):
            count = len(list(same))
            yield start, count, length
            start += count * length


def attend(q: Tensor, k: Tensor, v: Tensor, segments: Segments, *, causal: bool) -> Tensor:
    """Attend within each sequence.

    Args:
        q: (tokens, heads, size).
        k: (tokens, key heads, size); each serves heads / key heads neighbouring heads of `q`.
        v: like `k`.
        segments: the sequences.
        causal: whether a token sees only those before it.

    Returns:
        (tokens, heads, size).
    """
    if _has_varlen(q):
        return _varlen(q, k, v, segments, causal=causal)
    return _by_runs(q, k, v, segments, causal=causal)


def implementation(device: torch.device, dtype: torch.dtype) -> str:
    """Name the implementation that :func:`attend` takes on a device: ``varlen`` or ``sdpa``."""
    return "varlen" if _has_varlen(torch.empty(0, device=device, dtype=dtype)) else "sdpa"


def _has_varlen(x: Tensor) -> bool:
    """Whether torch's variable-length attention runs here: half precision, Ampere or newer."""
    if not x.is_cuda or x.dtype not in _HALF:
        return False
    try:
        from torch.nn.attention.varlen import varlen_attn  # noqa: F401 - is it there?
    except ImportError:  # before torch 2.10
        return False
    return torch.cuda.get_device_capability(x.device) >= (8, 0)


def _varlen(q: Tensor, k: Tensor, v: Tensor, segments: Segments, *, causal: bool) -> Tensor:
    from torch.nn.attention.varlen import varlen_attn

    borders, longest = segments.cumulative(q.device), max(segments.lengths)
    out = varlen_attn(
        q,
        k,
        v,
        borders,
        borders,
        longest,
        longest,
        window_size=(-1, 0 if causal else -1),
        enable_gqa=q.shape[1] != k.shape[1],
    )
    assert isinstance(out, Tensor)  # noqa: S101 - a pair only when asked for
    return out


def _by_runs(q: Tensor, k: Tensor, v: Tensor, segments: Segments, *, causal: bool) -> Tensor:
    """One call of SDPA for each run of equal lengths: all full windows of all images are one."""
    shared = q.shape[1] != k.shape[1]
    if shared and q.device.type != "cpu":
        # Only the CPU's flash kernel shares key heads by itself; others would fall back to one
        # that holds the whole matrix of scores.
        k, v = (x.repeat_interleave(q.shape[1] // k.shape[1], dim=1) for x in (k, v))
        shared = False
    outs = []
    for start, count, length in segments.runs:
        part = slice(start, start + count * length)
        out = scaled_dot_product_attention(
            _batched(q[part], count),
            _batched(k[part], count),
            _batched(v[part], count),
            is_causal=causal,
            enable_gqa=shared,
        )
        outs.append(out.transpose(1, 2).flatten(0, 1))
    return outs[0] if len(outs) == 1 else torch.cat(outs)


def _batched(x: Tensor, count: int) -> Tensor:
    """Turn `count` sequences end to end into (count, heads, length, size)."""
    return x.view(count, -1, *x.shape[1:]).transpose(1, 2)
