import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from es_jina.embedding import Vector, unit
from es_jina.pooling import pool


def random_units(tokens: int, dims: int = 16, seed: int = 0) -> Vector:
    return unit(np.random.default_rng(seed).standard_normal((tokens, dims), np.float32))


@given(st.integers(1, 60), st.integers(1, 70), st.integers(0, 5))
def test_there_are_as_many_as_asked_for_and_all_of_length_1(
    tokens: int, pool_factor: int, seed: int
) -> None:
    pooled = pool(random_units(tokens, seed=seed), pool_factor)
    assert pooled.dtype == np.float32
    assert pooled.shape == (-(-tokens // pool_factor), 16)
    np.testing.assert_allclose(np.linalg.norm(pooled, axis=1), 1, rtol=1e-5)


def test_a_factor_of_1_changes_nothing() -> None:
    multi = random_units(9)
    assert np.array_equal(pool(multi, 1), multi)


def test_each_is_the_mean_of_a_cluster_of_wards() -> None:
    """Against scipy's own distances between the vectors."""
    multi = random_units(50)
    numbers = fcluster(linkage(multi, "ward"), 17, "maxclust")
    first_seen = sorted(set(numbers), key=list(numbers).index)
    expected = unit(np.array([multi[numbers == each].mean(axis=0) for each in first_seen]))
    np.testing.assert_allclose(pool(multi, 3), expected, atol=1e-5)


def test_what_is_alike_becomes_one_and_keeps_its_place() -> None:
    one, two, three = random_units(3)
    pooled = pool(np.array([one, two, one, three, two, one]), 2)
    np.testing.assert_allclose(pooled, [one, two, three], atol=1e-6)


@pytest.mark.parametrize("pool_factor", [2, 3])
def test_the_same_vector_over_and_over_becomes_one(pool_factor: int) -> None:
    (one,) = random_units(1)
    pooled = pool(np.repeat([one], 10, axis=0), pool_factor)
    assert pooled == pytest.approx(np.broadcast_to(one, pooled.shape), abs=1e-6)
