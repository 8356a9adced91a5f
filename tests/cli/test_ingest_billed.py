"""``es-jina ingest`` with a provider that is paid for: what it uses, and where it stops."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.node import Node
from es_jina.errors import ProviderError
from tests.ingest.files import picture
from tests.ingest.provider_billed import HostedDouble

from .shell import Inside

NOTES = 6
WORDS = 5


@pytest.fixture
def es_jina(
    tmp_path: Path, node: Node, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Inside:
    monkeypatch.setenv("ES_JINA_PROVIDER", "hosted")
    return Inside(tmp_path, node.url, monkeypatch, capfd)


@pytest.fixture
def ready(es_jina: Inside, index: str) -> str:
    es_jina("setup", index, "--dims", "128", "--multi-vector", "binary")
    return index


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(NOTES):
        (folder / f"{number}.txt").write_text(f"This is the note {number}.")
    return folder


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[HostedDouble]:
    """The providers that the commands of the test have opened."""
    opened: list[HostedDouble] = []

    def open_provider(*_: Any, max_tokens: int | None, **__: Any) -> HostedDouble:
        opened.append(HostedDouble(max_tokens))
        return opened[-1]

    monkeypatch.setattr("es_jina.providers.open_provider", open_provider)
    return opened


def summary(told: str) -> Any:
    return json.loads(told.splitlines()[-1])


def count(client: Elasticsearch, index: str) -> int:
    client.indices.refresh(index=index)
    found: int = client.count(index=index)["count"]
    return found


def test_the_summary_says_what_is_billed(es_jina: Inside, ready: str, notes: Path) -> None:
    told = es_jina("ingest", ready, "in", "--price", "1000")
    assert "30 tokens billed, 0.0300 at 1000 for a million tokens" in told
    told = es_jina("ingest", ready, "in")
    assert "Hosted API: 0 requests, 0 tokens billed\n" in told
    (notes / "new.txt").write_text("one more")
    told = es_jina("ingest", ready, "in", "--json", errors=False)
    assert (summary(told)["requests"], summary(told)["tokens"]) == (1, 2)
    assert summary(told)["cost"] is None


def test_a_preview_estimates(es_jina: Inside, ready: str, notes: Path) -> None:
    picture(notes / "a.png", size=(280, 56))
    told = es_jina("ingest", ready, "in", "--dry-run", "--json", "--price", "100", errors=False)
    preview = summary(told)
    assert preview["embedded"] == NOTES + 1
    # One kind of vector a request. Of the picture alone: 20 tiles, 10 tokens each.
    assert preview["requests"] == 2
    assert 2 * (20 * 10 + NOTES * WORDS) < preview["tokens"] < 2 * (20 * 10 + NOTES * 30)
    assert preview["cost"] == pytest.approx(preview["tokens"] / 10_000)
    told = es_jina("ingest", ready, "in", "--dry-run")
    assert f"at least 2 requests and about {preview['tokens']} tokens of the hosted API\n" in told


def test_it_stops_at_max_tokens_and_goes_on_the_next_time(
    es_jina: Inside,
    ready: str,
    notes: Path,
    client: Elasticsearch,
    opened: list[HostedDouble],
) -> None:
    (notes / "empty.txt").touch()
    spend = ("--max-tokens", 4 * WORDS)
    # 7 is told, not 3: most is still to be done.
    told = es_jina("ingest", ready, "in", *spend, "--fast-load", code=7)
    assert "4 units embedded" in told
    # The last one may not have been loaded yet.
    stop = r"Stopped at --max-tokens 20: [12] units, and all behind them, were not sent; run it"
    assert re.search(stop, told)
    assert "everything else is in the index" not in told
    assert count(client, ready) == 4
    settings = client.indices.get_settings(index=ready)[f"{ready}-000001"]["settings"]["index"]
    assert "refresh_interval" not in settings
    (notes / "empty.txt").unlink()
    told = es_jina("ingest", ready, "in", *spend)
    assert "2 units embedded" in told
    assert "4 unchanged" in told
    asked = [digest for provider in opened for call in provider.calls for digest in call]
    assert len({*asked}) == len(asked) == count(client, ready) == NOTES


def test_what_was_not_sent_is_not_pruned_for(
    es_jina: Inside, ready: str, notes: Path, client: Elasticsearch
) -> None:
    es_jina("ingest", ready, "in")
    (notes / "0.txt").unlink()
    (notes / "new.txt").write_text("one two three four")
    prune = ("in", "--prune", "--yes")
    told = es_jina("ingest", ready, *prune, "--max-tokens", 3, code=7)
    # Nothing would be sent the next time either.
    assert "Stopped at --max-tokens 3: 1 units, and all behind them, were not sent; raise" in told
    assert count(client, ready) == NOTES
    assert "1 units removed" in es_jina("ingest", ready, *prune)
    assert count(client, ready) == NOTES


def test_what_is_billed_is_told_when_the_run_fails_too(
    es_jina: Inside, ready: str, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed: Callable[..., Any] = HostedDouble.embed

    def failing(self: HostedDouble, *args: Any, **named: Any) -> Any:
        embed(self, *args, **named)
        raise ProviderError("the balance is spent", passing=False)

    monkeypatch.setattr(HostedDouble, "embed", failing)
    (notes / "empty.txt").touch()
    told = es_jina("ingest", ready, "in", code=5)
    assert re.search(r"Hosted API: \d requests?, \d+ tokens billed", told)
    assert "everything else is in the index" not in told
    assert "Error: the balance is spent" in told


@pytest.mark.parametrize("option", [("--max-tokens", 10), ("--price", 0.1)])
def test_what_is_of_money_needs_somebody_to_pay(
    es_jina: Inside, ready: str, notes: Path, option: tuple[str, object]
) -> None:
    told = es_jina("ingest", ready, "in", "--provider", "local", *option, code=2)
    assert f"{option[0]} is for tokens that are billed" in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "option",
    [("--max-tokens", 0), ("--max-tokens", "1.5"), *(("--price", n) for n in ("-1", "nan", "inf"))],
)
def test_numbers_that_are_none(es_jina: Inside, option: tuple[str, object]) -> None:
    assert option[0] in es_jina("ingest", "index", "in", *option, code=2)


def test_what_runs_here_has_no_bill(
    es_jina: Inside, index: str, checkpoint: Path, notes: Path
) -> None:
    es_jina("setup", index, "--model", checkpoint, "--provider", "local")
    told = es_jina(
        "ingest", index, "in", "--provider", "local", "--dry-run", "--json", errors=False
    )
    assert (summary(told)["requests"], summary(told)["tokens"]) == (None, None)
