"""What a service says when it does not answer, and what that means."""

import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.errors import ProviderError
from es_jina.providers.limits import Excess, Kind
from es_jina.providers.refusals import LaterError, Refusal, RefusedError, read_error, retry_after
from es_jina.testing import (
    Answer,
    concurrency_limit,
    flat,
    invalid,
    invalid_before_2026,
    ip_limit,
    nested,
    page,
    request_limit,
    token_limit,
)


def read(answer: Answer) -> Refusal:
    said, code, fields = read_error(answer.content)
    return Refusal(answer.status, code, said or "", fields, 0.0)


@pytest.mark.parametrize(
    ("answer", "said", "code", "fields"),
    [
        (flat(401, "A_CODE", "No."), "No.", "A_CODE", ()),
        (nested(400, "A_CODE", "No."), "No.", "A_CODE", ()),
        (nested(400, None, "No."), "No.", None, ()),
        (invalid("b -> input -> 3", "No."), "Validation error: 'b -> input -> 3' No.", None,
         ("b -> input -> 3",)),
        (invalid_before_2026("body -> task", "No."), "No.", None, ("body -> task",)),
        (Answer.json(400, {"error": {"message": "No.", "code": "X"}}), "No.", "X", ()),
        (Answer.json(400, {"error": "No."}), "No.", None, ()),
        (Answer.json(400, {"message": "No."}), "No.", None, ()),
    ],
)  # fmt: skip
def test_every_shape(answer: Answer, said: str, code: str | None, fields: tuple[str, ...]) -> None:
    refusal = read(answer)
    assert (refusal.said, refusal.code, refusal.fields) == (said, code, fields)


@pytest.mark.parametrize("body", [None, [], "no", 5, {}, {"detail": None}, {"detail": [1]}])
def test_an_unknown_shape_says_nothing(body: object) -> None:
    said, code, fields = read_error(orjson.dumps(body))
    assert (said or None, code, fields) == (None, None, ())


def test_a_page_says_nothing() -> None:
    assert read_error(page().content) == (None, None, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["detail", "errors", "code", "message", "loc", "msg", "field"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(body=JSON)
def test_no_body_breaks_the_reader(body: Any) -> None:
    said, code, fields = read_error(orjson.dumps(body))
    assert said is None or isinstance(said, str)
    assert code is None or isinstance(code, str)
    assert all(isinstance(field, str) for field in fields)


@pytest.mark.parametrize(
    ("answer", "kind", "excess"),
    [
        (concurrency_limit(6, 5), Kind.CONCURRENCY, Excess(6, 5)),
        (request_limit(101, 100), Kind.REQUESTS, Excess(101, 100)),
        (token_limit(1_200_000, 1_000_000), Kind.TOKENS, Excess(1_200_000, 1_000_000)),
        (ip_limit(), Kind.REQUESTS, None),
        (flat(429, None, "Too many concurrent requests: 2/0"), Kind.CONCURRENCY, None),
        (flat(429, None, "Token rate limit reached"), Kind.TOKENS, None),
        (flat(429, None, "You sent 7 requests per minute"), Kind.REQUESTS, None),
        (flat(429, None, "Slow down"), Kind.CONCURRENCY, None),
        (flat(429, None, "Token limit (100000/60s) reached"), Kind.TOKENS, None),
        (flat(429, None, "1.2/1.0 million tokens per minute"), Kind.TOKENS, None),
        (flat(429, None, "Rate limit: see http://a.example/2026/11"), Kind.REQUESTS, None),
        (flat(429, None, "5/100 requests per minute"), Kind.REQUESTS, None),
        (flat(429, None, "Token rate limit: 9/5 requests per minute"), Kind.TOKENS, None),
        (page(429), Kind.CONCURRENCY, None),
    ],
)
def test_which_limit_is_meant(answer: Answer, kind: Kind, excess: Excess | None) -> None:
    refusal = read(answer)
    assert (refusal.rate_kind, refusal.excess) == (kind, excess)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_smaller_request_may_pass(status: int) -> None:
    error = read(flat(status, "A_CODE", "No.")).error("host")
    assert isinstance(error, RefusedError)
    assert str(error).startswith(f"host answered {status} (A_CODE): No.; ")
    assert error.passing is False


@pytest.mark.parametrize(
    ("status", "stubborn", "limited"),
    [(429, False, True), (500, True, False), (502, False, False), (503, False, False),
     (504, True, False), (520, True, False), (522, False, False), (529, False, False)],
)  # fmt: skip
def test_the_same_request_may_pass_later(status: int, stubborn: bool, limited: bool) -> None:
    error = read(flat(status, None, "No.")).error("host")
    assert isinstance(error, LaterError)
    assert (error.stubborn, error.rate_limited) == (stubborn, limited)
    assert error.passing


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404, 405, 408, 409, 425, 501, 505])
def test_nothing_will_pass(status: int) -> None:
    error = read(flat(status, None, "No.")).error("host")
    assert isinstance(error, ProviderError)
    assert not isinstance(error, LaterError | RefusedError)
    assert error.passing is False


@pytest.mark.parametrize(("status", "later"), [(405, False), (408, True), (409, True), (425, True)])
def test_what_may_be_worth_another_run(status: int, later: bool) -> None:
    said = str(read(flat(status, None, "No.")).error("host"))
    assert said.endswith("try again later") is later


@pytest.mark.parametrize(
    ("seconds", "named"), [(0.0, "No.; try"), (29.5, "No.; it asks to wait 30 s; try")]
)
def test_the_pause_that_is_asked_for_is_named(seconds: float, named: str) -> None:
    assert named in str(Refusal(503, None, "No.", (), seconds).error("host"))


def test_a_refusal_survives_pickling() -> None:
    error = Refusal(422, "A_CODE", "No.", ("input -> 3",), 0.0).error("host")
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, RefusedError)
    assert (str(again), again.__dict__) == (str(error), error.__dict__)


@pytest.mark.parametrize(("value", "seconds"), [("7", 7), (" 7.5 ", 7.5), ("0", 0), ("", 0)])
def test_retry_after_in_seconds(value: str, seconds: float) -> None:
    assert retry_after(value) == seconds


def test_retry_after_as_a_date() -> None:
    now = datetime.now(UTC)
    assert 18 < retry_after(format_datetime(now + timedelta(seconds=20), usegmt=True)) <= 20
    assert retry_after(format_datetime(now - timedelta(seconds=20), usegmt=True)) == 0


@given(value=st.text(max_size=40) | st.sampled_from(["inf", "nan", "-3", "1e999", "²", "-inf"]))
def test_a_strange_retry_after_is_as_none(value: str) -> None:
    assert 0 <= retry_after(value) < float("inf")
