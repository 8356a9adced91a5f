"""Late chunking: spans of a text that is read as a whole."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from es_jina.demo.checkpoint import Shape, make_checkpoint
from es_jina.embedding import Embedding, TokenSpans, Vector, unit
from es_jina.errors import ItemError, RequestError
from es_jina.inputs import Task, Text
from es_jina.model.batching import Cost
from es_jina.model.engine import Job, Result
from es_jina.model.late_chunking import LateChunks
from es_jina.model.rows import Row
from es_jina.model.tokens import TokenisedText
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider

from .checkpoints import Oracle, randomise

BOTH = Want.SINGLE | Want.MULTI
TASK = Task.RETRIEVAL_PASSAGE
TEXT = "The quick fox. Strom aus der Sonne, el café, 日本語! It jumps over the lazy dog. " * 3
SHAPE = Shape(hidden=128, layers=2, ffn=128, vision_width=32, vision_depth=1, vision_ffn=48)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = ["the quick brown fox jumps over the lazy dog", "Strom aus der Sonne, el café"] * 4
    made = make_checkpoint(tmp_path_factory.mktemp("late") / "checkpoint", words, SHAPE)
    randomise(made)
    return made


@pytest.fixture(scope="module")
def provider(folder: Path) -> LocalProvider:
    return LocalProvider(str(folder), device="cpu")


def embedded(
    provider: LocalProvider, text: str, spans: Sequence[tuple[int, int]]
) -> list[Embedding]:
    found = provider.embed_spans(text, spans, TASK, BOTH)
    assert all(isinstance(each, Embedding) for each in found)
    return [each for each in found if isinstance(each, Embedding)]


def whole(provider: LocalProvider, text: str) -> tuple[Vector, TokenSpans]:
    [found] = provider.embed([Text(text)], TASK, BOTH)
    assert isinstance(found, Embedding)
    assert found.multi is not None
    assert isinstance(found.layout, TokenSpans)
    return found.multi, found.layout


def test_a_span_is_its_tokens_in_the_light_of_the_whole_text(
    folder: Path, provider: LocalProvider
) -> None:
    spans = [(0, 14), (15, 50), (4, 9), (100, len(TEXT)), (0, len(TEXT))]
    oracle = Oracle(folder, "retrieval")
    ids = oracle.tokenizer.encode(f"Passage: {TEXT}", add_special_tokens=False)
    hidden = oracle._hidden(input_ids=torch.tensor([ids.ids])).numpy()
    characters = np.array(ids.offsets) - len("Passage: ")
    multi, layout = whole(provider, TEXT)
    for (first, end), found in zip(spans, embedded(provider, TEXT, spans), strict=True):
        mine = (characters[:, 1] > first) & (characters[:, 0] < end) & (characters[:, 1] > 0)
        assert found.single is not None
        assert found.multi is not None
        assert isinstance(found.layout, TokenSpans)
        assert np.abs(found.single - unit(hidden[mine].mean(0))).max() <= 1e-5
        assert np.abs(found.multi - multi[mine]).max() <= 1e-5
        assert found.tokens == mine.sum()
        assert np.array_equal(found.layout.characters, layout.characters[mine])


def test_what_stands_before_a_span_matters(provider: LocalProvider) -> None:
    spans = [(20, 40)]
    [one] = embedded(provider, "The river rises now " + TEXT, spans)
    [other] = embedded(provider, "0 1 2 3 4 5 6 7 8 9 " + TEXT, spans)
    assert one.single is not None
    assert other.single is not None
    assert np.abs(one.single - other.single).max() > 1e-3


@pytest.mark.parametrize("span", [(5, 5), (9, 3), (-4, 2), (0, 10_000), (10_000, 10_001)])
def test_a_span_that_is_none_fails_alone(span: tuple[int, int], provider: LocalProvider) -> None:
    bad, good = provider.embed_spans(TEXT, [span, (0, 14)], TASK)
    assert isinstance(bad, ItemError)
    assert f"the span {span[0]}..{span[1]} " in str(bad)
    assert isinstance(good, Embedding)
    assert good.multi is None


@pytest.mark.parametrize(
    "text", ["The cafe\u0301", "e\u0301 cafe\u0301", "\u1112\u1161\u11ab\u1100\u116e\u11a8"]
)
def test_letters_that_are_written_as_two(text: str, provider: LocalProvider) -> None:
    """Composing takes the accent away; its character still belongs to the letter's token."""
    for spans in ([(0, len(text))], [(place, place + 1) for place in range(len(text))]):
        for found in embedded(provider, text, spans):
            assert isinstance(found.layout, TokenSpans)
            assert found.tokens >= 1


@pytest.mark.parametrize("spans", [[(0,)], [0, 5], [("0", "5")], [(0, 5.5)], [(0, 3, 5)], None])
def test_spans_that_are_no_pairs(spans: Any, provider: LocalProvider) -> None:
    with pytest.raises(RequestError, match="is no pair of whole numbers"):
        provider.embed_spans(TEXT, spans, TASK)


