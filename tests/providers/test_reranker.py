"""The hosted reranker against the stub, over a real socket."""

import asyncio
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from es_jina import AsyncHostedReranker, HostedReranker
from es_jina.errors import ItemError, ProviderError, RequestError
from es_jina.inputs import Image, Input, Text
from es_jina.providers.base import Ranked
from es_jina.providers.hosted_rerankers import hosted_reranker
from es_jina.providers.payload import Item
from es_jina.providers.rerank_call import RerankRequest
from es_jina.testing import Faults, StubApi, StubLimits, check_request, relevance, unavailable

QUERY = Text("how often does the filter need cleaning")


@pytest.fixture
def api() -> Iterator[StubApi]:
    with StubApi() as running:
        yield running


def reranker(api: StubApi, **options: Any) -> HostedReranker:
    return HostedReranker(api.key, base_url=api.url, **options)


def texts(count: int, size: int = 200) -> list[Text]:
    return [Text(f"document {number} ".ljust(size, ".")) for number in range(count)]


def expected(documents: list[Text]) -> list[tuple[int, float]]:
    scores = [relevance(QUERY.text, document.text) for document in documents]
    return sorted(enumerate(scores), key=lambda pair: -pair[1])


def told(ranked: list[Ranked]) -> list[tuple[int, float]]:
    return [(each.index, each.score) for each in ranked]


def picture(width: int, height: int, colour: str = "teal") -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_best_comes_first(api: StubApi) -> None:
    documents = texts(7)
    with reranker(api) as opened:
        assert told(opened.rerank(QUERY, documents)) == expected(documents)
        assert told(opened.rerank(QUERY, documents, top_n=3)) == expected(documents)[:3]
        assert opened.rerank(QUERY, []) == []
        assert opened.usage.requests == 2
        assert opened.usage.tokens == api.billed_tokens
        assert (
            repr(opened) == f"HostedReranker({api.url.removeprefix('http://')}, jina-reranker-m0)"
        )
    body = api.bodies[0]
    check_request(body)
    assert (body["query"], body["return_documents"]) == (QUERY.text, False)


def test_it_is_the_same_in_an_event_loop(api: StubApi) -> None:
    documents = texts(5)

    async def ask() -> list[Ranked]:
        async with AsyncHostedReranker(api.key, base_url=api.url) as opened:
            return await opened.rerank(QUERY, documents)

    assert told(asyncio.run(ask())) == expected(documents)


def test_texts_and_pictures_in_any_mixture(api: StubApi, tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(picture(300, 200))
    address = "https://example.org/beach.jpg"
    documents: list[Input] = [
        Image(tmp_path / "small.png"),
        Text("words"),
        Image(address),
        Image(picture(3000, 2000, "navy")),
    ]
    with reranker(api) as opened:
        ranked = opened.rerank(Image(picture(100, 100)), documents)
    assert sorted(each.index for each in ranked) == [0, 1, 2, 3]
    assert all(each.error is None for each in ranked)
    sent = [document for body in api.bodies for document in body["documents"]]
    assert {"image": address} in sent
    assert {"text": "words"} in sent
    assert all(body["query"].keys() == {"image"} for body in api.bodies)
    # The large one is scaled down to what the model looks at: 768 tiles of 28 x 28 pixels.
    assert opened.usage.tokens < 4 * 10 * (16 + 800) + 1000


def test_many_documents_are_parted_and_merged(api: StubApi) -> None:
    documents = texts(1200, 300)
    with reranker(api) as opened:
        assert told(opened.rerank(QUERY, documents)) == expected(documents)
    assert len(api.bodies) > 3
    assert max(len(body["documents"]) for body in api.bodies) <= 512


def test_all_come_through_while_the_service_fails_now_and_then() -> None:
    documents = texts(600, 700)
    limits = StubLimits(concurrency=3)
    with StubApi(faults=Faults(rate=0.05), limits=limits) as api, reranker(api) as opened:
        for _ in range(3):
            assert told(opened.rerank(QUERY, documents)) == expected(documents)


def test_what_cannot_be_read_fails_alone_and_is_told(api: StubApi, tmp_path: Path) -> None:
    (tmp_path / "none.png").write_bytes(b"no picture")
    api.refuses = lambda item: "Failed to encode text" if "evil" in item.get("text", "") else None
    documents: list[Input] = [Image(tmp_path / "none.png"), *texts(4), Text("evil"), Text("\ud800")]
    with reranker(api) as opened:
        ranked = opened.rerank(QUERY, documents, top_n=2)
    assert [each.index for each in ranked[2:]] == [0, 5, 6]
    reasons = [str(each.error) for each in ranked[2:]]
    assert "picture" in reasons[0]
    assert "refused this input (400): Failed to encode text" in reasons[1]
    assert "not Unicode" in reasons[2]
    assert all(each.error is None and each.score > 0 for each in ranked[:2])


def test_a_document_that_is_too_long(api: StubApi) -> None:
    documents = [Text("short"), Text("long " * 20_000)]
    with reranker(api) as opened:
        best, failed = opened.rerank(QUERY, documents)
        assert (best.index, failed.index) == (0, 1)
        assert "maximum of 10240 tokens" in str(failed.error)
        assert "--provider local" not in str(failed.error)
        assert all(each.error is None for each in opened.rerank(QUERY, documents, truncate=True))


def test_a_query_that_cannot_be_read(api: StubApi) -> None:
    with reranker(api) as opened, pytest.raises(ItemError, match="picture"):
        opened.rerank(Image(b"none"), texts(2))
    assert api.requests == []


def test_a_wrong_key_ends_it_at_once(api: StubApi) -> None:
    key = "jina_wrong"
    with HostedReranker(key, base_url=api.url) as opened:
        with pytest.raises(ProviderError, match=r"401.*JINA_API_KEY") as caught:
            opened.rerank(QUERY, texts(3))
        assert key not in str(caught.value)
    assert [seen.status for seen in api.requests] == [401]


def test_no_key_for_the_hosted_api(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JINA_API_KEY", "JINA_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ProviderError, match="no API key") as caught:
        HostedReranker()
    assert "--provider local" not in str(caught.value)


def test_patience_ends(api: StubApi) -> None:
    api.queue(*[unavailable()] * 20)
    started = time.monotonic()
    with reranker(api, patience=0.6) as opened, pytest.raises(ProviderError, match="503") as caught:
        opened.rerank(QUERY, texts(1))
    assert caught.value.passing
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"query": "words", "documents": []}, "input 0 is a str: wrap it"),
        ({"query": QUERY, "documents": ["words"]}, "input 0 is a str: wrap it"),
        ({"query": QUERY, "documents": [], "top_n": 0}, "top_n is 0"),
    ],
)
def test_what_cannot_be_asked(api: StubApi, options: dict[str, Any], message: str) -> None:
    with reranker(api) as opened, pytest.raises(RequestError, match=message):
        opened.rerank(**options)


