"""What the service refuses or fails at is parted, until culprits stand alone and fail alone."""

import threading
import time
from collections.abc import Iterator

import pytest

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, ProviderError, TooLongError, UnsentError
from es_jina.inputs import Image, Text
from es_jina.providers import http, patience
from es_jina.providers.base import Want
from es_jina.providers.hosted import HostedProvider
from es_jina.testing import (
    Cut,
    Fault,
    Faults,
    HangUp,
    Slow,
    StubApi,
    StubLimits,
    flat,
    internal_error,
    invalid,
    page,
    timed_out,
    unavailable,
)
from es_jina.testing.answers import RefusedError

from .asking import (
    BOTH,
    TASK,
    assert_multis,
    assert_singles,
    failure,
    failures,
    picture,
    sizes,
    statuses,
    texts,
)

pytestmark = pytest.mark.usefixtures("quick")


def fails(item: dict[str, str]) -> str | None:
    """Say that the service breaks at one text."""
    if item.get("text") == "poison":
        raise RefusedError(internal_error())
    return None


def test_a_text_above_the_token_limit_goes_alone_and_fails_alone(
    api: StubApi, hosted: HostedProvider
) -> None:
    results = hosted.embed([Text("a"), Text("long " * 40_000), Text("b")], TASK, Want.SINGLE)
    assert [type(result) for result in results] == [Embedding, TooLongError, Embedding]
    assert "maximum of 32768 tokens" in failure(results[1])
    assert "the model reads no more: cut it into parts, or truncate it" in failure(results[1])
    assert sorted(sizes(api)) == [1, 1, 1]


@pytest.fixture
def narrow() -> Iterator[StubApi]:
    """The limit of an account that is below that of the model."""
    with StubApi(limits=StubLimits(item_tokens=8194)) as running:
        yield running


def test_the_api_s_own_limit_is_told_apart_from_the_model_s(narrow: StubApi) -> None:
    with HostedProvider(narrow.key, base_url=narrow.url) as provider:
        results = provider.embed([*texts(4), Text("word " * 8000), *texts(4)], TASK, BOTH)
    assert failures(results) == [4]
    told = failure(results[4])
    assert "maximum of 8194 tokens" in told
    assert "the model reads 32,768 tokens where you run it yourself (--provider local)" in told


def test_a_refused_batch_is_halved_until_the_culprits_stand_alone(
    api: StubApi, hosted: HostedProvider
) -> None:
    api.refuses = lambda item: "Failed to encode text" if item["text"] in {"3", "9"} else None
    results = hosted.embed([Text(str(number)) for number in range(16)], TASK, BOTH)
    assert failures(results) == [3, 9]
    assert failure(results[3]) == "the API refused this input (400): Failed to encode text"
    good = [number for number in range(16) if number not in {3, 9}]
    assert_singles([results[number] for number in good], map(str, good))
    assert_multis([results[number] for number in good], map(str, good))


def test_a_refused_request_is_not_sent_again_as_it_is(api: StubApi, hosted: HostedProvider) -> None:
    api.refuses = lambda item: "Failed to encode text" if item["text"] == "text 5" else None
    hosted.embed(texts(8), TASK, Want.SINGLE)
    sent = [seen.content for seen in api.requests]
    assert len(sent) == len(set(sent))


def test_a_batch_that_is_too_large_after_all_is_halved(
    api: StubApi, hosted: HostedProvider
) -> None:
    api.queue(flat(413, None, "Too large."))
    assert failures(hosted.embed(texts(6), TASK, Want.SINGLE)) == []
    assert sizes(api) == [3, 3]


def test_a_picture_that_the_api_finds_too_large_fails_alone() -> None:
    with (
        StubApi(limits=StubLimits(image_bytes=2000)) as api,
        HostedProvider(api.key, base_url=api.url) as provider,
    ):
        pictures = [picture(40, 40), picture(100, 100, noise=True), picture(50, 50)]
        results = provider.embed([Image(each) for each in pictures], TASK, Want.SINGLE)
    assert failures(results) == [1]
    assert "Image exceeds the maximum" in failure(results[1])


def test_a_model_that_the_api_lacks_is_no_items_fault(api: StubApi) -> None:
    with (
        HostedProvider(api.key, base_url=api.url, model="jina-none") as provider,
        pytest.raises(ProviderError, match="INPUT_MODEL_NOT_FOUND") as caught,
    ):
        provider.embed(texts(2), TASK, Want.SINGLE)
    assert caught.value.passing is False
    assert len(api.requests) == 1


