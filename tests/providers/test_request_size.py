"""What goes into one request: below all limits, and learned from what comes back."""

from collections.abc import AsyncIterator
from itertools import pairwise
from math import inf

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.inputs import Image, Text
from es_jina.providers import request_size
from es_jina.providers.base import Want
from es_jina.providers.hosted import HostedProvider
from es_jina.providers.payload import Item
from es_jina.providers.request_size import RequestSize, TokenScale
from es_jina.testing import StubApi, StubLimits, flat, tokens_of

from .asking import BOTH, TASK, failures, file_bytes, picture, sizes, statuses, texts


def text(size: int) -> Item:
    return Item(0, {"text": ""}, text_bytes=size)


def image(tiles: int, size: int = 0) -> Item:
    return Item(0, {"image": ""}, tiles=tiles, image_bytes=size)


ITEMS = st.lists(
    st.integers(1, 100_000).map(text)
    | st.builds(image, st.integers(1, 4000), st.integers(0, 9_000_000)),
    max_size=60,
)


def batched(size: RequestSize, items: list[Item], most: float = inf) -> list[list[Item]]:
    async def given_items() -> AsyncIterator[Item]:
        for item in items:
            yield item

    async def collected() -> list[list[Item]]:
        return [batch async for batch in size.batches(given_items(), lambda tokens: tokens > most)]

    return anyio.run(collected)


@given(items=ITEMS, multi=st.booleans(), plain=st.booleans(), most=st.integers(0, 50_000))
def test_requests_keep_the_order_and_all_limits(
    items: list[Item], multi: bool, plain: bool, most: int
) -> None:
    scale = TokenScale(10)
    batches = batched(RequestSize(scale, multi=multi, plain=plain), items, most)
    assert [item for batch in batches for item in batch] == items
    for batch in batches:
        assert batch
        if len(batch) > 1:
            assert sum(map(scale.tokens, batch)) <= min(29_999, most)
            assert sum(item.image_bytes for item in batch) < 8_000_000


@given(items=ITEMS)
def test_requests_are_no_smaller_than_they_must_be(items: list[Item]) -> None:
    scale = TokenScale(10)
    batches = batched(RequestSize(scale, multi=False, plain=False), items)
    for batch, following in pairwise(batches):
        together = [*batch, following[0]]
        assert (
            sum(map(scale.tokens, together)) >= 30_000
            or sum(item.image_bytes for item in together) >= 8_000_000
            or len(together) > 512
        )


def test_answers_stay_below_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_size, "MAX_REPLY_BYTES", 1_000_000)
    for multi, plain, most in ((False, False, 90), (False, True, 22), (True, False, 102)):
        size = RequestSize(TokenScale(10), multi=multi, plain=plain)
        assert len(batched(size, [text(6)] * 200)[0]) == most


