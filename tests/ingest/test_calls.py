import threading
import time
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

import pytest

from es_jina.embedding import Embedding
from es_jina.errors import ProviderError
from es_jina.ingest.batches import FIRST_TOKENS
from es_jina.ingest.calls import Calls
from es_jina.ingest.embedder import Result
from es_jina.ingest.sources import Source
from es_jina.ingest.units import Loaded, Unit
from es_jina.inputs import Text


def batch(text: str) -> list[Loaded]:
    source = Source("file:///a", "a", "text/plain", "0" * 64, "a", 1)
    return [Loaded(Unit(source, 0, "text", "a", "x", tokens=FIRST_TOKENS), Text(text), text)]


class Slow:
    """Answers when it is told to; knows how many calls it works on."""

    def __init__(self) -> None:
        self.turns: dict[str, threading.Event] = {}
        self.present: set[str] = set()

    def __call__(self, loaded: Sequence[Loaded]) -> list[Result]:
        (item,) = loaded
        self.present.add(item.text)
        assert self.turns.setdefault(item.text, threading.Event()).wait(10)
        self.present.remove(item.text)
        if item.text == "bad":
            raise ProviderError("broken")
        return [Embedding(None, None, 1)]

    def answer(self, *texts: str) -> None:
        for text in texts:
            self.turns.setdefault(text, threading.Event()).set()

    def await_calls(self, *texts: str) -> None:
        deadline = time.monotonic() + 10
        while self.present != {*texts}:
            assert time.monotonic() < deadline
            time.sleep(0.002)


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def calls(slow: Slow) -> Iterator[Calls]:
    made = Calls(slow, 3)
    yield made
    made.close()


def told(calls: Calls) -> str:
    (item,), results = calls.oldest()
    assert len(results) == 1
    return item.text


def test_the_answers_come_in_the_order_of_the_batches(calls: Calls, slow: Slow) -> None:
    for text in "abc":
        assert not calls.full
        calls.begin(batch(text))
    assert calls.full
    slow.await_calls("a", "b", "c")
    slow.answer("c")
    slow.await_calls("a", "b")
    slow.answer("b", "a")
    assert [told(calls) for _ in range(3)] == ["a", "b", "c"]
    assert not calls


def test_a_call_that_fails_leaves_the_others(calls: Calls, slow: Slow) -> None:
    for text in ("a", "bad", "c"):
        calls.begin(batch(text))
    slow.answer("a", "bad", "c")
    assert told(calls) == "a"
    with pytest.raises(ProviderError, match="broken"):
        calls.oldest()
    assert told(calls) == "c"


def test_a_call_belongs_to_the_context_it_was_begun_in() -> None:
    seen = ContextVar("seen", default="nothing")
    found: list[str] = []

    def embed(_: Sequence[Loaded]) -> list[Result]:
        found.append(seen.get())
        return [Embedding(None, None, 1)]

    calls = Calls(embed, 1)
    seen.set("ours")
    calls.begin(batch("a"))
    calls.oldest()
    calls.close()
    assert found == ["ours"]


def test_closing_waits_for_what_is_begun(slow: Slow) -> None:
    calls = Calls(slow, 2)
    calls.begin(batch("a"))
    slow.await_calls("a")
    threading.Timer(0.05, slow.answer, ["a"]).start()
    calls.close()
    assert not slow.present


@pytest.mark.parametrize(
    ("at_once", "seconds", "then"),
    [
        (1, 0.0, 2 * FIRST_TOKENS),
        (1, 0.1, FIRST_TOKENS // 2),
        (2, 0.0, 2 * FIRST_TOKENS),
        # It may be slow because it is busy: smaller batches would only be more of them.
        (2, 0.1, FIRST_TOKENS),
    ],
)
def test_batches_grow_and_shrink_by_the_time_a_call_takes(
    monkeypatch: pytest.MonkeyPatch, at_once: int, seconds: float, then: int
) -> None:
    monkeypatch.setattr("es_jina.ingest.batches.SECONDS", 0.02)

    def embed(_: Sequence[Loaded]) -> list[Result]:
        time.sleep(seconds)
        return [Embedding(None, None, 1)]

    calls = Calls(embed, at_once)
    assert calls.tokens == FIRST_TOKENS
    calls.begin(batch("a"))
    calls.oldest()
    assert calls.tokens == then
    calls.close()
