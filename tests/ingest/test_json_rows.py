import json
import tracemalloc
from pathlib import Path

import pytest

from es_jina.ingest.records import read_records, record_format
from es_jina.ingest.report import Failure

from .reading import TEXT, told


def test_a_broken_line_fails_alone(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"id": 1, "text": "one"}\n\n'
        b'{"id": 2, "text": \n'
        b"[1, 2]\n"
        b'{"id": 4, "text": "\\ud800"}\n'
        b'{"id": 5, "text": "\xff"}\n'
        b'{"id": 6, "text": "six"}'
    )
    first, *bad, last = read_records(path, TEXT)
    assert told([first, last]) == ["one", "six"]
    failures = [each for each in bad if isinstance(each, Failure)]
    assert [each.source for each in failures] == [f"{path}#line {n}" for n in (3, 4, 5, 6)]
    assert failures[0].message.startswith("line 3 is no JSON: unexpected end of data")
    assert failures[1].message == "line 4 is no JSON object but a list"
    assert all("\n" not in each.message for each in failures)


def test_a_line_that_is_too_long_is_skipped_and_never_in_memory_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("es_jina.ingest.json_rows.MAX_BYTES", 100_000)
    path = tmp_path / "data.ndjson"
    with path.open("wb") as file:
        file.write(b'{"id": 1, "text": "one"}\n{"id": 2, "text": "')
        for _ in range(20):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"id": 3, "text": "three"}\n')
    tracemalloc.start()
    found = told(read_records(path, TEXT))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == ["one", "line 2 is over 0 MB", "three"]
    assert peak < 4_000_000


def test_an_array_of_objects_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps([{"id": 1, "text": "one"}, 5, {"id": 3, "text": "x"}], indent=2))
    assert record_format(path) == "ndjson"
    assert told(read_records(path, TEXT)) == ["one", "row 2 is no JSON object but a int", "x"]


def test_an_array_that_is_too_large_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("es_jina.ingest.json_rows.MAX_BYTES", 100)
    path = tmp_path / "data.json"
    path.write_text(json.dumps([{"id": 1, "text": "x" * 100}]))
    (failure,) = read_records(path, TEXT)
    assert isinstance(failure, Failure)
    assert failure.source == str(path)
    assert "save it as JSON lines" in failure.message


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.ndjson", b"", "the file is empty"),
        ("a.csv", b"", "the file is empty"),
        ("a.parquet", b"", "the file is empty"),
        ("a.json", b'[{"id": 1', "the JSON is damaged"),
        ("a.ndjson", '{"id": 1}\n'.encode("utf-16"), "not UTF-8 text"),
        ("a.parquet", b"PAR1 and rubbish", "the Parquet file is damaged"),
        ("a.parquet", b"rubbish", "the Parquet file is damaged"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not UTF-8 text"),
        ("a.csv", b"\n\n", "there is no header"),
    ],
)
def test_a_broken_file_is_named_once(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (failure,) = read_records(path, TEXT)
    assert isinstance(failure, Failure)
    assert (failure.source, failure.stage, failure.error) == (str(path), "read", "ItemError")
    assert failure.message.startswith(message)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    for name in ("a.ndjson", "a.csv", "a.parquet"):
        (failure,) = read_records(tmp_path / name, TEXT)
        assert isinstance(failure, Failure)
        assert failure.message == "cannot be read: No such file or directory"
