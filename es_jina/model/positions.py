"""Rotary positions: on three axes in the language model, on two in the vision tower.

The three axes are M-RoPE (Qwen2-VL paper, section 2.1).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Rotation(NamedTuple):
    """Cosine and sine of every pair's angle, (tokens, 1, size / 2) each."""

    cos: Tensor
    sin: Tensor


def text_positions(length: int) -> Tensor:
    """Return (3, length): time, height and width all count the tokens."""
    return torch.arange(length).expand(3, -1)


def image_positions(length: int, first: int, height: int, width: int) -> Tensor:
    """Return (3, length) for a row with one image.

    Args:
        length: how many tokens the row has.
        first: the index of the first image token.
        height: rows of the merged patch grid.
        width: columns of the merged patch grid.

    The image's tokens share one time and spread over height and width; the text behind goes on one
    step after the largest position of the image.
    """
    positions = torch.arange(length).repeat(3, 1)
    end = first + height * width
    positions[0, first:end] = first
    positions[1, first:end] = first + torch.arange(height).repeat_interleave(width)
    positions[2, first:end] = first + torch.arange(width).repeat(height)
    positions[:, end:] += max(height, width) - height * width
    return positions


def frequencies(size: int, base: float) -> Tensor:
    """Return the angles per step of a rotary embedding of `size` numbers: float32, (size / 2,)."""
    return 1.0 / base ** (torch.arange(0, size, 2, dtype=torch.float32) / size)


def decoder_rotation(
    positions: Tensor, size: int, base: float, sections: Sequence[int], dtype: torch.dtype
) -> Rotation:
    """Return the rotation of tokens at (3, tokens) positions in heads of `size` numbers.

    The first of the pairs, as many as `sections` says, turn with the time, the next with the
    height, the last with the width.
    """
    axes = torch.arange(3).repeat_interleave(torch.tensor(sections)).to(positions.device)
    angles = positions[axes].T.float() * frequencies(size, base).to(positions.device)
    return _rotation(angles, dtype)


def vision_rotation(places: Tensor, size: int) -> Rotation:
    """Return the float32 rotation of patches at (patches, 2) rows and columns.

    One half of the pairs turns with the row, the other with the column (Qwen2.5-VL).
    """
    steps = frequencies(size // 2, 10_000.0).to(places.device)
    return _rotation((places[..., None].float() * steps).flatten(1), torch.float32)


def rotate(x: Tensor, rotation: Rotation) -> Tensor:
    """Turn the pairs (j, j + size / 2) of x (tokens, heads, size) by their angles."""
    cos, sin = rotation
    wide = x.to(cos.dtype)
    left, right = wide.chunk(2, dim=-1)
    turned = torch.empty_like(wide)
    first, second = turned.chunk(2, dim=-1)
    torch.mul(left, cos, out=first).addcmul_(right, sin, value=-1)
    torch.mul(right, cos, out=second).addcmul_(left, sin)
    return turned.to(x.dtype)


def _rotation(angles: Tensor, dtype: torch.dtype) -> Rotation:
    return Rotation(angles.cos().to(dtype)[:, None], angles.sin().to(dtype)[:, None])
