import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from es_jina.embedding import Embedding
from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.base import V4, ModelInfo, Want
from es_jina.providers.local import LocalProvider
from es_jina.server.limits import Limits
from es_jina.server.query_vectors import QueryVectors
from es_jina.server.refused import INVALID, RefusedError
from es_jina.server.request import EmbedRequest
from es_jina.server.rerank import rerank
from es_jina.server.together import together
from tests.search.corpus import TEXTS, embed, teal
from tests.search.naive_maxsim import naive
from tests.server.services import PlainService


class FakeService:
    """Answers with given vectors; `before` is awaited first."""

    model: ModelInfo = V4
    limits = Limits()

    def __init__(
        self,
        vectors: Callable[[Input], NDArray[np.float32]],
        before: Callable[[EmbedRequest], Awaitable[object]] | None = None,
    ) -> None:
        self._vectors = vectors
        self._before = before
        self.asked: list[EmbedRequest] = []

    async def embed(self, request: EmbedRequest) -> list[Embedding]:
        self.asked.append(request)
        if self._before is not None:
            await self._before(request)
        found = [self._vectors(each) for each in request.inputs]
        return [Embedding(None, rows, len(rows)) for rows in found]


def _number(given: Input) -> int:
    assert isinstance(given, Text)
    return int(given.text)


def of_text(given: Input) -> NDArray[np.float32]:
    """One vector: its direction is in the text."""
    assert isinstance(given, Text)
    angle = float(given.text)
    return np.array([[np.cos(angle), np.sin(angle)]], np.float32)


def test_scores_are_those_of_maxsim(provider: LocalProvider, tmp_path: Path) -> None:
    documents: list[Input] = [*(Text(text) for text in TEXTS.values()), Image(teal(tmp_path))]
    vectors = embed(provider, documents)
    for query in (Text("the quick brown fox"), Image(teal(tmp_path))):
        service = PlainService(provider)
        done = asyncio.run(rerank(service, query, documents))
        (asked,) = embed(provider, [query], Task.RETRIEVAL_QUERY)
        assert asked.multi is not None
        expected = [naive(asked.multi, each.multi) for each in vectors if each.multi is not None]
        assert done.scores == pytest.approx(expected, abs=1e-4)
        assert done.tokens == asked.tokens + sum(each.tokens for each in vectors)
        assert {each.task for each in service.asked} == {
            Task.RETRIEVAL_QUERY,
            Task.RETRIEVAL_PASSAGE,
        }
        assert {each.want for each in service.asked} == {Want.MULTI}


def test_many_vectors_score_as_few_do() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 500, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    service = FakeService(lambda given: rows[_number(given)])
    texts = [Text(str(number)) for number in range(1, 40)]
    scores = asyncio.run(rerank(service, Text("0"), texts)).scores
    expected = [float((rows[0] @ each.T).max(axis=1).mean()) for each in rows[1:]]
    assert scores == pytest.approx(expected, abs=1e-5)


def test_scores_stay_between_0_and_1() -> None:
    def vectors(given: Input) -> NDArray[np.float32]:
        if given == Text("9"):
            return np.full((1, 2), np.nan, np.float32)
        return of_text(given) * np.float32(1.0001)

    texts = [Text(angle) for angle in ("0", "1.5", "3.1", "9")]
    scores = asyncio.run(rerank(FakeService(vectors), Text("0"), texts)).scores
    assert scores[0] == 1
    assert 0 < scores[1] < 0.1
    assert scores[2:] == [0, 0]


def test_query_and_documents_wait_together() -> None:
    both = asyncio.Barrier(2)
    service = FakeService(of_text, lambda _: asyncio.wait_for(both.wait(), 10))
    assert asyncio.run(rerank(service, Text("0"), [Text("0")])).scores == [1]


def test_a_refusal_comes_through_and_ends_the_rest() -> None:
    ended: list[EmbedRequest] = []

    async def before(request: EmbedRequest) -> None:
        if request.task is Task.RETRIEVAL_QUERY:
            raise RefusedError(400, "too long", INVALID)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(request)
            raise

    with pytest.raises(RefusedError, match="too long"):
        asyncio.run(rerank(FakeService(of_text, before), Text("0"), [Text("0")]))
    assert len(ended) == 1


