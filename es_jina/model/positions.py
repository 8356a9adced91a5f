"""Three-axis rotary positions (M-RoPE, Qwen2-VL paper, section 2.1).

Computed here and handed to the network, since releases of transformers differ in when and how they
build them.
"""

import torch
from torch import Tensor


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
