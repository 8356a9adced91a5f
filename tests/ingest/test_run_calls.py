"""Several calls at once, calls that fail beside others, and tokens that are spent."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.embedding import Embedding
from es_jina.errors import ItemError, ProviderError
from es_jina.ingest.dead_letters import DeadLetters
from es_jina.ingest.report import Report
from es_jina.ingest.run import Ingest, Options
from es_jina.ingest.targets import Setting, Targets
from es_jina.ingest.units import Cutting
from es_jina.providers.base import Provider

from .provider_billed import BilledProvider
from .provider_double import PROFILE, DoubleProvider, WordTokenizer

NOTES = 60
# A note's: each counts 128 tokens at least.
TOGETHER = 4


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_TOKENS", "MOST_TOKENS"):
        monkeypatch.setattr(f"es_jina.ingest.batches.{name}", TOGETHER * 128)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(NOTES):
        (folder / f"note-{number:02}.txt").write_text(f"This is the note {number}.")
    return folder


class Engine:
    """Ingests the notes into the test's index."""

    def __init__(
        self, client: Elasticsearch, index: str, capabilities: Capabilities, folder: Path
    ) -> None:
        self._client = client
        self._index = index
        self._capabilities = capabilities
        self._scratch = folder
        self.dead = folder / "dead.ndjson"

    def __call__(self, provider: Provider, folder: Path, **options: Any) -> Report:
        return self.run(self.ready(provider, **options), folder)

    def ready(self, provider: Provider, **options: Any) -> Ingest:
        self._letters = DeadLetters(self.dead)
        return Ingest(
            self._client,
            self._index,
            PROFILE,
            self._capabilities,
            open_provider=lambda: provider,
            open_tokenizer=WordTokenizer,
            options=Options(**options),
            on_failure=self._letters.add,
            on_settled=self._letters.settle,
        )

    def run(self, ingest: Ingest, folder: Path) -> Report:
        with self._letters:
            return ingest.run(Targets([str(folder)], Setting(self._client, self._scratch)))

    @property
    def texts(self) -> list[str]:
        self._client.indices.refresh(index=self._index)
        hits = self._client.search(index=self._index, size=1000)["hits"]["hits"]
        return sorted(hit["_source"]["text"] for hit in hits)


@pytest.fixture
def engine(client: Elasticsearch, index: str, capabilities: Capabilities, tmp_path: Path) -> Engine:
    set_up(client, index, PROFILE, capabilities)
    return Engine(client, index, capabilities, tmp_path)


def each_once(*providers: DoubleProvider) -> bool:
    asked = Counter(digest for each in providers for call in each.calls for digest in call)
    return {*asked.values()} == {1} and len(asked) == NOTES


class Watching(DoubleProvider):
    """Does something at each call, from whose number on the calls beside it may be waited for."""

    def __init__(self, at_call: Callable[[int], None]) -> None:
        super().__init__()
        self._at_call = at_call
        self._begun = 0
        self._present = 0
        self.most_present = 0
        self._changed = threading.Condition()

    def embed(self, *args: Any, **named: Any) -> list[Embedding | ItemError]:
        with self._changed:
            self._begun += 1
            number = self._begun
            self._present += 1
            self.most_present = max(self.most_present, self._present)
            self._changed.notify_all()
        try:
            self._at_call(number)
            return super().embed(*args, **named)
        finally:
            with self._changed:
                self._present -= 1

    def await_present(self, count: int, seconds: float) -> bool:
        """Wait until so many calls are worked on at once, or have been."""
        with self._changed:
            return self._changed.wait_for(lambda: self.most_present >= count, seconds)


@pytest.mark.parametrize("calls", [1, 3])
def test_no_more_is_embedded_and_not_acknowledged_than_calls_and_one_batch(
    engine: Engine, notes: Path, calls: int
) -> None:
    waiting: list[int] = []

    def at_call(_: int) -> None:
        # Where only one call is made at a time, there is nothing to wait for.
        provider.await_present(max(calls, 2), 0.2 if calls > 1 else 0.01)
        asked = sum(map(len, provider.calls))
        waiting.append(asked - ingest.progress.units)

    provider = Watching(at_call)
    ingest = engine.ready(provider, calls=calls)
    report = engine.run(ingest, notes)
    assert (report.embedded, report.failed) == (NOTES, 0)
    assert provider.most_present == calls
    assert max(waiting) <= (calls + 1) * TOGETHER
    assert each_once(provider)
    assert len(engine.texts) == NOTES


