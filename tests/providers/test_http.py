"""One client of JSON over HTTP: what it sends, when it asks again, what it says of failures."""

import gzip
import socket
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from es_jina.errors import ProviderError
from es_jina.providers import http, patience
from es_jina.providers.http import JsonClient
from es_jina.providers.patience import OddAnswerError, Patience
from es_jina.providers.refusals import LaterError, RefusedError
from es_jina.testing import (
    Answer,
    Cut,
    Fault,
    Faults,
    HangUp,
    Slow,
    StubApi,
    flat,
    invalid,
    invalid_before_2026,
    ip_limit,
    nested,
    page,
    unavailable,
)

from .asking import statuses

ROUTE = "/v1/embeddings"
BODY = {"model": "jina-embeddings-v4", "input": ["é"]}


def echo(reply: Any) -> tuple[Any, int | None]:
    return reply, None


class Client:
    """Asks once for each call, as code without a loop would."""

    def __init__(self, url: str, key: str | None) -> None:
        self._client = JsonClient(url, key)
        self.patience = 60.0
        self.pauses: list[float] = []

    def post(self, body: object = BODY, **options: Any) -> Any:
        return anyio.run(self._post, body, options)

    async def _post(self, body: object, options: dict[str, Any]) -> Any:
        patience = Noted(self.patience, self.pauses)
        try:
            reply, _ = await self._client.post(
                ROUTE, body, echo, tokens=1, patience=patience, **options
            )
            return reply
        finally:
            await self._client.close()


class Noted(Patience):
    """Notes the pauses instead of waiting."""

    def __init__(self, seconds: float, pauses: list[float]) -> None:
        super().__init__(seconds, alone=True)
        self._pauses = pauses

    def wait(self, error: LaterError, pause: float, answered_at: float) -> float | None:
        wait = super().wait(error, pause, answered_at)
        self._pauses += [] if wait is None else [wait]
        return wait and 0.001


@pytest.fixture
def client(api: StubApi) -> Client:
    return Client(api.url + "/", api.key)


def test_posts_json_with_the_key(api: StubApi, client: Client) -> None:
    assert client.post()["model"] == "jina-embeddings-v4"
    [seen] = api.requests
    assert seen.headers["authorization"] == f"Bearer {api.key}"
    assert seen.headers["content-type"] == seen.headers["accept"] == "application/json"
    assert seen.body == BODY


def test_a_base_address_with_a_path(api: StubApi) -> None:
    with pytest.raises(ProviderError, match="check the address"):
        Client(f"{api.url}/base/", api.key).post()
    assert api.requests[0].path == "/base/v1/embeddings"


@pytest.mark.parametrize(("compressed", "named"), [(True, True), (False, False)])
def test_gzip_is_taken_where_it_pays(
    api: StubApi, client: Client, compressed: bool, named: bool
) -> None:
    client.post(compressed=compressed)
    assert ("gzip" in api.requests[0].headers["accept-encoding"]) is named


@pytest.mark.parametrize("status", [429, 502, 503])
def test_asks_again_with_growing_pauses(api: StubApi, client: Client, status: int) -> None:
    api.queue(*[flat(status, None, "Try again.")] * 3)
    client.post()
    assert statuses(api) == [status] * 3 + [200]
    pauses = client.pauses
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1 <= pauses[2] <= 2


@pytest.mark.parametrize("status", [500, 504])
def test_what_may_be_the_request_s_fault_is_tried_less_often(
    api: StubApi, client: Client, status: int
) -> None:
    """It is for the caller to ask for something else then."""
    api.queue(*[flat(status, None, "Broken.")] * 9)
    with pytest.raises(LaterError, match=str(status)):
        client.post()
    assert statuses(api) == [status] * 3


def test_pauses_differ() -> None:
    """Workers that failed together do not come back together."""
    error = LaterError("busy")
    assert len({Patience(60, alone=True).wait(error, 0, 0) for _ in range(20)}) > 10


def test_pauses_end_growing() -> None:
    patience = Patience(1e9, alone=True)
    waits = []
    for _ in range(30):
        patience.resume()
        waits.append(patience.wait(LaterError("busy"), 0, 0) or 0)
    assert 15 <= waits[-1] <= max(waits) <= 30


def test_honours_retry_after_in_seconds(api: StubApi, client: Client) -> None:
    api.queue(flat(503, "SERVICE_UNAVAILABLE", "Busy.", retry_after=0.6))
    client.post()
    assert client.pauses == [0.6]
    first, second = api.requests
    assert second.at - first.at >= 0.59  # nothing at all is sent before


def test_honours_retry_after_as_a_date(api: StubApi, client: Client) -> None:
    client.patience = 5
    api.queue(unavailable(retry_after=datetime.now(UTC) + timedelta(seconds=20)))
    with pytest.raises(LaterError, match="503") as caught:
        client.post()
    assert 15 < caught.value.wait <= 20
    assert client.pauses == []


@pytest.mark.parametrize("value", ["soon", "-1", "²", "nan", "Mon, 99 Jan 2020 99:00:00 GMT"])
def test_a_strange_retry_after_is_as_none(api: StubApi, client: Client, value: str) -> None:
    answer = unavailable()
    headers = {**answer.headers, "Retry-After": value.encode().decode("latin-1")}
    api.queue(Answer(answer.status, answer.content, headers))
    client.post()
    assert 0.25 <= client.pauses[0] <= 0.5