@pytest.mark.parametrize("field", ["task", "dimensions", "embedding_type", "model"])
def test_a_field_that_all_have_in_common_is_no_items_fault(
    api: StubApi, hosted: HostedProvider, field: str
) -> None:
    api.queue(invalid(f"body -> jina-embeddings-v4 -> {field}", "is not for you"))
    with pytest.raises(ProviderError, match="is not for you"):
        hosted.embed(texts(4), TASK, Want.SINGLE, dimensions=256)
    assert len(api.requests) == 1


@pytest.mark.parametrize(("at", "want"), [(0, BOTH), (6, Want.SINGLE), (15, BOTH)])
def test_an_item_that_breaks_the_service_fails_alone(
    api: StubApi, hosted: HostedProvider, at: int, want: Want
) -> None:
    api.refuses = fails
    inputs = texts(16)
    inputs[at] = Text("poison")
    results = hosted.embed(inputs, TASK, want)
    assert failures(results) == [at]
    assert "failed on this input, not on others" in failure(results[at])
    assert "answered 500 (INTERNAL_ERROR)" in failure(results[at])


def test_a_lonely_item_that_breaks_the_service_is_tried_to_the_end(api: StubApi) -> None:
    """Nothing tells it from a service that is down."""
    api.refuses = fails
    with (
        HostedProvider(api.key, base_url=api.url, patience=0.3) as provider,
        pytest.raises(ProviderError, match="500") as caught,
    ):
        provider.embed([Text("poison")], TASK, Want.SINGLE)
    assert caught.value.passing
    assert len(api.requests) > 3


@pytest.mark.parametrize(
    "fault",
    [internal_error(), unavailable(), timed_out(), HangUp()],
    ids=["500", "503", "504", "dropped"],
)
def test_a_service_that_is_down_ends_the_call_in_time(fault: Fault) -> None:
    with (
        StubApi(faults=Faults(rate=1, kinds=[fault])) as api,
        HostedProvider(api.key, base_url=api.url, patience=0.4) as provider,
    ):
        began = time.monotonic()
        with pytest.raises(ProviderError, match=r"^127\.0\.0\.1") as caught:
            provider.embed(texts(1500), TASK, Want.SINGLE)
        assert time.monotonic() - began < 3
        assert caught.value.passing
        last = max(seen.at for seen in api.requests) - min(seen.at for seen in api.requests)
        assert 0.05 < last < 0.8  # no attempt begins later


def test_a_service_that_is_down_is_asked_for_one_thing_at_a_time(api: StubApi) -> None:
    """However many requests had been in flight when it broke."""
    at_once, seen, lock = 0, list[int](), threading.Lock()

    def breaks(item: dict[str, str]) -> str | None:
        nonlocal at_once
        with lock:
            at_once += 1
            seen.append(at_once)
        time.sleep(0.005)
        with lock:
            at_once -= 1
        raise RefusedError(internal_error())

    with HostedProvider(api.key, base_url=api.url, patience=0.6) as provider:
        inputs = [Text("word " * 4000)] * 40
        assert failures(provider.embed(inputs, TASK, Want.SINGLE)) == []
        api.refuses = breaks
        with pytest.raises(ProviderError, match="500"):
            provider.embed(inputs, TASK, BOTH)
    assert max(seen) > 2
    assert max(seen[-10:]) == 1


def test_a_network_that_goes_away_is_no_item_s_fault() -> None:
    """One answer comes behind the first failure."""
    with (
        StubApi(faults=Faults(rate=1, kinds=[HangUp()])) as api,
        HostedProvider(api.key, base_url=api.url, patience=0.8) as provider,
    ):
        api.queue(Slow(0.03))
        results = provider.embed([Text("word " * 12_000)] * 2, TASK, Want.SINGLE)
    # What was answered is kept; the other says why it was not.
    [unsent] = [each for each in results if not isinstance(each, Embedding)]
    assert isinstance(unsent, UnsentError)
    assert isinstance(unsent.cause, ProviderError)
    assert unsent.cause.passing
    assert "cannot be reached" in str(unsent)