def test_models(api: StubApi) -> None:
    with pytest.raises(RequestError, match="jina-reranker-m0, jina-reranker-v3"):
        HostedReranker("jina_key", model="bge")
    assert reranker(api, model="ours").model.name == "jinaai/jina-reranker-m0"
    with HostedReranker("jina_key", model="jinaai/jina-reranker-v3") as opened:
        assert opened.model.name == "jinaai/jina-reranker-v3"
        # It reads no pictures, so nothing is sent.
        (failed,) = opened.rerank(QUERY, [Image(picture(30, 30))])
        assert "reads no images" in str(failed.error)


def test_after_closing(api: StubApi) -> None:
    opened = reranker(api)
    opened.close()
    with pytest.raises(RequestError, match="closed"):
        opened.rerank(QUERY, texts(1))


def drop(reply: dict[str, Any]) -> None:
    reply["results"].pop()


def repeat(reply: dict[str, Any]) -> None:
    reply["results"][0]["index"] = reply["results"][1]["index"]


def beyond(reply: dict[str, Any]) -> None:
    reply["results"][0]["index"] = 99


@pytest.mark.parametrize("change", [drop, repeat, beyond])
def test_an_answer_to_something_else_is_refused(api: StubApi, change: Any) -> None:
    api.change = change
    with reranker(api) as opened, pytest.raises(ProviderError, match="does not fit the request"):
        opened.rerank(QUERY, texts(3))
    assert len(api.requests) == 3


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (None, "no list `results` in it"),
        ([], "no list `results` in it"),
        ({}, "no list `results` in it"),
        ({"results": None}, "no list `results` in it"),
        ({"results": {"index": 0}}, "no list `results` in it"),
        ({"results": [[0, 0.5]]}, "an entry of `results` that is no object"),
        ({"results": [{"relevance_score": 0.5}]}, "the index None is of no document"),
        ({"results": [{"index": "0", "relevance_score": 1}]}, "the index '0' is of no document"),
        ({"results": [{"index": 0}]}, "a result without `relevance_score`"),
        ({"results": []}, "0 results for 1 documents"),
    ],
)
def test_what_is_wrong_with_an_answer_is_named(reply: Any, said: str) -> None:
    request = RerankRequest(hosted_reranker("jina-reranker-m0"), "x", Item(0, {"text": "q"}), False)
    with pytest.raises(ValueError, match=said) as caught:
        request.read([Item(0, {"text": "d"})], reply)
    assert "\n" not in str(caught.value)


def test_a_score_that_is_none_fails_alone(api: StubApi) -> None:
    def change(reply: dict[str, Any]) -> None:
        reply["results"][1]["relevance_score"] = None

    api.change = change
    with reranker(api) as opened:
        *best, failed = opened.rerank(QUERY, texts(3))
    assert len(best) == 2
    assert "no number" in str(failed.error)


@given(st.permutations(range(6)), st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_scores_find_their_documents(order: list[int], scores: list[float]) -> None:
    request = RerankRequest(hosted_reranker("jina-reranker-m0"), "x", Item(0, {"text": "q"}), False)
    batch = [Item(position, {"text": str(position)}) for position in range(6)]
    results = [{"index": index, "relevance_score": scores[index]} for index in order]
    assert request.read(batch, {"results": results}) == (scores, None)
