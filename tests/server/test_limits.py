"""What is over a limit, and a model that fails: what the client hears, and what is logged."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from es_jina.errors import ProviderError
from es_jina.inputs import Text
from es_jina.providers.local import LocalProvider
from es_jina.server.limits import Limits
from es_jina.testing.schema import check_reply
from tests.ingest.files import pdf
from tests.server.running import Running, running
from tests.server.wire.asking import PATH, body, in_base64, picture

SECRET = "Zebrafinken"
LIMITS = Limits(
    body_bytes=20_000,
    items=3,
    tokens=100,
    image_bytes=4_000,
    image_pixels=84 * 56,
    pdf_pages=1,
)


class Failing:
    """A provider that fails as a text tells it to."""

    def __init__(self, provider: LocalProvider) -> None:
        self._provider = provider
        self.model = provider.model
        self.errors: dict[str, Exception] = {
            "busy": ProviderError("the service stayed busy", passing=True),
            "wrong": ProviderError("the model is out of order", passing=False),
            "broken": ZeroDivisionError(SECRET),
        }

    def embed(self, inputs: Any, *arguments: Any, **more: Any) -> Any:
        for each in inputs:
            if isinstance(each, Text) and each.text in self.errors:
                raise self.errors[each.text]
        return self._provider.embed(inputs, *arguments, **more)


@pytest.fixture(scope="module")
def narrow(provider: LocalProvider) -> Iterator[Running]:
    """A server that takes little."""
    with running(Failing(provider), limits=LIMITS) as server:
        yield server


def refusal(server: Running, content: Any, status: int) -> dict[str, Any]:
    """Return the body of a refusal."""
    response = server.post(PATH, content)
    assert response.status_code == status, response.text
    told: dict[str, Any] = response.json()
    check_reply(told)
    return told


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        ("a" * 30_000, 413, "over the limit of 0.0191 MB"),
        (["a"] * 4, 422, "at most 3 items"),
        (["a " * 150, "b " * 150], 400, "over the limit of 100"),
        ({"image": in_base64(bytes(5_000))}, 422, "over the limit of"),
        ({"image": in_base64(bytes(9_000))}, 422, "over the limit of"),
        ([{"image": in_base64(picture(size=(85, 56)))}], 400, "85 x 56 pixels"),
    ],
    ids=["body", "items", "tokens", "image", "image in base64", "pixels"],
)
def test_over_a_limit(narrow: Running, given: Any, status: int, told: str) -> None:
    assert told in refusal(narrow, body(given), status)["detail"]


def test_pdf_of_too_many_pages(narrow: Running, tmp_path: Path) -> None:
    file = in_base64(pdf(tmp_path / "a.pdf", "one", "two").read_bytes())
    told = refusal(narrow, body({"pdf": file}), 422)
    assert "a PDF of 2 pages: the limit is 1" in told["detail"]


def test_within_the_limits(narrow: Running) -> None:
    given = ["a", "b", {"image": in_base64(picture())}]
    assert narrow.post(PATH, body(given)).status_code == 200


def test_service_that_stays_away_may_be_asked_again(narrow: Running) -> None:
    response = narrow.post(PATH, body("busy"))
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.json()["code"] == "SERVICE_UNAVAILABLE"


def test_model_that_fails(narrow: Running) -> None:
    told = refusal(narrow, body("wrong"), 500)
    assert told["detail"] == "the model is out of order"
    assert told["code"] == "INTERNAL_ERROR"


def test_error_of_the_model_is_logged_without_what_it_says(
    narrow: Running, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    told = refusal(narrow, body(["rain", "broken"]), 500)
    assert SECRET not in str(told)
    logged = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert ["ZeroDivisionError" in each.getMessage() for each in logged] == [True]
    assert SECRET not in logged[0].getMessage() + "".join(capfd.readouterr())


def test_error_of_the_server_is_logged_without_what_it_says(
    narrow: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> int:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr("es_jina.server.queued.cost", broken)
    told = refusal(narrow, body(SECRET), 500)
    assert told["code"] == "INTERNAL_ERROR"
    [logged] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert logged.getMessage().startswith("ZeroDivisionError at ")
    assert SECRET not in str(told) + logged.getMessage()
    assert logged.exc_info is None
