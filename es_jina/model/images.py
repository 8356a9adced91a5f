"""From a picture to the patches that the vision tower reads."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL.Image import Image as PilImage
from PIL.Image import Resampling
from torch import Tensor

from es_jina.errors import ItemError
from es_jina.model.settings import ImageSpec
from es_jina.pictures import MAX_ASPECT


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """One image, cut up.

    Attributes:
        pixels: uint8 of shape (height * width, 3 * patch * patch), in the order of merged blocks;
            a fourth of the size of the normalised numbers, which are made where the model runs.
        height: rows of the patch grid before merging.
        width: columns of it.
    """

    pixels: Tensor
    height: int
    width: int


def fitted_size(
    width: int, height: int, spec: ImageSpec, max_pixels: int | None = None
) -> tuple[int, int]:
    """Return the (width, height) at which the model reads a picture, multiples of 28.

    The rule is Qwen2-VL's smart resize: round each side to the grid, then shrink or grow both sides
    by one factor until the area is within the bounds. Rounding is to even, as the reference's.

    Raises:
        ItemError: one side is more than 200 times the other.
    """
    budget = max_pixels or spec.max_pixels
    grid = spec.patch * spec.merge
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ItemError(f"{width} x {height} pixels: one side is over {MAX_ASPECT} times the other")
    fit_w, fit_h = round(width / grid) * grid, round(height / grid) * grid
    if fit_w * fit_h > budget:
        shrink = math.sqrt(width * height / budget)
        fit_w = max(grid, math.floor(width / shrink / grid) * grid)
        fit_h = max(grid, math.floor(height / shrink / grid) * grid)
    elif fit_w * fit_h < spec.min_pixels:
        grow = math.sqrt(spec.min_pixels / (width * height))
        fit_w = math.ceil(width * grow / grid) * grid
        fit_h = math.ceil(height * grow / grid) * grid
    return fit_w, fit_h


def to_patches(picture: PilImage, spec: ImageSpec, max_pixels: int | None = None) -> Patches:
    """Resize an RGB picture and cut it into patches, in the order of 2 x 2 blocks."""
    width, height = fitted_size(picture.width, picture.height, spec, max_pixels)
    if (width, height) != picture.size:
        # On bytes, as the reference does: in floats the result is off by up to 12 grey levels.
        picture = picture.resize((width, height), Resampling.BICUBIC)
    rows, columns = height // spec.patch, width // spec.patch
    blocks = np.asarray(picture).reshape(
        rows // spec.merge, spec.merge, spec.patch, columns // spec.merge, spec.merge, spec.patch, 3
    )
    # To (block row, block column, row in block, column in block, channel, y, x).
    ordered = blocks.transpose(0, 3, 1, 4, 6, 2, 5).reshape(rows * columns, -1)
    return Patches(torch.from_numpy(ordered), rows, columns)


def normalised(pixels: Tensor, spec: ImageSpec) -> Tensor:
    """Return the float32 numbers of patches (patches, 3 * patch * patch) as the tower reads them.

    Rescaling and normalising in one step on 0..255 values, as the reference's processor does.
    """
    mean, std = (
        (torch.tensor(of_channels) * 255).repeat_interleave(spec.patch**2).to(pixels.device)
        for of_channels in (spec.mean, spec.std)
    )
    return pixels.float().sub_(mean).div_(std)