def test_a_balance_that_ends_keeps_what_was_answered(api: StubApi) -> None:
    texts = [Text(f"{number} " + "word " * 1000) for number in range(60)]
    with (
        StubApi(balance=30_000, limits=StubLimits(concurrency=4), service_seconds=0.05) as poor,
        HostedProvider(poor.key, base_url=poor.url) as provider,
    ):
        results = provider.embed(texts, TASK, Want.SINGLE)
        usage = provider.usage
        billed = poor.billed_tokens
    unsent = [each for each in results if isinstance(each, UnsentError)]
    assert 0 < len(unsent) < len(texts)
    assert {type(each) for each in results} == {Embedding, UnsentError}
    assert "answered 403 (AUTHZ_INSUFFICIENT_BALANCE)" in str(unsent[0].cause)
    assert usage.tokens == billed


@pytest.mark.parametrize("fault", [HangUp(), unavailable(), page(502)])
def test_an_item_that_breaks_connections_fails_alone(
    fault: Fault, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does a worker that runs out of memory behind a gateway."""

    class Poisoned(Faults):
        def drawn(self, number: int) -> Fault | None:
            return fault if b'"item 7"' in api.requests[number].content else None

    with (
        StubApi(faults=Poisoned()) as api,
        HostedProvider(api.key, base_url=api.url, patience=5) as provider,
    ):
        texts = [f"item {number}" for number in range(700)]
        results = provider.embed([Text(text) for text in texts], TASK, Want.SINGLE)
    failed = [at for at, each in enumerate(results) if isinstance(each, ItemError)]
    assert failed == [7]
    assert "the API failed on this input, not on others" in str(results[7])


def test_a_service_that_takes_nothing_ends_the_call(api: StubApi, hosted: HostedProvider) -> None:
    api.refuses = lambda item: "no handler found for uri"
    with pytest.raises(ProviderError, match="requests were refused, one after the other, and none"):
        hosted.embed([Text(str(number)) for number in range(1000)], TASK, Want.SINGLE)
    assert len(api.requests) < 200


def test_an_outage_is_survived(api: StubApi, hosted: HostedProvider) -> None:
    api.queue(*[internal_error()] * 30)
    results = hosted.embed([Text(f"text {number}") for number in range(1500)], TASK, Want.SINGLE)
    assert_singles(results, [f"text {number}" for number in range(1500)])
    # Not all of it was parted down to single items.
    assert statuses(api).count(200) < 40


def test_busy_and_dropped_connections_are_survived(api: StubApi, hosted: HostedProvider) -> None:
    api.queue(unavailable(), HangUp(), internal_error(), timed_out(), Slow(0.05))
    assert_singles(hosted.embed([Text("a")], TASK, Want.SINGLE), ["a"])
    assert statuses(api) == [503, None, 500, 504, 200]


def test_no_patience(api: StubApi) -> None:
    api.queue(unavailable())
    with (
        HostedProvider(api.key, base_url=api.url, patience=0) as provider,
        pytest.raises(ProviderError, match="503") as caught,
    ):
        provider.embed([Text("a")], TASK, Want.SINGLE)
    assert caught.value.passing
    assert statuses(api) == [503]


def test_a_silent_service_is_asked_in_parts(api: StubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is silent for long may be too much for it."""
    monkeypatch.setattr(http, "READ_SECONDS", 0.2)
    api.queue(*[Slow(0.5)] * patience.STUBBORN_TRIES)
    with HostedProvider(api.key, base_url=api.url) as provider:
        assert_singles(provider.embed(texts(2), TASK, Want.SINGLE), ["text 0", "text 1"])
    assert sizes(api)[-2:] == [1, 1]


def test_many_items_arrive_complete_and_in_order_whatever_happens() -> None:
    inputs = [
        Image(picture(30 + number % 40, 30)) if number % 20 == 0 else Text(f"text {number}")
        for number in range(2000)
    ]
    kinds = (internal_error(), unavailable(), timed_out(), page(), HangUp(), Cut(), Slow(0.01))
    with (
        # Small requests, so that there are many.
        StubApi(limits=StubLimits(items=16), faults=Faults(rate=0.05, seed=1, kinds=kinds)) as api,
        HostedProvider(api.key, base_url=api.url) as provider,
    ):
        results = provider.embed(inputs, TASK, BOTH)
        assert failures(results) == []
        assert sum(status != 200 for status in statuses(api)) > 5
    at = [number for number in range(2000) if number % 20]
    assert_singles([results[number] for number in at], [f"text {number}" for number in at])
    assert_multis([results[number] for number in at], [f"text {number}" for number in at])
