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


@dataclass(frozen=True, slots=True)
class Patches:
    """One image: values (height * width, numbers of a patch) and the patch grid before merging."""

    values: Tensor
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
    """Resize, normalise and cut an RGB picture into patches, in the order of 2 x 2 blocks."""
    width, height = fitted_size(picture.width, picture.height, spec, max_pixels)
    if (width, height) != picture.size:
        # On bytes, as the reference does: in floats the result is off by up to 12 grey levels.
        picture = picture.resize((width, height), Resampling.BICUBIC)
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
    # Rescaling and normalising in one step on 0..255 values, as the reference's processor does.
    mean = torch.tensor(spec.mean).view(3, 1, 1) * 255
    std = torch.tensor(spec.std).view(3, 1, 1) * 255
    values = (pixels.float() - mean) / std
    rows, columns = height // spec.patch, width // spec.patch
    blocks = values.reshape(
        3, rows // spec.merge, spec.merge, spec.patch, columns // spec.merge, spec.merge, spec.patch
    )
    # To (block row, block column, row in block, column in block, channel, y, x).
    ordered = blocks.permute(1, 4, 2, 5, 0, 3, 6).reshape(rows * columns, 3, 1, spec.patch**2)
    # A still image is the same frame at each temporal step of a patch.
    still = ordered.expand(-1, -1, spec.temporal, -1)
    return Patches(still.reshape(rows * columns, -1), rows, columns)
