import json
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from pytest_httpserver import HTTPServer

from es_jina.errors import ClusterError
from es_jina.ingest.records import RecordFields
from es_jina.ingest.units import Cutting
from es_jina.inputs import Image

from .engine import Counting, Runner, everything
from .files import damaged_page_pdf, pdf, picture, truncated


def test_a_changed_source_that_fails_keeps_its_old_documents(
    run: Runner, folder: Path, client: Elasticsearch, index: str
) -> None:
    run(folder)
    truncated(folder / "teal-square.png")
    report = run(folder)
    assert [failure.stage for failure in report.failures] == ["embed"]
    assert "teal square/None" in everything(client, index)


@pytest.mark.parametrize("mode", ["text", "both"])
def test_a_page_without_its_text_fails_alone(
    run: Runner, tmp_path: Path, client: Elasticsearch, index: str, mode: Any
) -> None:
    path = damaged_page_pdf(tmp_path / "a.pdf", "one", None, "three", "four")
    report = run(path, cutting=Cutting(pdf=mode))
    pages = [doc["page"] for doc in everything(client, index).values()]
    assert set(pages) == {1, 3, 4}
    letters = [json.loads(line) for line in run.dead.read_text().splitlines()]
    assert {letter["message"].split(":")[0] for letter in letters} == {"page 2 is damaged"}
    assert report.failed == len(letters) == (1 if mode == "text" else 2)
    preview = run.preview(path, cutting=Cutting(pdf=mode))
    assert (preview.embedded, preview.unchanged) == (0 if mode == "text" else 1, report.embedded)


def test_a_record_whose_image_cannot_be_had_has_its_text(
    run: Runner, tmp_path: Path, client: Elasticsearch, index: str, httpserver: HTTPServer
) -> None:
    httpserver.expect_oneshot_request("/a.png").respond_with_data(status=404)
    url = httpserver.url_for("/a.png")
    rows = tmp_path / "rows.ndjson"
    images = (url, "gone.png", "data:image/png;base64,?!")
    rows.write_text("".join(json.dumps({"t": f"row {i}", "i": i}) + "\n" for i in images))
    setting = {"fields": RecordFields(None, "t", "i")}
    report = run(rows, setting=setting)
    assert (report.embedded, report.failed) == (3, 3)
    assert {(each.source, each.unit) for each in report.failures} == {
        (f"{rows}#{number}", 2) for number in (1, 2, 3)
    }
    assert {doc["text"] for doc in everything(client, index).values()} == {
        f"row {image}" for image in images
    }
    content = picture(tmp_path / "a.png").read_bytes()
    httpserver.expect_request("/a.png").respond_with_data(content, content_type="image/png")
    report = run(rows, setting=setting)
    # The image alone: no text is embedded again.
    assert [type(each) for each in run.counting.inputs] == [Image]
    assert (report.embedded, report.unchanged, report.failed) == (1, 3, 2)


def test_what_is_broken_is_named_and_everything_else_is_in(
    run: Runner, folder: Path, client: Elasticsearch, index: str
) -> None:
    (folder / "empty.txt").touch()
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    pdf(folder / "locked.pdf", "secret", password="open sesame")
    truncated(folder / "half.png")
    (folder / "latin.txt").write_bytes("Grüße".encode("latin-1"))
    (folder / "archive.zip").write_bytes(b"PK\x03\x04\x00\xff")
    report = run(folder)
    assert report.skipped == 1
    assert report.embedded == 4
    assert len(everything(client, index)) == 4
    letters = [json.loads(line) for line in run.dead.read_text().splitlines()]
    told = {Path(letter["source"]).name: (letter["stage"], letter["message"]) for letter in letters}
    assert len(letters) == report.failed == 5
    assert told.keys() == {"empty.txt", "broken.pdf", "locked.pdf", "half.png", "latin.txt"}
    assert told["empty.txt"] == ("read", "the file is empty")
    assert told["locked.pdf"] == ("read", "the PDF is password-protected")
    assert "damaged" in told["broken.pdf"][1]
    assert "cannot be decoded" in told["half.png"][1]
    assert "UTF-8" in told["latin.txt"][1]


def test_what_is_mended_leaves_the_dead_letters(run: Runner, folder: Path) -> None:
    (folder / "empty.txt").touch()
    (folder / "latin.txt").write_bytes("Grüße".encode("latin-1"))
    run(folder)
    run(folder)
    letters = [json.loads(line) for line in run.dead.read_text().splitlines()]
    assert [letter["attempts"] for letter in letters] == [2, 2]
    (folder / "empty.txt").write_text("no longer empty")
    # A run over something else does not touch what it has not seen.
    run(folder / "empty.txt")
    (letter,) = [json.loads(line) for line in run.dead.read_text().splitlines()]
    assert letter["source"] == str(folder / "latin.txt")
    (folder / "latin.txt").write_text("Grüße")
    run(folder)
    assert not run.dead.exists()


def test_an_interrupted_run_goes_on_where_it_stopped(
    run: Runner, folder: Path, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("es_jina.ingest.batches.FIRST_TOKENS", 1)
    ingest = run.engine(None)
    embed = counting.embed
    calls = 0

    def stop_at_the_second(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            ingest.stop()
        return embed(*args, **named)

    monkeypatch.setattr(counting, "embed", stop_at_the_second)
    report = ingest.run(run.targets(folder))
    # What was being embedded is in the index, and nothing was begun behind it.
    assert report.interrupted
    assert report.embedded == len(counting.inputs) < 4
    monkeypatch.setattr(counting, "embed", embed)
    rest = run(folder)
    assert (rest.embedded, rest.unchanged) == (4 - report.embedded, report.embedded)
    assert not rest.interrupted


def test_an_index_that_is_removed_meanwhile_does_not_come_back(
    run: Runner,
    folder: Path,
    client: Elasticsearch,
    index: str,
    counting: Counting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    embed = counting.embed

    def remove_and_embed(*args: Any, **named: Any) -> Any:
        client.options(ignore_status=404).indices.delete(index=f"{index}-000001")
        return embed(*args, **named)

    monkeypatch.setattr(counting, "embed", remove_and_embed)
    with pytest.raises(ClusterError, match="404: no such index"):
        run(folder)
    assert not client.indices.exists(index=index)


def test_records_are_counted_where_they_cannot_be_read_too(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"t": "good"}\n{"t": broken\n{"t": "good too"}\n')
    ingest = run.engine(None)
    fields = RecordFields(None, "t", None)
    ingest.run(run.targets(tmp_path / "a.ndjson", fields=fields))
    assert (ingest.progress.found, ingest.progress.done) == (3, 3)