def test_a_model_without_multi_vectors_is_refused() -> None:
    service = FakeService(of_text)
    service.model = replace(V4, name="small", multi_dims=None)
    with pytest.raises(RefusedError, match="small has no multi-vectors") as raised:
        asyncio.run(rerank(service, Text("0"), [Text("0")]))
    assert raised.value.status == 400
    assert service.asked == []


def test_waiting_together_keeps_the_order() -> None:
    async def after(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(together(map(after, (5, 0, 3)))) == [5, 0, 3]
    assert asyncio.run(together(map(after, ()))) == []


def test_a_query_is_embedded_once() -> None:
    service = FakeService(of_text)

    async def ask() -> Any:
        queries = QueryVectors(service, size=2)

        async def get(text: str) -> Embedding:
            return await queries.get(Text(text), Task.RETRIEVAL_QUERY)

        at_once = await together([get("1"), get("1"), get("2")])
        assert at_once[0] is at_once[1]
        assert len(service.asked) == 2
        assert await get("1") is at_once[0]
        await get("3")  # now two are kept: "2" was not asked for the longest
        assert len(service.asked) == 3
        await get("1")
        assert len(service.asked) == 3
        await get("2")
        assert len(service.asked) == 4
        await queries.get(Text("2"), Task.CODE_QUERY)
        assert len(service.asked) == 5

    asyncio.run(ask())


def test_a_long_query_is_not_kept() -> None:
    service = FakeService(lambda _: np.ones((1, 2), np.float32))

    async def ask() -> None:
        queries = QueryVectors(service)
        for _ in range(2):
            await queries.get(Text("long " * 500), Task.RETRIEVAL_QUERY, truncate=True)

    asyncio.run(ask())
    assert [each.truncate for each in service.asked] == [True, True]


def test_a_query_that_failed_is_asked_again() -> None:
    failures = [RefusedError(429, "busy", INVALID)]

    async def before(_: EmbedRequest) -> None:
        if failures:
            raise failures.pop()

    async def ask() -> None:
        queries = QueryVectors(FakeService(of_text, before))
        with pytest.raises(RefusedError, match="busy"):
            await queries.get(Text("1"), Task.RETRIEVAL_QUERY)
        assert await queries.get(Text("1"), Task.RETRIEVAL_QUERY)

    asyncio.run(ask())


def test_who_hangs_up_leaves_the_others_their_query() -> None:
    async def ask() -> None:
        go = asyncio.Event()
        queries = QueryVectors(FakeService(of_text, lambda _: go.wait()))
        first, second = (
            asyncio.create_task(queries.get(Text("1"), Task.RETRIEVAL_QUERY)) for _ in range(2)
        )
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        go.set()
        assert (await second).tokens == 1
        assert first.cancelled()

    asyncio.run(ask())


def test_a_query_that_nobody_waits_for_is_not_embedded() -> None:
    ended: list[EmbedRequest] = []

    async def before(request: EmbedRequest) -> None:
        try:
            await go.wait()
        except asyncio.CancelledError:
            ended.append(request)
            # As where a queue is told: it takes a turn or two.
            await asyncio.sleep(0)
            raise

    async def ask() -> None:
        service = FakeService(of_text, before)
        queries = QueryVectors(service)

        def waiting() -> asyncio.Task[Embedding]:
            return asyncio.create_task(queries.get(Text("1"), Task.RETRIEVAL_QUERY))

        gone = [waiting(), waiting()]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for each in gone:
            each.cancel()
        await asyncio.sleep(0)
        # Another begins anew, whatever the first one is at.
        other = waiting()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert ended == service.asked[:1]
        go.set()
        assert (await other).tokens == 1
        assert len(service.asked) == 2
        await waiting()
        assert len(service.asked) == 2

    go = asyncio.Event()
    asyncio.run(ask())
