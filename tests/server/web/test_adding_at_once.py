"""Several clients that add, clients that hang up, and the end of the server."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from elasticsearch import Elasticsearch

from es_jina.inputs import Text
from es_jina.providers.local import LocalProvider
from es_jina.server import run
from es_jina.server.web import additions
from tests.server.running import PATIENCE, Gated
from tests.server.web.adding import PATH, Added, adding, until
from tests.server.wire.asking import PATH as EMBEDDINGS
from tests.server.wire.asking import body

# What may be added at the same time: one that is ingested, and those that wait.
PLACES = 5


@pytest.fixture
def gate(here: Added) -> Gated:
    """The model, which works at nothing until it is let."""
    here.provider.gate.clear()
    here.provider.busy.clear()
    return here.provider


def test_one_after_the_other_and_not_too_many(
    here: Added, gate: Gated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(additions, "_QUIET_SECONDS", 0.0)
    texts = [f"# Text {number}\n\nA herring number {number}." for number in range(PLACES)]
    with ExitStack() as stack:
        try:
            lines = [
                stack.enter_context(here.sending(f"{number}.md", text.encode()))
                for number, text in enumerate(texts)
            ]
            assert gate.busy.wait(PATIENCE)
            # A connection on which nothing comes could be ended on the way.
            for _ in range(2):
                assert [next(each)["stage"] for each in lines[1:]] == ["waiting"] * (PLACES - 1)
            refused = here.server.post(f"{PATH}?name=more.md", b"# One more")
            assert refused.status_code == 429
            assert int(refused.headers["Retry-After"]) > 0
        finally:
            gate.gate.set()
        ends = [[*each][-1] for each in lines]
    assert [(each["units"], each["failed"]) for each in ends] == [(1, [])] * PLACES
    assert len(here.found("herring number")) == PLACES


def test_queries_go_before_what_is_added(here: Added, gate: Gated) -> None:
    query = body("first of all", task="retrieval.query")
    at = len(gate.calls)
    with ThreadPoolExecutor() as threads:
        try:
            held = threads.submit(here.server.post, EMBEDDINGS, query)
            assert gate.busy.wait(PATIENCE)
            added = threads.submit(here.file, "later.md", b"A text that may wait.")
            until(lambda: here.waiting() == 1)
            asked = threads.submit(httpx.post, f"{here.server.url}{EMBEDDINGS}", json=query)
            until(lambda: here.waiting() == 2)
        finally:
            gate.gate.set()
        assert held.result().status_code == asked.result().status_code == 200
        assert added.result()[-1]["units"] == 1
    assert [inputs[0] for inputs, _ in gate.calls[at:]] == [
        Text("first of all"),
        Text("first of all"),
        Text("A text that may wait."),
    ]


def test_client_that_hangs_up_leaves_nothing(here: Added, gate: Gated) -> None:
    before = here.state()
    try:
        with here.sending("a.md", b"# Left alone\n\nA lonely goose.") as lines:
            assert next(lines)["event"] == "progress"
            with here.sending("b.md", b"# Waits\n\nA lonely duck."):
                assert gate.busy.wait(PATIENCE)
            assert here.state() != before
    finally:
        gate.gate.set()
    until(lambda: here.state() == before)
    assert here.file("c.md", b"# Comes\n\nA merry goose.")[-1]["units"] == 1
    assert here.found("lonely") == []


def test_file_of_which_half_came_leaves_nothing(here: Added) -> None:
    before = here.state()
    url = httpx.URL(here.server.url)
    head = f"POST {PATH}?name=half.md HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection((url.host, url.port or 80), PATIENCE) as connection:
        connection.sendall(head.encode() + b"# Half of a text")
    assert here.file("whole.md", b"# Whole\n\nA whole text.")[-1]["units"] == 1
    files, count = here.state()
    assert (len(files), count) == (len(before[0]) + 1, before[1] + 1)


def test_end_of_the_server_finishes_what_is_added(
    client: Elasticsearch, provider: LocalProvider, here: Added, tmp_path: Path
) -> None:
    with adding(client, provider, here.index, tmp_path / "uploads") as added:
        added.provider.gate.clear()
        try:
            with added.sending("last.md", b"# Last\n\nA patient heron.") as lines:
                assert added.provider.busy.wait(PATIENCE)
                added.server.process.stop()
                added.provider.gate.set()
                assert [*lines][-1]["units"] == 1
        finally:
            added.provider.gate.set()
    assert len(here.found("patient heron")) == 1


def test_end_of_the_server_that_cannot_wait_leaves_nothing(
    client: Elasticsearch,
    provider: LocalProvider,
    here: Added,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "_LEAVING_SECONDS", 0.05)
    with adding(client, provider, here.index, tmp_path / "uploads") as added:
        before = added.state()
        added.provider.gate.clear()
        added.provider.busy.clear()
        try:
            with added.sending("last.md", b"# Last\n\nA hasty heron.") as lines:
                assert added.provider.busy.wait(PATIENCE)
                assert added.state() != before
                added.server.process.stop()
                with pytest.raises((httpx.TransportError, json.JSONDecodeError)):
                    list(lines)
        finally:
            added.provider.gate.set()
    assert added.state() == before
