"""The order of windows, held against transformers' own."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.vision_utils import get_vision_position_ids, get_vision_window_index

from es_jina.model.vision import window_order

GRIDS = st.lists(st.tuples(st.integers(1, 21), st.integers(1, 21)), min_size=1, max_size=4)


@given(GRIDS, st.sampled_from([2, 3]), st.sampled_from([1, 2, 4]))
@settings(max_examples=60)
def test_windows_are_those_of_transformers(
    merged: list[tuple[int, int]], merge: int, window: int
) -> None:
    grids = [(height * merge, width * merge) for height, width in merged]
    found = window_order(grids, merge, window)
    thw = torch.tensor([[1, height, width] for height, width in grids])
    order, borders = get_vision_window_index(
        thw, spatial_merge_size=merge, window_size=window * merge * 14, patch_size=14, kwargs={}
    )
    sizes = (borders[1:] - borders[:-1]) // merge**2
    expected = {tuple(part.tolist()) for part in torch.split(order, sizes.tolist())}
    lengths = [length // merge**2 for length in found.windows.lengths]
    assert {tuple(part.tolist()) for part in torch.split(found.order, lengths)} == expected
    # Larger ones first, so that all of one size are neighbours.
    assert lengths == sorted(lengths, reverse=True)
    assert len(found.windows.runs) == len(set(lengths))
    assert found.images.lengths == tuple(height * width for height, width in grids)


@given(GRIDS, st.sampled_from([2, 3]))
@settings(max_examples=30)
def test_places_are_rows_and_columns_of_the_patches(
    merged: list[tuple[int, int]], merge: int
) -> None:
    grids = [(height * merge, width * merge) for height, width in merged]
    found = window_order(grids, merge, window=4)
    thw = torch.tensor([[1, height, width] for height, width in grids])
    by_image = get_vision_position_ids(thw, merge, kwargs={}).view(-1, merge**2, 2)
    assert torch.equal(found.places, by_image[found.order].flatten(0, 1))