def test_the_scale_jumps_up_and_sinks_slowly() -> None:
    scale, item = TokenScale(10), text(2000)
    scale.learn([item], 2 * item.tokens)
    assert scale.tokens(item) == 2 * item.tokens
    scale.learn([item], item.tokens // 2)
    assert 1.8 * item.tokens < scale.tokens(item) < 2 * item.tokens
    for _ in range(500):
        scale.learn([item], item.tokens // 2)
    assert scale.tokens(item) == pytest.approx(item.tokens / 2, rel=0.01)
    assert scale.most(item) == pytest.approx(2 * item.tokens, abs=1)


def test_pictures_and_texts_are_learned_apart() -> None:
    scale = TokenScale(10)
    scale.learn([image(100)], 400)
    scale.learn([image(100), text(100)], 10**9)  # this tells of neither
    assert 900 < scale.tokens(image(100)) < 1000
    assert scale.tokens(text(100)) == 61


@given(counts=st.lists(st.integers(1, 10**6), max_size=20), size=st.integers(0, 10**6))
def test_an_item_never_counts_nothing(counts: list[int], size: int) -> None:
    scale = TokenScale(0)
    for counted in counts:
        scale.learn([text(1000)], counted)
    assert 1 <= scale.tokens(text(size)) <= scale.most(text(size))


@given(size=st.integers(0, 10**5), prompt=st.integers(0, 11), tiles=st.integers(1, 4000))
def test_no_item_counts_more_than_its_most(size: int, prompt: int, tiles: int) -> None:
    """A text of digits counts one token a byte."""
    scale = TokenScale(10)
    scale.learn([text(1000)], 200)  # prose
    scale.learn([image(100)], 400)
    assert scale.most(text(size)) >= size + prompt
    assert scale.most(image(tiles)) >= 10 * tiles + prompt


def test_the_most_is_raised_where_the_api_counts_more() -> None:
    scale = TokenScale(10)
    scale.learn([text(89)], 300)
    assert scale.most(text(89)) == 300
    scale.learn([image(10)], 200)
    assert scale.most(image(10)) >= 200


@pytest.mark.parametrize(
    ("status", "said", "largest"),
    [
        (422, "Each input list can contain at most 7 items..", 7),
        (400, "input length is larger than the largest allowed size 2", 2),
        (400, "maximum of 8194 tokens", 6),  # less than 0.7 of what was refused
        (413, "Too large.", 6),
        (400, "Failed to encode text", 20),
        (422, "Input can have at most 100 tokens", 6),
        (422, "List should have at most 3 items after validation, not 10", 3),
        (400, "at most 4 inputs", 4),
        (422, "batch size 10 > maximum allowed batch size 5", 5),
        (400, "Image must be at most 5 MB", 20),
        (400, "A document has at most 1 page", 20),
        (400, "The image is above the largest allowed size 2 MB", 20),
    ],
)
def test_a_refusal_teaches_what_it_speaks_of(status: int, said: str, largest: int) -> None:
    items = [image(10, 1000)] * 10
    size = RequestSize(TokenScale(10), multi=False, plain=False)
    size.refused(items, status, said)
    assert len(batched(size, items * 2)[0]) == largest


def test_what_was_learned_is_tried_again_slowly() -> None:
    items = [text(2000)] * 20
    size = RequestSize(TokenScale(10), multi=False, plain=False)
    size.refused(items, 400, "too many tokens")
    assert len(batched(size, items)[0]) == 13
    for _ in range(10):
        size.answered(items[:5])
    assert len(batched(size, items)[0]) == 13
    for _ in range(10):
        size.answered(items[:13])
    assert len(batched(size, items)[0]) == 17
    for _ in range(100):
        size.answered(items)
    assert len(batched(size, items * 9)[0]) == 29  # and no further


def test_texts_that_are_too_large_together_are_sent_in_smaller_requests_for_a_while() -> None:
    items = [text(2000)] * 20
    size = RequestSize(TokenScale(10), multi=False, plain=False)
    size.refused(items, 413, "Too large.")
    assert len(batched(size, items)[0]) == 13
    for _ in range(100):
        size.answered(items[:13])
    assert len(batched(size, items)[0]) == 20


def test_a_limit_of_bytes_is_not_below_one_image_and_is_tried_again() -> None:
    items = [image(10, 1_000_000), image(10, 1)]
    size = RequestSize(TokenScale(10), multi=False, plain=False)
    for _ in range(9):
        size.refused(items, 413, "Too large.")
    small = [image(10, 100_000)] * 60
    assert len(batched(size, small)[0]) == 9
    for _ in range(200):
        size.answered(small[:9])
    assert len(batched(size, small)[0]) > 9


def test_a_named_number_of_items_is_final() -> None:
    size = RequestSize(TokenScale(10), multi=False, plain=False)
    size.refused([text(1)] * 10, 422, "at most 7 items")
    for _ in range(100):
        size.answered([text(1)] * 7)
    assert len(batched(size, [text(1)] * 20)[0]) == 7
    assert [len(part) for part in size.parts([text(1)] * 20)] == [7, 7, 6]


def test_at_most_512_items_in_a_request(api: StubApi, hosted: HostedProvider) -> None:
    hosted.embed(texts(1100), TASK, Want.SINGLE)
    assert sorted(sizes(api)) == [76, 512, 512]


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_a_lower_number_of_items_is_learned(limit: int) -> None:
    with (
        StubApi(limits=StubLimits(items=limit)) as api,
        HostedProvider(api.key, base_url=api.url) as provider,
    ):
        for want in (Want.SINGLE, BOTH, Want.SINGLE):
            assert failures(provider.embed(texts(40), TASK, want)) == []
        assert statuses(api).count(422) <= 3  # each mixture of kinds learns by itself
        assert max(sizes(api)[-2:]) <= limit


def test_requests_stay_below_the_tokens_that_the_api_takes(
    api: StubApi, hosted: HostedProvider
) -> None:
    hosted.embed([Text("word " * 2000)] * 12, TASK, Want.SINGLE)
    for body in api.bodies:
        assert sum(tokens_of(item).read for item in body["input"]) < 32_000
    assert statuses(api).count(400) == 0
    assert max(sizes(api)) >= 5


def test_requests_grow_once_estimates_are_known_to_be_too_high(
    api: StubApi, hosted: HostedProvider
) -> None:
    """Two bytes are taken for a token at first; the stub counts four."""
    for _ in range(30):
        hosted.embed([Text("word " * 2000)] * 5, TASK, Want.SINGLE)
    before = len(api.requests)
    hosted.embed([Text("word " * 2000)] * 22, TASK, Want.SINGLE)
    assert sorted(sizes(api)[before:]) == [11, 11]


def test_texts_that_count_more_than_they_seem_to_are_parted() -> None:
    with (
        StubApi(limits=StubLimits(tokens_per_request=4000)) as api,
        HostedProvider(api.key, base_url=api.url) as provider,
    ):
        for _ in range(4):
            before = len(api.requests)
            assert failures(provider.embed([Text("word " * 500)] * 60, TASK, Want.SINGLE)) == []
        # What is in flight when the limit is tried again is refused together.
        last = statuses(api)[before:]
        assert last.count(400) < last.count(200)


def test_images_count_as_their_tiles(api: StubApi, hosted: HostedProvider) -> None:
    hosted.embed([Image(picture(896, 672))] * 8, TASK, Want.SINGLE)
    assert sorted(sizes(api)) == [2, 3, 3]


def test_uploads_stay_below_8_mb(api: StubApi, hosted: HostedProvider) -> None:
    """A file that fits is not made smaller in bytes."""
    data = file_bytes(picture(560, 560, noise=True), compress_level=0)
    hosted.embed([Image(data)] * 14, TASK, Want.SINGLE)
    for seen in api.requests:
        assert len(seen.content) < 8_001_000
    assert sum(sizes(api)) == 14


def test_a_byte_limit_is_learned(api: StubApi, hosted: HostedProvider) -> None:
    pictures = [Image(picture(100, 100, noise=True))] * 4
    api.queue(flat(413, None, "Too large."))
    assert failures(hosted.embed(pictures, TASK, Want.SINGLE)) == []
    hosted.embed(pictures, TASK, Want.SINGLE)
    assert sorted(sizes(api)) == [2, 2, 2, 2]
