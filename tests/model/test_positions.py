"""Rotary positions, held against transformers' own."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from es_jina.model.positions import image_positions, text_positions
from tests.conftest import GOLDEN

IMAGE = 1155
GRIDS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def network() -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLModel

    with torch.device("meta"):
        return Qwen2_5_VLModel(Qwen2_5_VLConfig.from_pretrained(GOLDEN))


@given(grids=GRIDS, before=st.integers(0, 9), after=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_equals_transformers(
    network: Any, grids: list[tuple[int, int]], before: int, after: int
) -> None:
    lengths = [before + height * width + after for height, width in grids]
    longest = max(lengths)
    ids = torch.zeros(len(grids), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, (height, width) in enumerate(grids):
        ids[row, before : before + height * width] = IMAGE
        mask[row, : lengths[row]] = 1
    expected, _ = network.get_rope_index(
        ids,
        (ids == IMAGE).int(),
        image_grid_thw=torch.tensor([[1, 2 * h, 2 * w] for h, w in grids]),
        attention_mask=mask,
    )
    for row, (height, width) in enumerate(grids):
        found = image_positions(longest, before, height, width)
        assert found.shape == (3, longest)
        assert torch.equal(found[:, : lengths[row]], expected[:, row, : lengths[row]])


def test_text_counts_on_all_three_axes() -> None:
    assert text_positions(3).tolist() == [[0, 1, 2]] * 3


def test_an_image_of_two_rows_and_three_columns() -> None:
    assert image_positions(10, 2, 2, 3).tolist() == [
        [0, 1, 2, 2, 2, 2, 2, 2, 5, 6],
        [0, 1, 2, 2, 2, 3, 3, 3, 5, 6],
        [0, 1, 2, 3, 4, 2, 3, 4, 5, 6],
    ]
