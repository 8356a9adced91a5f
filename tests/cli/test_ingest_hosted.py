"""``es-jina ingest`` with the hosted API, on its stub and a real Elasticsearch."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.node import Node
from es_jina.providers import patience
from es_jina.testing import Faults, HangUp, StubApi, flat

from .shell import Inside


@dataclass(frozen=True)
class Line(Faults):
    """A network that ends after so many requests."""

    most: list[int] = field(default_factory=lambda: [1_000_000])

    def drawn(self, number: int) -> HangUp | None:
        return HangUp() if number >= self.most[0] else None


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def api(line: Line) -> Iterator[StubApi]:
    with StubApi(faults=line) as stub:
        yield stub


@pytest.fixture
def es_jina(
    tmp_path: Path,
    node: Node,
    api: StubApi,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Inside:
    inside = Inside(tmp_path, node.url, monkeypatch, capfd)
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.05)
    monkeypatch.setenv("JINA_API_KEY", api.key)
    monkeypatch.setenv("ES_JINA_SERVER", api.url)
    return inside


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    root.mkdir()
    for number in range(40):
        (root / f"{number}.txt").write_text(f"Text number {number}. " + "word " * 300)
    return root


def texts(client: Elasticsearch, index: str) -> list[str]:
    client.indices.refresh(index=index)
    hits = client.search(index=index, size=1000)["hits"]["hits"]
    return sorted(hit["_source"]["text"].partition(".")[0] for hit in hits)


def embedded(api: StubApi) -> list[str]:
    """The texts that single vectors were answered for."""
    return sorted(
        item["text"].partition(".")[0]
        for seen in api.requests
        if seen.status == 200 and not seen.body.get("return_multivector")
        for item in seen.body["input"]
    )


WHOLE = sorted(f"Text number {number}" for number in range(40))


def test_a_run_whose_network_is_cut_goes_on_where_it_was(
    es_jina: Inside, api: StubApi, line: Line, folder: Path, index: str, client: Elasticsearch
) -> None:
    # One kind of vector: of two, one may be answered and be of no use alone.
    es_jina("setup", index, "--multi-vector", "none")
    line.most[0] = 2
    told = es_jina("ingest", index, "in", "--retry-for", "0.3", code=5)
    assert "cannot be reached" in told
    assert 0 < len(texts(client, index)) < 40
    line.most[0] = 1_000_000
    told = es_jina("ingest", index, "in")
    assert "0 failed" in told
    assert texts(client, index) == WHOLE
    assert embedded(api) == WHOLE  # nothing twice


def test_a_key_that_is_refused_ends_the_run_at_once(
    es_jina: Inside, api: StubApi, folder: Path, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    es_jina("setup", index)
    monkeypatch.setenv("JINA_API_KEY", "jina_of_somebody_else")
    told = es_jina("ingest", index, "in", code=5)
    assert "answered 401 (AUTH_INVALID_API_KEY)" in told
    assert "set JINA_API_KEY" in told
    assert "jina_of_somebody_else" not in told
    assert len(api.requests) <= 2


def test_a_text_that_the_api_refuses_fails_alone(
    es_jina: Inside, api: StubApi, folder: Path, index: str, client: Elasticsearch
) -> None:
    api.refuses = lambda item: "Failed to encode text" if "number 7." in item["text"] else None
    es_jina("setup", index)
    told = es_jina("ingest", index, "in", code=3)
    assert "7.txt (unit 1): the API refused this input (400): Failed to encode text" in told
    assert texts(client, index) == [text for text in WHOLE if text != "Text number 7"]


def test_the_key_is_in_no_log(
    es_jina: Inside,
    api: StubApi,
    folder: Path,
    index: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        es_jina("setup", index)
        api.queue(flat(503, "SERVICE_UNAVAILABLE", f"Try again, {api.key}."), HangUp())
        told = es_jina("ingest", index, "in")
    assert "httpcore" in {record.name.partition(".")[0] for record in caplog.records}
    assert api.key not in told + caplog.text + repr([vars(record) for record in caplog.records])


def test_max_tokens_ends_a_run_that_the_next_one_finishes(
    es_jina: Inside, api: StubApi, folder: Path, index: str, client: Elasticsearch
) -> None:
    es_jina("setup", index, "--multi-vector", "none")
    told = es_jina("ingest", index, "in", "--max-tokens", "9000", "--price", "2", code=7)
    assert "Stopped at --max-tokens 9,000" in told
    assert 0 < api.billed_tokens <= 9000
    assert f"{api.billed_tokens:,} tokens" in told
    assert 0 < len(texts(client, index)) < 40
    es_jina("ingest", index, "in")
    assert texts(client, index) == WHOLE
    assert embedded(api) == WHOLE