def test_does_not_wait_beyond_its_patience(api: StubApi, client: Client) -> None:
    api.queue(ip_limit(retry_after=3600))
    with pytest.raises(ProviderError, match=r"429 \(RATE_IP_LIMIT_EXCEEDED\): .*higher one"):
        client.post()
    assert client.pauses == []


def test_gives_up_on_a_service_that_stays_busy() -> None:
    with StubApi(faults=Faults(rate=1, kinds=[unavailable()])) as api:
        client = Client(api.url, api.key)
        client.patience = 0.2
        with pytest.raises(ProviderError, match="503") as caught:
            client.post()
    assert caught.value.passing
    assert len(api.requests) == 1 + len(client.pauses)


@pytest.mark.parametrize("fault", [HangUp(), Cut(0.5), Cut(0)], ids=["unanswered", "cut", "bare"])
def test_survives_dropped_connections(api: StubApi, client: Client, fault: Fault) -> None:
    api.queue(fault, fault)
    assert client.post()["object"] == "list"
    assert len(client.pauses) == 2


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        client = Client(f"http://127.0.0.1:{port}", "jina_x")
        client.patience = 0
        with pytest.raises(ProviderError, match=f"127.0.0.1:{port} cannot be reached") as caught:
            client.post()
    assert caught.value.passing


def test_silence_is_not_waited_out(api: StubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "READ_SECONDS", 0.2)
    api.queue(Slow(0.9))
    client = Client(api.url, api.key)
    began = time.monotonic()
    client.post()
    assert time.monotonic() - began < 0.9
    assert client.pauses


def test_an_answer_that_comes_for_ever_is_not_waited_for(
    api: StubApi, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ATTEMPT_SECONDS", 0.2)
    api.queue(Slow(0.5))
    client.post()
    assert client.pauses


def test_a_garbled_answer_does_not_pass(api: StubApi, client: Client) -> None:
    api.queue(Answer(200, b"no gzip", {"Content-Encoding": "gzip"}))
    with pytest.raises(ProviderError, match="cannot be reached") as caught:
        client.post()
    assert caught.value.passing is False
    assert client.pauses == []


def test_an_answer_without_end_is_not_read(
    api: StubApi, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small answer may be large once it is unpacked."""
    monkeypatch.setattr(http, "MAX_REPLY_BYTES", 10_000)
    api.queue(Answer(200, gzip.compress(b"0" * 20_000), {"Content-Encoding": "gzip"}))
    with pytest.raises(ProviderError, match="more than 10,000 bytes") as caught:
        client.post()
    assert caught.value.passing is False


@pytest.mark.parametrize(
    ("answer", "said", "code", "fields"),
    [
        (flat(413, "A_CODE", "Too long."), "Too long.", "A_CODE", ()),
        (nested(400, "A_CODE", "Too long."), "Too long.", "A_CODE", ()),
        (invalid("b -> task", "No."), "Validation error: 'b -> task' No.", None, ("b -> task",)),
        (invalid_before_2026("body -> task", "No."), "No.", None, ("body -> task",)),
        (Answer.json(400, {"error": {"message": "No."}}), "No.", None, ()),
    ],
)  # fmt: skip
def test_reads_every_shape_of_a_refusal(
    api: StubApi, client: Client, answer: Answer, said: str, code: str | None, fields: object
) -> None:
    api.queue(answer)
    with pytest.raises(RefusedError, match=rf"answered {answer.status}") as caught:
        client.post()
    error = caught.value
    assert (error.status, error.said, error.code) == (answer.status, said, code)
    assert error.fields == fields
    assert error.passing is False
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "set JINA_API_KEY"), (402, "top it up"), (403, "balance"), (302, "address")],
)
def test_other_answers_end_at_once(api: StubApi, client: Client, status: int, advice: str) -> None:
    api.queue(flat(status, "SOME_CODE", "No."))
    with pytest.raises(ProviderError, match=advice) as caught:
        client.post()
    assert not isinstance(caught.value, RefusedError | LaterError)
    assert caught.value.passing is False
    assert len(api.requests) == 1


def test_a_web_page_is_no_answer(api: StubApi, client: Client) -> None:
    api.queue(*[page(200)] * 3)
    with pytest.raises(OddAnswerError, match="without JSON"):
        client.post()
    assert len(api.requests) == patience.ODD_TRIES


def test_messages_are_one_short_line_without_the_key(api: StubApi, client: Client) -> None:
    api.queue(flat(401, api.key, f"bad key\n{api.key}\n" + "x" * 9999))
    with pytest.raises(ProviderError) as caught:
        client.post()
    message = str(caught.value)
    assert api.key not in message
    assert "bad key [key] xxx" in message
    assert "\n" not in message
    assert len(message) < 600


@pytest.mark.parametrize("url", ["api.jina.ai", "ftp://api.jina.ai", "https://", "http://a:b"])
def test_an_impossible_address(url: str) -> None:
    with pytest.raises(ProviderError, match="is not an address"):
        JsonClient(url, "jina_x")
