"""MaxSim by torch, on the CPU: the machines that test this have no GPU."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode

from es_jina.dense import ELEMENT_TYPES, ElementType
from es_jina.elastic.vectors import decode, encode
from es_jina.search import maxsim_torch
from es_jina.search.maxsim import maxsim, maxsim_of_bits
from es_jina.search.maxsim_torch import maxsim_on

from .naive_maxsim import Floats, naive, vectors

QUERY = np.random.default_rng(0).standard_normal((3, 64), np.float32)
PAGES = [QUERY[:1], -QUERY]


@pytest.fixture
def on_gpu(monkeypatch: pytest.MonkeyPatch) -> list[ElementType]:
    """Pretend that there is a GPU; return the element types of what it was given to score."""
    given_to_it: list[ElementType] = []

    def on_cpu(
        device: str,
        query: Floats,
        documents: list[NDArray[np.generic]],
        element_type: ElementType,
    ) -> Floats:
        assert device == "cuda"
        given_to_it.append(element_type)
        return maxsim_on("cpu", query, documents, element_type)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(maxsim_torch, "maxsim_on", on_cpu)
    return given_to_it


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
@given(query=vectors(), documents=st.lists(vectors(), min_size=1, max_size=4))
def test_it_is_the_mean_of_the_best_matches(
    element_type: ElementType, query: Floats, documents: list[Floats]
) -> None:
    stored = [encode(document, element_type) for document in documents]
    scores = maxsim_on("cpu", query, stored, element_type)
    assert scores.dtype == np.float32
    expected = [naive(query, decode(each, element_type)) for each in stored]
    assert scores.tolist() == pytest.approx(expected, abs=1e-5)


class Largest(TorchFunctionMode):
    """The numbers of the largest tensor that torch has made."""

    numbers = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor):
            self.numbers = max(self.numbers, made.numel())
        return made


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
@given(
    query=vectors(), documents=st.lists(vectors(), min_size=1, max_size=9), most=st.integers(1, 200)
)
def test_the_groups_do_not_change_the_scores(
    element_type: ElementType, query: Floats, documents: list[Floats], most: int
) -> None:
    stored = [encode(document, element_type) for document in documents]
    expected = maxsim_on("cpu", query, stored, element_type)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maxsim_torch, "MOST_NUMBERS", most)
        scores = maxsim_on("cpu", query, stored, element_type)
    assert scores.tolist() == pytest.approx(expected.tolist(), abs=1e-6)


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
@pytest.mark.parametrize("query_tokens", [1, 750])
def test_the_room_does_not_grow_with_the_documents(
    element_type: ElementType, query_tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 8 * (query_tokens + 64)
    monkeypatch.setattr(maxsim_torch, "MOST_NUMBERS", most)
    query = np.resize(QUERY, (query_tokens, 64))
    stored = [encode(page, element_type) for page in 20 * PAGES]
    with Largest() as largest:
        maxsim_on("cpu", query, stored, element_type)
    # Eight tokens of documents together, whichever of the two is larger.
    assert largest.numbers == max(8 * 64, 8 * query_tokens, query.size)


def test_a_document_above_the_bound_is_scored_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maxsim_torch, "MOST_NUMBERS", 1)
    expected = [naive(QUERY, page) for page in PAGES]
    assert maxsim_on("cpu", QUERY, PAGES).tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("element_type", ELEMENT_TYPES)
def test_a_gpu_is_used_where_torch_has_one(
    element_type: ElementType, on_gpu: list[ElementType]
) -> None:
    stored = [encode(page, element_type) for page in PAGES]
    expected = [naive(QUERY, decode(each, element_type)) for each in stored]
    assert maxsim(QUERY, stored, element_type).tolist() == pytest.approx(expected, abs=1e-5)
    assert on_gpu == [element_type]


def test_bits_against_bits_on_a_gpu(
    on_gpu: list[ElementType], monkeypatch: pytest.MonkeyPatch
) -> None:
    query, stored = encode(QUERY, "bit"), [encode(page, "bit") for page in PAGES]
    scores = maxsim_of_bits(query, stored)
    assert on_gpu == ["bit"]
    monkeypatch.undo()
    assert scores.tolist() == pytest.approx(maxsim_of_bits(query, stored).tolist(), abs=1e-6)


def test_nothing_to_score_on_a_gpu(on_gpu: list[ElementType]) -> None:
    assert maxsim(QUERY, []).shape == maxsim_of_bits(encode(QUERY, "bit"), []).shape == (0,)
    assert not on_gpu


def test_without_a_gpu_numpy_scores(
    on_gpu: list[ElementType], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert maxsim(QUERY, PAGES).shape == (2,)
    assert not on_gpu


def test_torch_is_not_imported_to_look_for_a_gpu(
    on_gpu: list[ElementType], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    assert maxsim(QUERY, PAGES).shape == (2,)
    assert "torch" not in sys.modules
    assert not on_gpu
