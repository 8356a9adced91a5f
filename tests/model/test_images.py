"""From pictures to patches: the reference's numbers, and its own code beside ours."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from safetensors.torch import load_file
from transformers import Qwen2VLImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from es_jina.errors import ItemError
from es_jina.inputs import Image
from es_jina.model.images import Patches, fitted_size, normalised, to_patches
from es_jina.model.settings import ImageSpec
from es_jina.pictures import open_picture
from tests.conftest import GOLDEN

SPEC = ImageSpec()
SIDES = st.integers(1, 6000)
BUDGETS = st.sampled_from([3136, 50_000, 602_112, 12_845_056])


def noise(width: int, height: int, seed: int = 0) -> Pillow.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3))
    return Pillow.fromarray(pixels.astype(np.uint8))


def numbers(patches: Patches) -> torch.Tensor:
    """Return the normalised numbers, every frame of a still image the same."""
    assert patches.pixels.dtype == torch.uint8
    frame = normalised(patches.pixels, SPEC).view(-1, 3, 1, SPEC.patch**2)
    return frame.expand(-1, -1, SPEC.temporal, -1).flatten(1)


def test_equals_the_reference() -> None:
    golden = load_file(GOLDEN / "golden.safetensors")
    patches = [
        to_patches(open_picture(Image(GOLDEN / "images" / f"{number}.png")), SPEC)
        for number in range(3)
    ]
    grids = [[1, picture.height, picture.width] for picture in patches]
    assert grids == golden["input.image.image_grid_thw"].tolist()
    values = torch.cat([numbers(picture) for picture in patches])
    expected = golden["input.image.pixel_values"]
    assert values.dtype == torch.float32
    assert float((values - expected).abs().max()) <= 1e-6


@given(SIDES, SIDES, BUDGETS)
def test_size_equals_smart_resize(width: int, height: int, budget: int) -> None:
    assume(max(width, height) <= 200 * min(width, height))
    fitted = fitted_size(width, height, SPEC, budget)
    assert fitted[::-1] == smart_resize(height, width, 28, SPEC.min_pixels, budget)


@given(SIDES, SIDES, BUDGETS)
def test_size_is_on_the_grid_and_within_bounds(width: int, height: int, budget: int) -> None:
    assume(max(width, height) <= 200 * min(width, height))
    fit_w, fit_h = fitted_size(width, height, SPEC, budget)
    assert fit_w >= 28
    assert fit_h >= 28
    assert fit_w % 28 == fit_h % 28 == 0
    # A strip of one row cannot be narrower; a picture that has to grow may overshoot its minimum.
    assert fit_w * fit_h <= budget or 28 in (fit_w, fit_h) or budget == SPEC.min_pixels
    assert fit_w * fit_h >= SPEC.min_pixels or budget < 2 * SPEC.min_pixels
    # Rounding moves each side by less than one step of the grid.
    if min(fit_w, fit_h) > 28:
        scale = np.sqrt(fit_w * fit_h / (width * height))
        assert abs(fit_w - width * scale) < 28 * (1 + width / height)
        assert abs(fit_h - height * scale) < 28 * (1 + height / width)


@given(SIDES, SIDES, BUDGETS)
def test_a_fitted_size_stays(width: int, height: int, budget: int) -> None:
    assume(max(width, height) <= 200 * min(width, height))
    fitted = fitted_size(width, height, SPEC, budget)
    assume(SPEC.min_pixels <= fitted[0] * fitted[1] <= budget)
    assume(max(fitted) <= 200 * min(fitted))
    assert fitted_size(*fitted, SPEC, budget) == fitted


@pytest.mark.parametrize(
    ("size", "fitted"),
    [((2480, 3508), (644, 896)), ((1, 1), (56, 56)), ((42, 42), (56, 56)), ((70, 70), (56, 56))],
)
def test_known_sizes(size: tuple[int, int], fitted: tuple[int, int]) -> None:
    """An A4 page at 300 dpi, the smallest picture, and ties that round to even."""
    assert fitted_size(*size, SPEC) == fitted


def test_too_elongated() -> None:
    assert fitted_size(200, 1, SPEC)
    with pytest.raises(ItemError, match="201 x 1 pixels"):
        fitted_size(201, 1, SPEC)


@given(st.integers(1, 400), st.integers(1, 400), st.sampled_from([3136, 40_000, 602_112]))
@settings(max_examples=25, deadline=None)
def test_patches_equal_the_processor_of_transformers(width: int, height: int, budget: int) -> None:
    assume(max(width, height) <= 200 * min(width, height))
    picture = noise(width, height)
    processor = Qwen2VLImageProcessorPil(min_pixels=3136, max_pixels=budget)
    expected = processor(picture, return_tensors="pt")
    patches = to_patches(picture, SPEC, budget)
    assert [[1, patches.height, patches.width]] == expected["image_grid_thw"].tolist()
    assert numbers(patches).shape == expected["pixel_values"].shape
    assert float((numbers(patches) - expected["pixel_values"]).abs().max()) <= 1e-6


def test_pixel_bounds_of_a_preprocessor() -> None:
    def bounds(**preprocessor: object) -> tuple[int, int]:
        spec = ImageSpec.from_config(preprocessor, {})
        return spec.min_pixels, spec.max_pixels

    size = {"shortest_edge": 784, "longest_edge": 7840}
    assert bounds() == (3136, 602_112)
    assert bounds(size=size) == (784, 7840)
    assert bounds(size=None, max_pixels=None) == (3136, 602_112)
    # As transformers reads it: the older keys win.
    assert bounds(size=size, max_pixels=4000) == (784, 4000)
    assert bounds(size=size, min_pixels=1) == (1, 7840)
