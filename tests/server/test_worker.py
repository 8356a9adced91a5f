"""One batch, and what may be wrong with its inputs."""

import logging

import pytest

from es_jina.errors import EsJinaError, ItemError, ProviderError, RequestError
from es_jina.providers.refusals import LaterError
from es_jina.server.waiting import Answer
from es_jina.server.work import Unit
from es_jina.server.worker import Worker

from .queue_doubles import Double, chunks, numbers, units


def told(answers: list[Answer | ProviderError]) -> list[int | str]:
    """Numbers, messages of items, and for an error of the provider its name."""
    return [
        entry
        for answer in answers
        for entry in (
            [type(answer).__name__] if isinstance(answer, EsJinaError) else numbers(answer)
        )
    ]


def run(provider: Double, waiting: list[Unit]) -> list[int | str]:
    return told(Worker(provider).run(waiting))


def test_an_input_that_cannot_be_read_is_its_own_affair() -> None:
    provider = Double()
    assert run(provider, units(1, "unreadable", 2)) == [1, "cannot read unreadable", 2]
    assert len(provider.calls) == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RequestError("there is no adapter"), "there is no adapter"),
        (ItemError("it is too long"), "it is too long"),
        (ProviderError("it failed on cuda"), "ProviderError"),
        (ProviderError("wrong key", passing=False), "ProviderError"),
        (MemoryError(), "ProviderError"),
        (ValueError("secret"), "ProviderError"),
        (KeyboardInterrupt(), "ProviderError"),  # no Exception, as a panic below Python
    ],
    ids=str,
)
def test_an_input_that_breaks_its_call_breaks_it_alone(error: BaseException, expected: str) -> None:
    provider = Double()
    provider.breaking["poison"] = error
    assert run(provider, units(1, 2, "poison", 3, 4)) == [1, 2, expected, 3, 4]
    assert run(provider, units("poison", "poison")) == [expected, expected]
    assert run(provider, units(5)) == [5]


def test_an_unexpected_error_is_logged_without_what_was_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider = Double()
    provider.breaking["secret"] = ValueError("cannot read 'secret'")
    with caplog.at_level(logging.DEBUG):
        [error] = Worker(provider).run(units("secret"))
    assert isinstance(error, ProviderError)
    assert "ValueError" in str(error)
    assert "secret" not in str(error)
    assert "ValueError" in caplog.text
    assert "queue_doubles.py" in caplog.text
    assert "cannot read" not in caplog.text


def test_a_service_that_is_away_is_not_asked_for_each_input() -> None:
    provider = Double()
    provider.breaking["away"] = LaterError("the service is busy", wait=7.0)
    provider.breaking["poison"] = RequestError("nothing")
    answers = Worker(provider).run(units(1, "away", 2, 3))
    assert told(answers) == ["LaterError"] * 4
    assert len(provider.calls) == 1
    answers = Worker(provider).run(units("poison", 1, 2, "away"))
    assert told(answers) == ["nothing", 1, "LaterError", "LaterError"]


def test_chunks_are_a_call_of_their_own_and_fail_together() -> None:
    provider = Double()
    assert run(provider, [chunks("1 and 2", (0, 1), (6, 7))]) == [1, 2]
    provider.breaking["1"] = RequestError("no such span")
    assert run(provider, [chunks("1 and 2", (0, 1), (6, 7))]) == ["no such span"] * 2


def test_a_provider_that_miscounts_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = Double()
    monkeypatch.setattr(provider, "embed", lambda inputs, *args, **options: [ItemError("a")] * 2)
    answers = Worker(provider).run(units(1))
    assert [str(answer) for answer in answers] == ["the provider answered 1 inputs with 2 entries"]


def test_the_pace_is_that_of_calls_that_succeed() -> None:
    provider = Double()
    provider.breaking["poison"] = RequestError("no")
    worker = Worker(provider)
    worker.run(units("poison"))
    assert not worker.pace.known
    worker.run(units(1))
    assert worker.pace.known
