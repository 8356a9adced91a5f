from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from es_jina.dense import dense_profiles
from es_jina.embedding import Embedding
from es_jina.errors import ItemError, ProviderError
from es_jina.profile import IndexProfile, MultiVectorProfile
from es_jina.providers.answers import checked

PROFILE = IndexProfile(
    "m", "r", dense_profiles(128, 256), MultiVectorProfile("binary", "bit", 8), 1
)
SINGLE_ONLY = replace(PROFILE, multi_vector=None)
GOOD: Any = Embedding(np.ones(512, np.float32), np.ones((3, 8), np.float32), 3)


def test_what_fits_is_passed_on() -> None:
    broken = ItemError("broken")
    assert checked(broken, PROFILE) is broken
    alone: Any = replace(GOOD, multi=None)
    assert checked(alone, SINGLE_ONLY) is alone
    assert checked(GOOD, PROFILE) is GOOD


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "a NoneType for an input"),
        (np.ones(512), "a ndarray for an input"),
        (replace(GOOD, single=None), "a single vector that is missing, the index holds 256 dims"),
        (replace(GOOD, single=np.ones(255)), r"of shape \(255,\), the index holds 256"),
        (replace(GOOD, single=np.ones((1, 512))), r"of shape \(1, 512\)"),
        (replace(GOOD, single=[1.0] * 512), "that is a list"),
        (replace(GOOD, multi=None), "a multi-vector that is missing, the index holds 8 dims"),
        (replace(GOOD, multi=np.ones((3, 16))), r"of shape \(3, 16\), the index holds 8"),
    ],
)
def test_what_was_not_asked_for_ends_the_run(answer: Any, told: str) -> None:
    with pytest.raises(ProviderError, match=told) as raised:
        checked(answer, PROFILE)
    assert raised.value.passing is False


@pytest.mark.parametrize(
    "answer",
    [
        replace(GOOD, single=np.full(512, np.nan)),
        replace(GOOD, multi=np.array([[np.inf] * 8])),
        replace(GOOD, multi=np.ones((0, 8))),
    ],
)
def test_vectors_that_are_none_are_the_failure_of_one_input(answer: Embedding) -> None:
    assert isinstance(checked(answer, PROFILE), ItemError)
