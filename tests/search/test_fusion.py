import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.search.fusion import reciprocal_rank_fusion

KEYS = st.sampled_from("abcdefghijkl")
RANKINGS = st.lists(st.lists(KEYS, unique=True, max_size=8), max_size=4)


def test_a_worked_example() -> None:
    fused = reciprocal_rank_fusion([["a", "b"], ["b", "c"]])
    assert [key for key, _ in fused] == ["b", "a", "c"]
    assert [score for _, score in fused] == pytest.approx([1 / 61 + 1 / 62, 1 / 61, 1 / 62])


@given(RANKINGS)
def test_every_key_comes_once_with_the_sum_of_its_reciprocal_ranks(
    rankings: list[list[str]],
) -> None:
    fused = reciprocal_rank_fusion(rankings, rank_constant=10)
    assert sorted(key for key, _ in fused) == sorted(
        {key for ranking in rankings for key in ranking}
    )
    for key, score in fused:
        places = [ranking.index(key) + 1 for ranking in rankings if key in ranking]
        assert abs(score - sum(1 / (10 + place) for place in places)) < 1e-6
    scores = [score for _, score in fused]
    assert scores == sorted(scores, reverse=True)


@given(st.lists(KEYS, unique=True))
def test_one_ranking_keeps_its_order(ranking: list[str]) -> None:
    assert [key for key, _ in reciprocal_rank_fusion([ranking, []])] == ranking


def test_of_ties_comes_first_what_an_earlier_ranking_has() -> None:
    """As in Elasticsearch's own fusion."""
    fused = reciprocal_rank_fusion([["z", "y"], ["a", "b"]])
    assert [key for key, _ in fused] == ["z", "a", "y", "b"]


@given(RANKINGS, KEYS)
def test_being_found_once_more_never_harms(rankings: list[list[str]], key: str) -> None:
    before = dict(reciprocal_rank_fusion(rankings)).get(key, 0.0)
    assert dict(reciprocal_rank_fusion([*rankings, [key]]))[key] > before
