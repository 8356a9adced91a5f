"""What a call may cost, and what ends it at once."""

import logging

import pytest

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, ProviderError, UnsentError
from es_jina.inputs import Image, Text
from es_jina.providers import limits
from es_jina.providers.base import Want
from es_jina.providers.hosted import HostedProvider
from es_jina.testing import (
    Answer,
    HangUp,
    StubApi,
    concurrency_limit,
    flat,
    internal_error,
    request_limit,
    unavailable,
)

from .asking import BOTH, TASK, failures, picture, statuses, texts

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize("want", [Want.SINGLE, BOTH])
@pytest.mark.parametrize("most", [0, 11, 500, 5000, 40_000])
def test_nothing_is_billed_beyond_what_may_be_spent(api: StubApi, want: Want, most: int) -> None:
    inputs = [Text("word " * (number % 100)) for number in range(800)]
    with HostedProvider(api.key, base_url=api.url, max_tokens=most) as provider:
        results = provider.embed(inputs, TASK, want)
        spent = provider.usage.tokens
        assert spent == api.billed_tokens <= most
        sent = [isinstance(result, Embedding) for result in results]
        # In their order, and as far as one more item might have been too much.
        assert sent == sorted(sent, reverse=True)
        assert most - spent < 2 * (500 + 11) or all(sent)
        assert all(isinstance(result, UnsentError) for result in results[sum(sent) :])
        if not all(sent):
            before = len(api.requests)
            again = provider.embed([Text("word " * 200)], TASK, want)
            assert isinstance(again[0], UnsentError)
            assert len(api.requests) == before


def test_what_is_not_sent_says_why(api: StubApi) -> None:
    with HostedProvider(api.key, base_url=api.url, max_tokens=5) as provider:
        [result] = provider.embed([Text("a")], TASK, Want.SINGLE)
    assert isinstance(result, UnsentError)
    assert "--max-tokens" in str(result)
    assert api.requests == []


def test_enough_tokens_are_no_limit(api: StubApi) -> None:
    with HostedProvider(api.key, base_url=api.url, max_tokens=10**9) as provider:
        results = provider.embed([*texts(20), Image(picture(60, 40))], TASK, BOTH)
    assert failures(results) == []
    assert len(api.requests) == 2


def test_faults_and_refusals_do_not_eat_the_budget(api: StubApi) -> None:
    """What is set aside for a request comes back, however it ends."""
    api.refuses = lambda item: "no" if item["text"] == "text 3" else None
    api.queue(internal_error(), HangUp(), internal_error())
    with HostedProvider(api.key, base_url=api.url, max_tokens=600) as provider:
        for _ in range(5):
            results = provider.embed(texts(8), TASK, Want.SINGLE)
            assert failures(results) == [3]
            assert not isinstance(results[3], UnsentError)
        api.queue(flat(403, "AUTHZ_INSUFFICIENT_BALANCE", "Spent."))
        with pytest.raises(ProviderError):
            provider.embed(texts(40), TASK, BOTH)
        api.refuses = lambda item: None
        while not isinstance(provider.embed(texts(1), TASK, Want.SINGLE)[0], ItemError):
            pass
        assert api.billed_tokens <= 600


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (flat(401, "AUTH_INVALID_API_KEY", "No."), "set JINA_API_KEY to a key from"),
        (flat(402, None, "No."), "balance is spent: top it up"),
        (flat(403, "AUTHZ_INSUFFICIENT_BALANCE", "No."), "lacks balance or rights: top it up"),
        (flat(404, "RESOURCE_NOT_FOUND", "No."), "check the address"),
    ],
)
def test_a_refused_key_ends_the_call_at_once(
    api: StubApi, hosted: HostedProvider, answer: Answer, advice: str
) -> None:
    api.queue(*[answer] * 20)
    with pytest.raises(ProviderError, match=advice) as caught:
        hosted.embed([Text("long " * 2000)] * 60, TASK, BOTH)
    assert caught.value.passing is False
    assert len(api.requests) <= 2  # those in flight together at first


def test_the_key_is_nowhere_to_be_read(
    api: StubApi,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The stub repeats the key that it refuses."""
    monkeypatch.setattr(limits, "SPAN_SECONDS", 0.05)
    wrong = "jina_secret-0123456789"
    said: list[str] = []
    with caplog.at_level(logging.DEBUG):
        with HostedProvider(api.key, base_url=api.url, patience=5) as provider:
            said.append(repr(provider))
            echoed = [
                unavailable(),
                request_limit(),
                concurrency_limit(),
                flat(503, api.key, f"{api.key} is busy"),
                flat(500, api.key, f"{api.key} is broken"),
                flat(400, api.key, f"{api.key} is unwell"),
            ]
            api.queue(*echoed)
            said += [str(result) for result in provider.embed(texts(1), TASK, Want.SINGLE)]
        with HostedProvider(wrong, base_url=api.url) as provider:
            said.append(repr(provider))
            with pytest.raises(ProviderError, match="AUTH_INVALID_API_KEY") as caught:
                provider.embed(texts(2), TASK, BOTH)
            said.append(repr(caught.value))
    said += [record.getMessage() + str(vars(record)) for record in caplog.records]
    said += [*capfd.readouterr()]
    assert {"httpx", "httpcore.http11", "stamina"} <= {record.name for record in caplog.records}
    assert not [line for line in said if api.key in line or wrong in line]


@pytest.mark.parametrize("status", [400, 422])
def test_what_is_refused_is_not_asked_again(
    api: StubApi, hosted: HostedProvider, status: int
) -> None:
    api.queue(*[flat(status, None, "No.")] * 9)
    [result] = hosted.embed(texts(1), TASK, Want.SINGLE)
    assert isinstance(result, ItemError)
    assert statuses(api) == [status]


def test_the_hub_s_name_of_the_model(api: StubApi) -> None:
    name = "jinaai/jina-embeddings-v4"
    with HostedProvider(api.key, base_url=api.url + "/", model=name) as provider:
        provider.embed(texts(1), TASK, Want.SINGLE)
    assert api.bodies[0]["model"] == "jina-embeddings-v4"
