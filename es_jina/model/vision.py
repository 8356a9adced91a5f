"""The vision tower of Qwen2.5-VL over the packed patches of many images at once.

Most blocks attend within windows of 8 x 8 patches only. All windows of all images lie in order of
their size, so that those of one size, nearly all, are one call of attention. The names of the
modules are those of their weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import silu

from es_jina.model.attention import Segments, attend
from es_jina.model.positions import Rotation, rotate, vision_rotation

Grid = tuple[int, int]
Integers = NDArray[np.int64]
_EPSILON = 1e-6


@dataclass(frozen=True, eq=False)
class WindowOrder:
    """How the patches of a batch are reordered, window by window.

    Attributes:
        order: (merged patches,), the places that the windows take them from.
        windows: the patches of each window.
        images: the patches of each image.
        places: (patches, 2), row and column of each patch in window order.
    """

    order: Tensor
    windows: Segments
    images: Segments
    places: Tensor


def window_order(grids: Sequence[Grid], merge: int, window: int) -> WindowOrder:
    """Plan the windows of a batch of images.

    Args:
        grids: rows and columns of patches of each image.
        merge: patches that are merged at the end, on each side.
        window: merged patches of a full window, on each side.
    """
    places = [_merged_places(height // merge, width // merge, window) for height, width in grids]
    # Windows are numbered through all images.
    firsts = np.cumsum([0, *(blocks.max() + 1 for blocks, _ in places)])
    blocks = np.concatenate([own + first for (own, _), first in zip(places, firsts, strict=False)])
    sizes = np.bincount(blocks)
    # Larger windows first; within one size by image, within a window row by row.
    order = np.lexsort((blocks, -sizes[blocks]))
    corners = np.concatenate([own for _, own in places])[order] * merge
    inside = np.stack(np.divmod(np.arange(merge * merge), merge), axis=1)
    return WindowOrder(
        torch.from_numpy(order),
        Segments(tuple(int(size) * merge**2 for size in sorted(sizes, reverse=True))),
        Segments(tuple(height * width for height, width in grids)),
        torch.from_numpy((corners[:, None] + inside).reshape(-1, 2)),
    )


def _merged_places(height: int, width: int, window: int) -> tuple[Integers, Integers]:
    """Return the window of each merged patch of an image, and its (row, column)."""
    row, column = np.divmod(np.arange(height * width), width)
    across = -(-width // window)
    return row // window * across + column // window, np.stack([row, column], axis=1)


class VisionAttention(nn.Module):
    """Attention that sees all patches of a window or of an image."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.heads = config.num_heads
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor, rotation: Rotation, segments: Segments) -> Tensor:
        """Map x (patches, width) to the same shape."""
        q, k, v = self.qkv(x).unflatten(1, (3, self.heads, -1)).unbind(1)
        q, k = rotate(q, rotation), rotate(k, rotation)
        projected: Tensor = self.proj(attend(q, k, v, segments, causal=False).flatten(1))
        return projected


class VisionFeedForward(nn.Module):
    """Gated feed-forward network (SwiGLU), with biases."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (patches, width) to the same shape."""
        down: Tensor = self.down_proj(silu(self.gate_proj(x), inplace=True).mul_(self.up_proj(x)))
        return down


class VisionBlock(nn.Module):
    """Attention and feed-forward, each behind a norm and beside a residual."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.norm1 = nn.RMSNorm(config.hidden_size, _EPSILON)
        self.norm2 = nn.RMSNorm(config.hidden_size, _EPSILON)
        self.attn = VisionAttention(config)
        self.mlp = VisionFeedForward(config)

    def forward(self, x: Tensor, rotation: Rotation, segments: Segments) -> Tensor:
        """Map x (patches, width) to the same shape, in place."""
        x += self.attn(self.norm1(x), rotation, segments)
        x += self.mlp(self.norm2(x))
        return x


class PatchEmbedding(nn.Module):
    """One linear map; its weight has the shape of the convolution that it was trained as."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        frame = (config.temporal_patch_size, config.patch_size, config.patch_size)
        self.proj = nn.Conv3d(config.in_channels, config.hidden_size, frame, bias=False)

    def forward(self, patches: Tensor) -> Tensor:
        """Map patches (patches, 3 * patch * patch) to (patches, width).

        A still image shows the same frame at every temporal step, so the steps' weights add up.
        """
        weight = self.proj.weight.float().sum(2).to(patches.dtype)
        return nn.functional.linear(patches, weight.flatten(1))


class Merger(nn.Module):
    """Merges each block of neighbouring patches into one token of the language model."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.inner = config.hidden_size * config.spatial_merge_size**2
        self.ln_q = nn.RMSNorm(config.hidden_size, _EPSILON)
        self.mlp = nn.Sequential(
            nn.Linear(self.inner, self.inner),
            nn.GELU(),
            nn.Linear(self.inner, config.out_hidden_size),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map x (patches, width) to (patches / merge^2, hidden)."""
        merged: Tensor = self.mlp(self.ln_q(x).view(-1, self.inner))
        return merged


class VisionTower(nn.Module):
    """From patches to the tokens that stand for them in the language model."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.merge = config.spatial_merge_size
        self.window = max(1, config.window_size // self.merge // config.patch_size)
        self.head_size = config.hidden_size // config.num_heads
        self.full_attention = frozenset(config.fullatt_block_indexes)
        self.patch_embed = PatchEmbedding(config)
        self.blocks = nn.ModuleList(VisionBlock(config) for _ in range(config.depth))
        self.merger = Merger(config)

    def forward(self, patches: Tensor, grids: Sequence[Grid]) -> Tensor:
        """Return one token for each merged patch, image by image, row by row.

        Args:
            patches: (patches, 3 * patch * patch), image by image, in the order of merged blocks.
            grids: rows and columns of patches of each image.
        """
        plan = window_order(grids, self.merge, self.window)
        device = patches.device
        order = plan.order.to(device, non_blocking=True)
        back = torch.argsort(order)
        by_window = vision_rotation(plan.places.to(device, non_blocking=True), self.head_size)
        by_image = Rotation(*(self._moved(part, back) for part in by_window))
        x = self._moved(self.patch_embed(patches), order)
        for number, block in enumerate(self.blocks):
            if number in self.full_attention:
                x = block(self._moved(x, back), by_image, plan.images)
                x = self._moved(x, order)
            else:
                x = block(x, by_window, plan.windows)
        merged: Tensor = self.merger(x)[back]
        return merged

    def _moved(self, x: Tensor, order: Tensor) -> Tensor:
        """Reorder x (patches, ...) by merged blocks."""
        return x.view(-1, self.merge**2, *x.shape[1:])[order].flatten(0, 1)
