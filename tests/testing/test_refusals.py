"""Keys, balances, rate limits and faults, as a client sees them."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from es_jina.testing import (
    Answer,
    Cut,
    Fault,
    Faults,
    HangUp,
    Slow,
    StubApi,
    StubLimits,
    check_reply,
    concurrency_limit,
    flat,
    internal_error,
    invalid,
    invalid_before_2026,
    ip_limit,
    nested,
    page,
    request_limit,
    timed_out,
    token_limit,
    tokens_of,
    unavailable,
)

from .calls import V4, client, post

BODY = {"model": V4, "input": ["a"]}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "AUTH_MISSING_API_KEY"),
        ("Token jina_a", "AUTH_INVALID_FORMAT"),
        ("Bearer jina_a", "AUTH_INVALID_API_KEY"),
    ],
)
def test_keys(api: StubApi, header: str | None, code: str) -> None:
    with client(api) as opened:
        del opened.headers["Authorization"]
        if header:
            opened.headers["Authorization"] = header
        response = opened.post("/v1/embeddings", json=BODY)
    assert (response.status_code, response.json()["code"]) == (401, code)
    check_reply(response.json())
    assert api.bodies == []
    assert [seen.status for seen in api.requests] == [401]


def test_a_balance_is_spent() -> None:
    with StubApi(balance=2 * tokens_of("a").billed) as api:
        assert [post(api, ["a"]).status_code for _ in range(3)] == [200, 200, 403]
        assert post(api, ["a"]).json()["code"] == "AUTHZ_INSUFFICIENT_BALANCE"


def test_concurrency() -> None:
    limits = StubLimits(concurrency=2)
    with StubApi(limits=limits, service_seconds=0.4) as api, ThreadPoolExecutor(3) as threads:
        responses = [*threads.map(lambda _: post(api, ["a"]), range(3))]
        statuses = sorted(response.status_code for response in responses)
        assert statuses == [200, 200, 429]
        [refused] = [response for response in responses if response.status_code == 429]
        assert refused.json()["code"] == "RATE_CONCURRENCY_LIMIT_EXCEEDED"
        assert refused.json()["detail"] == "Concurrency limit exceeded: 3/2 concurrent requests."
        assert "Retry-After" not in refused.headers
        assert api.most_in_flight == 3
        assert post(api, ["a"]).status_code == 200
        assert len(api.bodies) == 3


def test_a_client_that_waits_for_its_answers_is_never_over_its_concurrency() -> None:
    """A place is free before the answer is sent."""
    with StubApi(limits=StubLimits(concurrency=2)) as api, ThreadPoolExecutor(2) as threads:

        def ask(_: int) -> list[int]:
            with client(api) as opened:
                return [opened.post("/v1/embeddings", json=BODY).status_code for _ in range(20)]

        assert [*threads.map(ask, range(2))] == [[200] * 20] * 2


@pytest.mark.parametrize("window", ["sliding", "fixed"])
def test_requests_per_minute_and_recovery(window: Any) -> None:
    limits = StubLimits(requests_per_minute=2, window_seconds=0.5, window=window, retry_after=0.5)
    with StubApi(limits=limits) as api, client(api) as opened:
        first = opened.post("/v1/embeddings", json=BODY)
        assert first.headers["X-RateLimit-Remaining-Requests"] == "1"
        # A window may end in between, so that a third one passes.
        answers = (opened.post("/v1/embeddings", json=BODY) for _ in range(100))
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.json()["code"] == "RATE_REQUEST_LIMIT_EXCEEDED"
        assert refused.json()["detail"] == "Request rate limit exceeded: 3/2 requests per minute"
        assert refused.headers["Retry-After"] == "0.5"
        assert refused.headers["X-RateLimit-Remaining-Requests"] == "0"
        time.sleep(0.51)
        assert opened.post("/v1/embeddings", json=BODY).status_code == 200


def test_tokens_per_minute_and_recovery() -> None:
    limits = StubLimits(tokens_per_minute=2000, window_seconds=0.8)
    with StubApi(limits=limits) as api, client(api) as opened:
        body = {"model": V4, "input": ["a" * 5188]}
        first = opened.post("/v1/embeddings", json=body)
        assert first.headers["X-RateLimit-Remaining-Tokens"] == "700"
        assert "X-RateLimit-Remaining-Requests" not in first.headers
        refused = opened.post("/v1/embeddings", json=body)
        assert refused.status_code == 429
        assert refused.json()["code"] == "RATE_TOKEN_LIMIT_EXCEEDED"
        wanted = "Token rate limit exceeded: 2,600/2,000 tokens per minute"
        assert refused.json()["detail"] == wanted
        # What was refused took nothing.
        assert opened.post("/v1/embeddings", json=BODY).status_code == 200
        time.sleep(0.81)
        assert opened.post("/v1/embeddings", json=body).status_code == 200
        assert len(api.bodies) == 3


def test_a_sliding_window_gives_back_little_by_little() -> None:
    limits = StubLimits(requests_per_minute=2, window_seconds=0.8)
    with StubApi(limits=limits) as api, client(api) as opened:
        statuses = []
        for pause in (0.5, 0.5, 0, 0):
            statuses.append(opened.post("/v1/embeddings", json=BODY).status_code)
            time.sleep(pause)
        assert statuses == [200, 200, 200, 429]


def test_rate_headers_may_be_left_out() -> None:
    with StubApi(limits=StubLimits(tokens_per_minute=2000, headers=False)) as api:
        assert not [name for name in post(api, ["a"]).headers if name.startswith("x-rate")]


ANSWERS: list[tuple[Callable[..., Answer], int, str]] = [
    (concurrency_limit, 429, "RATE_CONCURRENCY_LIMIT_EXCEEDED"),
    (request_limit, 429, "RATE_REQUEST_LIMIT_EXCEEDED"),
    (token_limit, 429, "RATE_TOKEN_LIMIT_EXCEEDED"),
    (ip_limit, 429, "RATE_IP_LIMIT_EXCEEDED"),
    (internal_error, 500, "INTERNAL_ERROR"),
    (unavailable, 503, "SERVICE_UNAVAILABLE"),
    (timed_out, 504, "SERVICE_TIMEOUT"),
]


@pytest.mark.parametrize(("make", "status", "code"), ANSWERS)
def test_scripted_answers(
    api: StubApi, make: Callable[..., Answer], status: int, code: str
) -> None:
    api.queue(make())
    response = post(api, ["a"])
    assert response.status_code == status
    body = response.json()
    assert (body["detail"]["code"] if status == 500 else body["code"]) == code
    assert post(api, ["a"]).status_code == 200
    assert [seen.status for seen in api.requests] == [status, 200]
    assert len(api.bodies) == 1


def test_the_shapes_of_errors(api: StubApi) -> None:
    api.queue(
        flat(402, "CODE", "why"),
        nested(413, None, "why"),
        invalid("body -> input", "why", ["a"]),
        invalid_before_2026("body -> input", "why"),
        page(502),
    )
    answers = [post(api, ["a"]) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [402, 413, 422, 422, 502]
    flat_body, nested_body, invalid_body, old_body = (answer.json() for answer in answers[:4])
    check_reply(flat_body)
    assert (flat_body["detail"], flat_body["code"]) == ("why", "CODE")
    assert len(flat_body["request_id"]) == 32
    assert nested_body["detail"]["message"] == "why"
    check_reply(invalid_body)
    assert invalid_body["detail"] == "Validation error: 'body -> input' why"
    assert invalid_body["errors"][0]["input"] == ["a"]
    assert old_body["detail"] == [{"loc": ["body", "input"], "msg": "why", "type": "value_error"}]
    assert answers[4].headers["Content-Type"] == "text/html"


def test_retry_after_as_a_number_or_a_date(api: StubApi) -> None:
    date = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    api.queue(unavailable(retry_after=7), ip_limit(retry_after=date), unavailable())
    values = [post(api, ["a"]).headers.get("Retry-After") for _ in range(3)]
    assert values == ["7", "Wed, 02 Jan 2030 03:04:05 GMT", None]


def test_a_dropped_connection(api: StubApi) -> None:
    api.queue(HangUp())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        post(api, ["a"])
    assert [seen.status for seen in api.requests] == [None]
    assert api.billed_tokens == 0


def test_an_answer_that_is_cut(api: StubApi) -> None:
    api.queue(Cut(0.3))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        post(api, ["a"])
    assert api.billed_tokens == tokens_of("a").billed


def test_an_answer_that_is_slow(api: StubApi) -> None:
    api.queue(Slow(5))
    with client(api) as opened, pytest.raises(httpx.ReadTimeout):
        opened.post("/v1/embeddings", json=BODY, timeout=httpx.Timeout(10, read=0.05))
    api.queue(Slow(0.1))
    started = time.monotonic()
    assert post(api, ["a"]).status_code == 200
    assert time.monotonic() - started >= 0.1


def happened(api: StubApi) -> object:
    try:
        response = post(api, ["a"])
    except httpx.RemoteProtocolError as error:
        return str(error)
    return response.status_code, response.headers["Content-Type"]


def test_faults_at_random_are_the_same_for_a_seed() -> None:
    quick = [Slow(0.01) if isinstance(kind, Slow) else kind for kind in Faults().kinds]
    runs = []
    for seed in (1, 1, 2):
        with StubApi(faults=Faults(0.7, seed, quick)) as api:
            runs.append([happened(api) for _ in range(30)])
    assert runs[0] == runs[1] != runs[2]
    assert len({*runs[0], *runs[2]}) == 7, "each kind; the slow one is a 200"


def test_the_rate_and_the_kinds_of_faults() -> None:
    kinds: list[Fault] = [unavailable(), HangUp()]
    drawn = [Faults(0.05, 0, kinds).drawn(number) for number in range(4000)]
    assert 140 <= sum(fault is not None for fault in drawn) <= 260
    assert {*map(type, drawn)} == {Answer, HangUp, type(None)}
    assert Faults(rate=0).drawn(0) is None


def test_scripted_faults_come_first() -> None:
    with StubApi(faults=Faults(1, kinds=[unavailable()])) as api:
        api.queue(internal_error())
        assert [post(api, ["a"]).status_code for _ in range(2)] == [500, 503]


def test_many_threads_at_a_time() -> None:
    with StubApi(faults=Faults(0.2, kinds=[unavailable()])) as api:

        def ask(number: int) -> int:
            return post(api, [str(number)]).status_code

        with ThreadPoolExecutor(8) as threads:
            statuses = [*threads.map(ask, range(100))]
        assert len(api.requests) == 100
        assert statuses.count(200) == len(api.bodies) == api.billed_tokens / tokens_of("1").billed
        assert statuses.count(503) == sum(
            Faults(0.2, kinds=[unavailable()]).drawn(number) is not None for number in range(100)
        )


def test_random_numbers_of_a_test_are_left_alone() -> None:
    random.seed(1)
    wanted = random.random()
    random.seed(1)
    with StubApi(faults=Faults(0.5)) as api:
        happened(api)
    assert random.random() == wanted
