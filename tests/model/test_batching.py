"""Grouping rows of like length."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from es_jina.model.batching import by_length

LENGTHS = st.lists(st.integers(1, 300))


@given(LENGTHS, st.integers(1, 500))
def test_every_item_once_within_the_budget(lengths: list[int], budget: int) -> None:
    items = list(enumerate(lengths))
    groups = list(by_length(items, lambda item: item[1], budget))
    assert Counter(item for group in groups for item in group) == Counter(items)
    for group in groups:
        assert group
        assert len(group) == 1 or len(group) * max(length for _, length in group) <= budget


@given(LENGTHS, st.integers(1, 500))
def test_no_group_could_take_the_next_item(lengths: list[int], budget: int) -> None:
    groups = list(by_length(lengths, int, budget))
    assert [length for group in groups for length in group] == sorted(lengths, reverse=True)
    for group in groups[:-1]:
        assert group[0] * (len(group) + 1) > budget
