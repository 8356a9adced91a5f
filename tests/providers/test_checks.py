"""What callers ask of a provider, right and wrong."""

from typing import Any

import pytest

from es_jina.embedding import Embedding
from es_jina.errors import RequestError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider

from .test_local import BOTH, MIXED, TASK, embedded, noise, same


@pytest.mark.parametrize("max_pixels", [0, -5, 1.5, True, "602112"])
def test_a_budget_of_nothing(max_pixels: Any, provider: LocalProvider) -> None:
    with pytest.raises(RequestError, match=f"max_pixels is {max_pixels!r}"):
        provider.embed([Text("a")], TASK, BOTH, max_pixels=max_pixels)


def test_each_input_may_have_its_own_task(provider: LocalProvider) -> None:
    tasks = [*Task, Task.CODE_QUERY]
    inputs: list[Input] = [*(Text("the quick fox") for _ in Task), Image(noise(60, 60))]
    found = provider.embed(inputs, tasks, BOTH)
    for item, task, result in zip(inputs, tasks, found, strict=True):
        assert isinstance(result, Embedding)
        assert same(result, embedded(provider, [item], task)[0])
    with pytest.raises(RequestError, match="2 tasks for 3 inputs"):
        provider.embed([Text("a")] * 3, tasks[:2], BOTH)


def test_names_of_tasks_and_any_iterable_do(provider: LocalProvider) -> None:
    expected = embedded(provider, MIXED, Task.CODE_PASSAGE)
    name: Any = "code.passage"
    found = provider.embed(iter(MIXED), name, BOTH)
    for one, other in zip(found, expected, strict=True):
        assert isinstance(one, Embedding)
        assert same(one, other)


@pytest.mark.parametrize(
    ("inputs", "options", "says"),
    [
        (["hello"], {}, "input 0 is a str: wrap it in Text(...) or Image(...)"),
        ("hello", {}, "inputs must be a list of Text(...) and Image(...)"),
        (Text("a"), {}, "inputs must be a list"),
        (None, {}, "inputs must be a list of Text(...) and Image(...), not None"),
        ([Text("a"), None], {}, "input 1 is None"),
        ([Text(b"a")], {}, "input 0 is a Text of a bytes: it must be a str"),  # type: ignore[arg-type]
        ([Text("a")], {"task": "retrieval"}, "no such task: 'retrieval'; choose from retrieval.q"),
        ([Text("a")], {"want": Want(0)}, "choose Want.SINGLE, Want.MULTI or both"),
        ([Text("a")], {"want": 1}, "want is 1: choose"),
        ([Text("a")], {"dimensions": 128.0}, "has no 128.0 dimensions"),
    ],
)
def test_what_cannot_be_asked(
    inputs: Any, options: dict[str, Any], says: str, provider: LocalProvider
) -> None:
    with pytest.raises(RequestError) as caught:
        provider.embed(inputs, **{"task": TASK, "want": BOTH} | options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
