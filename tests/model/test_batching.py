"""Grouping rows of like length within a budget."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from es_jina.model.batching import Budget, Cost, grouped

COSTS = st.lists(
    st.builds(Cost, tokens=st.integers(1, 300), patches=st.sampled_from([0, 4, 100, 1200]))
)
BUDGETS = st.builds(Budget, tokens=st.integers(1, 500), patches=st.integers(1, 2000))


def within(costs: list[Cost], budget: Budget) -> bool:
    tokens, patches = sum(c.tokens for c in costs), sum(c.patches for c in costs)
    return tokens <= budget.tokens and patches <= budget.patches


@given(COSTS, BUDGETS)
def test_every_row_once_within_the_budget(costs: list[Cost], budget: Budget) -> None:
    groups = list(grouped(costs, budget))
    assert Counter(index for group in groups for index in group) == Counter(range(len(costs)))
    for group in groups:
        assert group
        assert len(group) == 1 or within([costs[index] for index in group], budget)


@given(COSTS, BUDGETS)
def test_longest_first_and_no_group_could_take_the_next_row(
    costs: list[Cost], budget: Budget
) -> None:
    groups = list(grouped(costs, budget))
    lengths = [costs[index].tokens for group in groups for index in group]
    assert lengths == sorted(lengths, reverse=True)
    for group, following in pairwise(groups):
        assert not within([costs[index] for index in (*group, following[0])], budget)


def test_a_lowered_budget_holds_for_the_groups_to_come() -> None:
    budget = Budget(tokens=100, patches=1000)
    groups = grouped([Cost(25, 100)] * 12, budget)
    assert len(next(groups)) == 4
    budget.lower([Cost(25, 100)] * 4)
    assert (budget.tokens, budget.patches) == (50, 200)
    assert [len(group) for group in groups] == [2, 2, 2, 2]