def test_an_empty_text_has_no_spans(provider: LocalProvider) -> None:
    assert provider.embed_spans("", [], TASK) == []
    [found] = provider.embed_spans("", [(0, 1)], TASK)
    assert isinstance(found, ItemError)


def test_a_text_that_cannot_be_read_is_an_error_of_every_span(provider: LocalProvider) -> None:
    found = provider.embed_spans("half \ud83d", [(0, 1), (1, 2)], TASK)
    assert all(isinstance(each, ItemError) and "surrogate" in str(each) for each in found)


def test_dimensions_are_cut(provider: LocalProvider) -> None:
    with pytest.raises(RequestError, match="has no 64 dimensions: choose from 128"):
        provider.embed_spans(TEXT, [(0, 5)], TASK, dimensions=64)


@given(borders=st.lists(st.integers(0, len(TEXT)), min_size=2, max_size=8, unique=True).map(sorted))
def test_neighbouring_spans_cover_what_the_spans_together_cover(
    provider: LocalProvider, borders: list[int]
) -> None:
    spans = list(pairwise(borders))
    parts = embedded(provider, TEXT, spans)
    [together] = embedded(provider, TEXT, [(borders[0], borders[-1])])
    assert isinstance(together.layout, TokenSpans)
    characters: set[tuple[int, ...]] = set()
    for (first, end), part in zip(spans, parts, strict=True):
        assert isinstance(part.layout, TokenSpans)
        assert part.multi is not None
        assert len(part.multi) == part.tokens == len(part.layout.characters)
        starts, ends = part.layout.characters.T
        assert starts[0] <= first < ends[0]
        assert starts[-1] < end <= ends[-1]
        characters |= {tuple(map(int, row)) for row in part.layout.characters}
    assert characters == {tuple(map(int, row)) for row in together.layout.characters}


@pytest.mark.parametrize(("window", "overlap"), [(64, 16), (40, 0), (33, 20), (1000, 100)])
def test_windows_that_overlap(window: int, overlap: int, provider: LocalProvider) -> None:
    """Each token counts once, in the window that shows it the most of what stands before it."""
    spans = [(0, 14), (15, 50), (4, 200), (190, len(TEXT)), (0, len(TEXT))]
    prompt, adapter = TASK.prompt, TASK.adapter
    [tokens] = provider._rows.tokenizer.encode([prompt + TEXT], spans=True)
    assert isinstance(tokens, TokenisedText)
    chunks = LateChunks(tokens, len(TEXT), prompt, adapter, spans, window=window, overlap=overlap)
    jobs = [Job(n, Cost(len(row.input_ids)), row) for n, row in enumerate(chunks.rows)]
    assert all(job.cost.tokens <= window for job in jobs)
    done = provider._engine.run(jobs, multi=True)
    results = [done[number] for number in range(len(jobs))]
    assert all(isinstance(result, Result) for result in results)
    found = dict(chunks.results([each for each in results if isinstance(each, Result)]))
    expected = by_hand(provider, tokens, window, overlap)
    assert tokens.spans is not None
    starts, ends = (tokens.spans - len(prompt)).T
    for number, (first, end) in enumerate(spans):
        mine = (ends > max(first, 0)) & (starts < end)
        multi = found[number].multi
        assert multi is not None
        assert np.abs(multi - expected[mine]).max() <= 1e-5


def by_hand(provider: LocalProvider, tokens: TokenisedText, window: int, overlap: int) -> Vector:
    """Return the multi-vector of each token, window by window, without the code under test."""
    assert tokens.spans is not None
    head = int((tokens.spans[:, 1] <= len(TASK.prompt)).sum())
    count = len(tokens.ids)
    rows = np.zeros((count, 128), np.float32)
    start = counted = head
    while counted < count:
        end = min(count, start + window - head)
        ids = np.concatenate([tokens.ids[:head], tokens.ids[start:end]])
        batch = provider._rows.batch([Row(ids, TASK.adapter, ((0, len(ids)),))])
        _, multi = provider._networks[0].forward(batch).fetch()()
        assert multi is not None
        rows[counted:end] = multi[head + counted - start :]
        start, counted = end - overlap, end
    return rows


def test_a_text_longer_than_the_model_reads(narrow_provider: LocalProvider) -> None:
    text = "1" * 40_000
    spans = [(0, 100), (30_000, 36_000), (39_900, 40_000), (0, 40_000)]
    found = narrow_provider.embed_spans(text, spans, TASK, BOTH)
    for (first, end), each in zip(spans, found, strict=True):
        assert isinstance(each, Embedding)
        assert each.tokens == end - first
        assert each.multi is not None
        assert each.multi.shape == (end - first, 128)
        assert each.single is not None
        assert np.linalg.norm(each.single) == pytest.approx(1, abs=1e-5)