def test_stopping_finishes_all_calls_that_are_begun(engine: Engine, notes: Path) -> None:
    def at_call(number: int) -> None:
        if number == 4:
            provider.await_present(3, 5)
            ingest.stop()
        time.sleep(0.02)

    provider = Watching(at_call)
    ingest = engine.ready(provider, calls=3)
    report = engine.run(ingest, notes)
    assert report.interrupted
    assert 0 < report.embedded == sum(map(len, provider.calls)) == len(engine.texts) < NOTES
    rest = DoubleProvider()
    assert engine(rest, notes).unchanged == report.embedded
    assert each_once(provider, rest)


@pytest.mark.parametrize("calls", [1, 3])
def test_what_other_calls_have_embedded_is_written_before_an_error_ends_the_run(
    engine: Engine, notes: Path, calls: int
) -> None:
    def at_call(number: int) -> None:
        if number == 5:
            raise ProviderError("the balance is spent", passing=False)
        # Until the one that fails is there.
        provider.await_present(calls, 0.2 if calls > 1 else 0)

    provider = Watching(at_call)
    ingest = engine.ready(provider, calls=calls)
    with pytest.raises(ProviderError, match="the balance is spent"):
        engine.run(ingest, notes)
    embedded = sum(map(len, provider.calls))
    assert 0 < ingest.report.embedded == embedded == len(engine.texts) < NOTES
    rest = DoubleProvider()
    assert engine(rest, notes, calls=calls).embedded == NOTES - embedded
    assert each_once(provider, rest)
    assert len(engine.texts) == NOTES


@pytest.mark.parametrize("calls", [1, 4])
def test_a_network_that_is_cut_half_way_costs_nothing(
    engine: Engine, notes: Path, calls: int
) -> None:
    def at_call(number: int) -> None:
        if number > 6:
            raise ProviderError("the API is out of reach", passing=True)

    cut = Watching(at_call)
    ingest = engine.ready(cut, calls=calls, retry_for=0.3)
    with pytest.raises(ProviderError, match="out of reach"):
        engine.run(ingest, notes)
    assert 0 < ingest.report.embedded == len(engine.texts) < NOTES
    assert not engine.dead.exists()
    mended = DoubleProvider()
    report = engine(mended, notes, calls=calls)
    assert (report.unchanged, report.failed) == (ingest.report.embedded, 0)
    assert each_once(cut, mended)
    assert len(engine.texts) == NOTES


@pytest.mark.parametrize("calls", [1, 4])
def test_a_run_ends_at_the_tokens_it_may_spend_and_the_next_goes_on(
    engine: Engine, notes: Path, calls: int
) -> None:
    # Five words each, of 60 notes.
    providers = [BilledProvider(max_tokens=123) for _ in range(3)]
    reports = [engine(provider, notes, calls=calls) for provider in providers]
    assert [each.embedded for each in reports] == [24, 24, 12]
    assert [each.whole for each in reports] == [False, False, True]
    assert [each.unsent > 0 for each in reports] == [True, True, False]
    assert [each.failed for each in reports] == [0, 0, 0]
    assert sum(each.usage.tokens for each in providers) == 5 * NOTES
    assert each_once(*providers)
    # No call is begun behind the first that was not sent as a whole, but those beside it.
    assert all(each.unsent <= calls * TOGETHER for each in reports)
    assert not engine.dead.exists()
    assert len(engine.texts) == NOTES


def test_sources_that_were_not_sent_stay_as_they_were(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    note = tmp_path / "in" / "note.txt"
    options: dict[str, Any] = {"cutting": Cutting(chunk_tokens=16)}
    note.write_text(" ".join(f"Sentence number {number} stands here." for number in range(20)))
    units = engine(DoubleProvider(), note, **options).embedded
    assert units > 5
    before = engine.texts
    letter = {"source": str(note), "unit": 2, "stage": "embed", "error": "x", "message": "x"}
    engine.dead.write_text(json.dumps(letter) + "\n")
    note.write_text(" ".join(f"Phrase number {number} is new." for number in range(6)))
    report = engine(BilledProvider(max_tokens=6), note, **options)
    assert (report.embedded, report.failed, report.deleted) == (0, 0, 0)
    assert report.unsent > 1
    assert engine.texts == before
    assert json.loads(engine.dead.read_text())["unit"] == 2
    report = engine(BilledProvider(), note, **options)
    assert report.whole
    assert len(engine.texts) == report.embedded < units
    assert all("Phrase" in text for text in engine.texts)
    assert not engine.dead.exists()
