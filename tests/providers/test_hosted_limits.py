"""Limits of the service, found while it keeps them: everything arrives, and few are refused."""

from typing import Literal

import pytest

from es_jina.inputs import Text
from es_jina.providers import limits
from es_jina.providers.base import Want
from es_jina.providers.hosted import HostedProvider
from es_jina.testing import StubApi, StubLimits, token_limit

from .asking import TASK, assert_singles, failures, statuses, texts

pytestmark = pytest.mark.usefixtures("quick")

MINUTE = 0.3


@pytest.fixture(autouse=True)
def short_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SPAN_SECONDS", MINUTE)


def large(count: int) -> list[Text]:
    """Texts that go alone."""
    return [Text(f"{number} " + "word " * 12_000) for number in range(count)]


@pytest.mark.parametrize("concurrency", [1, 5])
def test_the_requests_in_flight_are_as_many_as_may_be(concurrency: int) -> None:
    with (
        # Much longer than a busy machine takes to tell the client.
        StubApi(limits=StubLimits(concurrency=concurrency), service_seconds=0.05) as api,
        HostedProvider(api.key, base_url=api.url) as provider,
    ):
        results = provider.embed(large(20 * concurrency), TASK, Want.SINGLE)
        assert failures(results) == []
        # Those that were turned away are counted.
        assert concurrency <= api.most_in_flight <= 2 + 2 * concurrency
        later = statuses(api)[len(api.requests) // 2 :]
        assert later.count(429) < len(later) / 4


@pytest.mark.parametrize(
    ("window", "headers"), [("sliding", True), ("sliding", False), ("fixed", True)]
)
@pytest.mark.parametrize(
    ("requests", "tokens"), [(10, None), (None, 130_000)], ids=["requests", "tokens"]
)
def test_what_is_too_much_for_a_minute_arrives_in_the_next(
    requests: int | None, tokens: int | None, window: Literal["sliding", "fixed"], headers: bool
) -> None:
    kept = StubLimits(
        requests_per_minute=requests,
        tokens_per_minute=tokens,
        window=window,
        headers=headers,
        window_seconds=MINUTE,
    )
    with (
        StubApi(limits=kept) as api,
        HostedProvider(api.key, base_url=api.url) as provider,
    ):
        results = provider.embed(large(25), TASK, Want.SINGLE)
        assert failures(results) == []
        # The service counts a request later than it was sent: much later, for such a minute.
        assert statuses(api).count(429) < 25


def test_a_request_above_the_tokens_of_a_minute_is_parted() -> None:
    kept = StubLimits(tokens_per_minute=1500, headers=False, window_seconds=MINUTE)
    with (
        StubApi(limits=kept) as api,
        HostedProvider(api.key, base_url=api.url) as provider,
    ):
        results = provider.embed([Text("word " * 40)] * 50, TASK, Want.SINGLE)
        assert_singles(results, ["word " * 40] * 50)


def test_a_limit_pauses_as_long_as_the_service_asks(api: StubApi, hosted: HostedProvider) -> None:
    api.queue(token_limit(retry_after=0.3))
    assert failures(hosted.embed(texts(3), TASK, Want.SINGLE)) == []
    first, second = api.requests
    assert second.at - first.at > 0.29
