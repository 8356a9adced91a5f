"""``es-jina ingest`` as a user types it, against a real Elasticsearch."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from pytest_httpserver import HTTPServer

from es_jina.elastic.node import Node

from .shell import Inside, Shell


@pytest.fixture
def es_jina(
    tmp_path: Path, node: Node, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Inside:
    return Inside(tmp_path, node.url, monkeypatch, capfd)


@pytest.fixture
def shell(tmp_path: Path, node: Node) -> Shell:
    return Shell(tmp_path, node.url)


@pytest.fixture
def ready(es_jina: Inside, index: str, checkpoint: Path) -> str:
    """An index for the tiny checkpoint."""
    es_jina("setup", index, "--model", checkpoint)
    return index


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    root.mkdir()
    (root / "fox.md").write_text("# The fox\n\nThe quick brown fox.")
    (root / "dog.txt").write_text("The lazy dog.")
    return root


def texts(client: Elasticsearch, index: str) -> set[str]:
    client.indices.refresh(index=index)
    hits = client.search(index=index, size=1000)["hits"]["hits"]
    return {hit["_source"]["text"] for hit in hits}


def test_dead_letters_are_tried_again(
    es_jina: Inside, ready: str, folder: Path, client: Elasticsearch
) -> None:
    (folder / "empty.txt").touch()
    rows = ['{"id": "a", "body": "first row"}', "no json", '{"id": "c", "body": ""}']
    (folder / "rows.ndjson").write_text("\n".join(rows))
    options = ("--text-field", "body", "--id-field", "id")
    told = es_jina("ingest", ready, "in", *options, code=3)
    assert "3 failed" in told
    dead = folder.parent / f"{ready}.dead-letter.ndjson"
    letters = [json.loads(line) for line in dead.read_text().splitlines()]
    assert {Path(letter["source"]).name for letter in letters} == {
        "empty.txt",
        "rows.ndjson#line 2",
        "rows.ndjson#c",
    }
    told = es_jina("ingest", ready, "--retry-dead", dead, *options, code=3)
    assert "0 units embedded" in told
    (folder / "empty.txt").write_text("no longer empty")
    rows[1:] = ['{"id": "b", "body": "second row"}', '{"id": "c", "body": "third row"}']
    (folder / "rows.ndjson").write_text("\n".join(rows))
    told = es_jina("ingest", ready, "--retry-dead", dead, *options)
    assert "3 units embedded" in told
    assert not dead.exists()
    assert texts(client, ready) >= {"no longer empty", "first row", "second row", "third row"}


def test_one_letter_does_not_spoil_a_retry(
    es_jina: Inside, ready: str, folder: Path, client: Elasticsearch
) -> None:
    address = "https://example.org/a"
    (folder / "bad.csv").write_text("other\n1\n")
    (folder / "rows.ndjson").write_text(json.dumps({"id": address, "t": ""}))
    options = ("--text-field", "t", "--id-field", "id")
    es_jina("ingest", ready, "in", *options, code=3)
    (folder / "rows.ndjson").write_text(json.dumps({"id": address, "t": "a mended row"}))
    dead = folder.parent / f"{ready}.dead-letter.ndjson"
    told = es_jina("ingest", ready, "--retry-dead", dead, *options, code=3)
    assert "1 unit embedded" in told
    assert "there is no field 'id' and 't'" in told
    (letter,) = [json.loads(line) for line in dead.read_text().splitlines()]
    assert (Path(letter["source"]).name, letter["attempts"]) == ("bad.csv", 2)
    assert "a mended row" in texts(client, ready)


def test_what_is_printed_of_an_id_is_visible(es_jina: Inside, ready: str, folder: Path) -> None:
    rows = [{"id": "a\n\x1b[2J\u202eb ü", "t": ""}, {"id": "c", "t": "there"}]
    (folder / "rows.ndjson").write_text("\n".join(map(json.dumps, rows)))
    options = ("in/rows.ndjson", "--text-field", "t", "--id-field", "id")
    for more in ((), ("--dry-run",)):
        told = es_jina("ingest", ready, *options, *more, code=3)
        assert "rows.ndjson#a\\n\\x1b[2J\\u202eb ü: the field 't' is empty" in told
    (letter,) = (folder.parent / f"{ready}.dead-letter.ndjson").read_text().splitlines()
    assert json.loads(letter)["source"].endswith(f"#{rows[0]['id']}")


def test_records_without_fields_are_told_apart(es_jina: Inside, ready: str, folder: Path) -> None:
    (folder / "a.csv").write_text("t\nx\n")
    (folder / "a.zip").write_bytes(b"PK\x03\x04\x00\xff")
    told = es_jina("ingest", ready, "in", "--dry-run")
    assert "1 files skipped: neither text, HTML, image nor PDF" in told
    assert "1 files of records skipped: say what to embed of them with --text-field or" in told


def test_a_look_before_and_a_clean_up_behind(
    es_jina: Inside, ready: str, folder: Path, client: Elasticsearch
) -> None:
    told = es_jina("ingest", ready, "in", "--dry-run")
    assert "Would embed 2 units of 2 new and 0 changed sources" in told
    assert texts(client, ready) == set()
    es_jina("ingest", ready, "in", "--fast-load")
    settings = client.indices.get_settings(index=ready)[f"{ready}-000001"]["settings"]["index"]
    assert "refresh_interval" not in settings
    (folder / "dog.txt").unlink()
    told = es_jina("ingest", ready, "in", "--prune", code=2)
    assert "look with --dry-run, then say --yes" in told
    for options in (("--dry-run",), ("--yes",)):
        told = es_jina("ingest", ready, "in", "--prune", *options)
        assert "1 sources are gone, with 1 units in the index" in told
        assert f"gone: {folder / 'dog.txt'}" in told
    assert "1 units removed whose sources are gone" in told
    assert texts(client, ready) == {"# The fox\n\nThe quick brown fox."}


def test_events_for_machines(es_jina: Inside, ready: str, folder: Path) -> None:
    (folder / "empty.txt").touch()
    told = es_jina("ingest", ready, "in", "--json", code=3, errors=False)
    events = [json.loads(line) for line in told.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds[0] == "start"
    assert kinds[-1] == "summary"
    (failure,) = [event for event in events if event["event"] == "failure"]
    assert failure["message"] == "the file is empty"
    assert (events[-1]["embedded"], events[-1]["failed"]) == (2, 1)


def test_standard_input_and_patterns(
    es_jina: Inside, ready: str, folder: Path, client: Elasticsearch
) -> None:
    es_jina("ingest", ready, "-", given="a letter from a pipe")
    rows = '{"id": 1, "t": "a row"}\n{"id": 2, "t": "another"}\n'
    es_jina("ingest", ready, "-", "--text-field", "t", "--id-field", "id", given=rows)
    es_jina("ingest", ready, "in/*.txt")
    assert texts(client, ready) == {
        "a letter from a pipe",
        "a row",
        "another",
        "The lazy dog.",
    }


def test_documents_of_another_index(
    es_jina: Inside, ready: str, folder: Path, client: Elasticsearch
) -> None:
    other = f"{ready}-other"
    client.index(index=other, document={"text": "by pipe"}, refresh=True)
    try:
        options = ("--text-field", "text", "--dry-run")
        told = es_jina("ingest", ready, f"es://{other}?text:pipe", *options)
        assert "Would embed 1 units of 1 new" in told
        for same in (ready, f"{ready}-000001"):
            told = es_jina("ingest", ready, f"es://{same}", *options, code=2)
            assert "are the same index" in told
            assert len(told.strip().splitlines()) == 1
    finally:
        client.indices.delete(index=other)


def test_passwords_of_addresses_stay_with_who_gave_them(
    es_jina: Inside, ready: str, folder: Path, httpserver: HTTPServer
) -> None:
    shown = httpserver.url_for("/page")
    httpserver.expect_request("/page").respond_with_data(status=401)
    address = shown.replace("//", "//me:secret@")
    (folder / "rows.ndjson").write_text(json.dumps({"photo": address}))
    rows = ("in/rows.ndjson", "--image-field", "photo")
    told = es_jina("ingest", ready, address, *rows, code=3)
    dead = folder.parent / f"{ready}.dead-letter.ndjson"
    letters = dead.read_text()
    assert "secret" not in told + letters
    assert json.loads(letters.splitlines()[0])["source"] == shown
    assert f"failed: {shown}: HTTP 401 UNAUTHORIZED; where user and password" in told
    told = es_jina("ingest", ready, "--retry-dead", dead, *rows[1:], code=3)
    assert "2 failed" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to ingest: name a file, a folder or `-`"),
        (("nowhere",), "there is no file or folder"),
        (("ftp://example.org/a",), "only http, https, es and file are read"),
        (("in", "--retry-dead", "x"), "leave out PATH"),
        (("--retry-dead", "x"), "there is no dead-letter file"),
        (("-", "--text-field", "t"), "records from standard input need --id-field"),
        (("in", "--keep", "price"), "need --text-field or --image-field"),
        (("-", "--prune", "--yes"), "--prune looks below files and folders"),
        (("es://x",), "say what to embed with --text-field or --image-field"),
        (("in", "--dead-letter", "/no/such/folder/x"), "cannot be written"),
        (("in", "--dead-letter", "/dev/null"), "'/dev/null' is no file"),
        (("--retry-dead", "/dev/null"), "'/dev/null' is no file"),
        (("in", "--model", "jinaai/jina-embeddings-v4"), "but the model at hand is jinaai/"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(
    es_jina: Inside, ready: str, folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    told = es_jina("ingest", ready, *arguments, code=2)
    assert message in told
    assert len(told.strip().splitlines()) == 1


class Interrupted:
    """An ingest that has begun and has much to do."""

    def __init__(self, shell: Shell, index: str, folder: Path) -> None:
        for number in range(3000):
            (folder / f"{number}.txt").write_text(f"Text {number}. " + "word " * 300)
        self.process = shell.started("ingest", index, "in", "--json")
        self.lines: list[Any] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))
            if self.lines[-1]["event"] == "progress" and self.lines[-1]["units"] > 0:
                break

    def end(self) -> tuple[str, str]:
        return self.process.communicate(timeout=60)


@pytest.fixture
def interrupted(shell: Shell, ready: str, folder: Path) -> Iterator[Interrupted]:
    started = Interrupted(shell, ready, folder)
    yield started
    started.process.kill()
    started.process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_finishes_what_is_in_flight(
    interrupted: Interrupted, client: Elasticsearch, ready: str, number: signal.Signals
) -> None:
    interrupted.process.send_signal(number)
    told, errors = interrupted.end()
    assert interrupted.process.returncode == 130, errors
    assert "Finishing what is in flight" in errors
    assert "Traceback" not in errors
    summary = json.loads(told.splitlines()[-1])
    assert summary["interrupted"]
    client.indices.refresh(index=ready)
    assert client.count(index=ready)["count"] == summary["embedded"] > 0


def test_a_second_ctrl_c_ends_at_once(interrupted: Interrupted) -> None:
    interrupted.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    interrupted.process.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, errors = interrupted.end()
    # The second one may come while Python shuts down: to a shell that is 130 too.
    assert interrupted.process.returncode in (130, -signal.SIGINT)
    assert time.monotonic() - start < 5
    assert "Traceback" not in errors


def test_ctrl_c_while_nothing_comes_from_standard_input(shell: Shell, ready: str) -> None:
    fields = ("--text-field", "t", "--id-field", "id")
    process = shell.started("ingest", ready, "-", *fields, "--json", waiting=True)
    assert process.stdout is not None
    while json.loads(process.stdout.readline())["event"] != "progress":
        pass
    process.send_signal(signal.SIGINT)
    # Not `communicate` yet: it would close standard input, which ends the run by itself.
    process.wait(timeout=30)
    told, errors = process.communicate()
    assert process.returncode == 130, errors
    assert json.loads(told.splitlines()[-1])["interrupted"]


def test_the_renderers_end_with_the_ingester(shell: Shell, ready: str, folder: Path) -> None:
    from tests.ingest.files import pdf

    pdf(folder / "long.pdf", *(f"page {number}" for number in range(400)))
    process = shell.started("ingest", ready, "in", "--json")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "progress" and json.loads(line)["units"] > 5:
            break
    children = _children(process.pid)
    assert children
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return [int(line) for line in listed.split()]


def test_help_tells_every_option(es_jina: Inside) -> None:
    told = es_jina("ingest", "--help")
    for option in ("--include", "--retry-dead", "--fast-load", "--late-chunking", "--pdf"):
        assert option in told
