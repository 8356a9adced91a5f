import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, ProviderError, RequestError
from es_jina.ingest import embedder as module
from es_jina.ingest.embedder import Embedder
from es_jina.ingest.sources import Source
from es_jina.ingest.units import Loaded, Section, Unit
from es_jina.inputs import Text

from .provider_double import PROFILE, DoubleProvider


class Faulty(DoubleProvider):
    """Raises what `fault` returns for the texts of a call."""

    def __init__(self, fault: Callable[[list[str]], Exception | None]) -> None:
        super().__init__()
        self.fault = fault
        self.asked: list[list[str]] = []

    def embed(self, inputs: Any, *others: Any, **named: Any) -> list[Embedding | ItemError]:
        texts = [item.text for item in inputs]
        self.asked.append(texts)
        if error := self.fault(texts):
            raise error
        return super().embed(inputs, *others, **named)


def batch(*texts: str, section: Section | None = None) -> list[Loaded]:
    source = Source("file:///a", "a", "text/plain", "0" * 64, "a", 1)
    return [
        Loaded(Unit(source, number, "text", "a", "x", section=section), Text(text), text)
        for number, text in enumerate(texts)
    ]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that are there and take no time."""
    monkeypatch.setattr(module, "pauses", lambda retry_for: iter([0.001] * int(retry_for)))


def embed(provider: DoubleProvider, texts: Sequence[str], retry_for: float = 20) -> list[Any]:
    made = Embedder(lambda: provider, PROFILE, retry_for, threading.Event())
    return made.embed(batch(*texts))


def times(count: int, error: Exception) -> Callable[[list[str]], Exception | None]:
    left = [error] * count
    return lambda _: left.pop() if left else None


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (_passing := ProviderError("429"), 10),
        (ProviderError("who knows"), 4),
        (ConnectionResetError("gone"), 10),
        (TimeoutError("silent"), 10),
    ],
)
def test_what_may_pass_is_waited_for(error: Exception, tries: int) -> None:
    _passing.passing = True
    provider = Faulty(times(tries, error))
    assert all(isinstance(each, Embedding) for each in embed(provider, ["a", "b"]))
    assert provider.asked == [["a", "b"]] * (tries + 1)


def test_patience_ends() -> None:
    provider = Faulty(lambda _: ConnectionResetError("gone"))
    with pytest.raises(ProviderError, match="the provider failed: ConnectionResetError: gone"):
        embed(provider, ["a"], retry_for=3)
    assert len(provider.asked) == 4


@pytest.mark.parametrize("error", [ProviderError("no key"), RequestError("no such task")])
def test_what_will_not_pass_ends_the_run_at_once(error: Exception) -> None:
    if isinstance(error, ProviderError):
        error.passing = False
    provider = Faulty(lambda _: error)
    with pytest.raises(type(error), match=str(error)):
        embed(provider, ["a", "b"])
    assert len(provider.asked) == 1


def test_an_input_that_breaks_the_provider_fails_alone() -> None:
    provider = Faulty(lambda texts: ValueError("odd letter") if "bad" in texts else None)
    texts = ["a", "b", "c", "bad", "d", "e", "f"]
    results = embed(provider, texts)
    failed = [str(each) for each in results if isinstance(each, ItemError)]
    assert failed == ["ValueError: odd letter"]
    assert isinstance(results[3], ItemError)
    # Asked for alone three times; it might have been a passing thing.
    assert provider.asked.count(["bad"]) == 3


def test_a_provider_that_is_broken_for_every_input_ends_the_run() -> None:
    provider = Faulty(lambda _: RuntimeError("no memory"))
    texts = [str(number) for number in range(100)]
    with pytest.raises(ProviderError, match=r"20 inputs in a row.*RuntimeError: no memory"):
        embed(provider, texts)
    assert len(provider.asked) < 100


def test_many_broken_inputs_among_good_ones_each_fail_alone() -> None:
    provider = Faulty(lambda texts: ValueError("odd") if {*texts} - {"good"} else None)
    results = embed(provider, ["bad", "good"] * 40)
    assert [isinstance(each, ItemError) for each in results] == [True, False] * 40


def test_one_call_of_ten_that_fails_costs_nothing() -> None:
    calls = iter(range(10_000))
    provider = Faulty(lambda _: RuntimeError("now and then") if next(calls) % 10 == 3 else None)
    for start in range(0, 400, 8):
        results = embed(provider, [str(number) for number in range(start, start + 8)])
        assert all(isinstance(each, Embedding) for each in results)


def test_too_few_answers_are_an_error() -> None:
    class Short(DoubleProvider):
        def embed(self, inputs: Any, *others: Any, **named: Any) -> list[Embedding | ItemError]:
            return super().embed(inputs, *others, **named)[:-1]

    with pytest.raises(ProviderError, match="answered 1 embeddings for 2 inputs"):
        embed(Short(), ["a", "b"], retry_for=0)


def test_stopping_ends_the_patience() -> None:
    stopping = threading.Event()
    stopping.set()
    provider = Faulty(lambda _: ConnectionResetError("gone"))
    with pytest.raises(ProviderError):
        Embedder(lambda: provider, PROFILE, 1000, stopping).embed(batch("a"))
    assert len(provider.asked) == 1


def test_chunks_of_one_section_are_embedded_in_one_call() -> None:
    provider = DoubleProvider()
    first, second = Section("one two"), Section("three")
    loaded = [*batch("one", "two", section=first), *batch("three", section=second), *batch("x")]
    made = Embedder(lambda: provider, PROFILE, 0, threading.Event())
    assert len(made.embed(loaded)) == 4
    assert [len(call) for call in provider.calls] == [2, 1, 1]


def test_the_provider_is_opened_by_the_first_batch_alone() -> None:
    opened = []

    def open_provider() -> DoubleProvider:
        opened.append(1)
        return DoubleProvider()

    made = Embedder(open_provider, PROFILE, 0, threading.Event())
    assert opened == []
    made.embed(batch("a"))
    made.embed(batch("b"))
    assert opened == [1]


def test_several_threads_share_one_provider_and_one_count() -> None:
    opened = []

    def open_provider() -> DoubleProvider:
        opened.append(1)
        time.sleep(0.05)
        return DoubleProvider(seconds=0.001)

    made = Embedder(open_provider, PROFILE, 0, threading.Event())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: made.embed(batch(str(number))), range(200)))
    assert all(isinstance(each, Embedding) for (each,) in answers)
    assert opened == [1]
    assert made.calls == 200
