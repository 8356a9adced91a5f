import io
import os
from pathlib import Path
from typing import Any

import pytest

from es_jina.errors import RequestError
from es_jina.ingest.records import RecordFields
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate
from es_jina.ingest.targets import Setting, Targets

CLIENT: Any = None  # none of these asks a cluster


def names(*targets: str, scratch: Path, **setting: Any) -> list[str]:
    found = Targets(targets, Setting(CLIENT, scratch, **setting))
    return [each.name if isinstance(each, Candidate) else each.source for each in found]


def test_what_is_named_twice_is_taken_once(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("x")
    folder = str(tmp_path)
    uri = (tmp_path / "a.txt").as_uri()
    found = names(folder, f"{folder}/a.txt", f"{folder}/*.txt", uri, scratch=tmp_path)
    assert found == [f"{folder}/a.txt", f"{folder}/b.txt"]


def test_what_is_broken_is_named_once_however_often_it_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    pipe = str(tmp_path / "pipe")
    (failure,) = Targets([str(tmp_path), pipe, pipe], Setting(CLIENT, tmp_path))
    assert isinstance(failure, Failure)
    assert failure.source == pipe


@pytest.mark.parametrize("name", [b"pct%20.txt", b"a #1?.txt", b"odd\xff.txt", "ü.txt".encode()])
def test_a_file_uri_is_decoded_once(tmp_path: Path, name: bytes) -> None:
    file = tmp_path / os.fsdecode(name)
    file.write_text("x")
    (candidate,) = Targets([file.as_uri()], Setting(CLIENT, tmp_path))
    assert isinstance(candidate, Candidate)
    assert candidate.uri == file.as_uri()
    assert candidate.read() is not None


def test_a_web_address_is_not_read_before_its_turn(tmp_path: Path) -> None:
    url = "http://127.0.0.1:1/nobody-answers.html"
    assert names(url, scratch=tmp_path) == [url]


def test_standard_input(tmp_path: Path) -> None:
    (candidate,) = Targets(["-"], Setting(CLIENT, tmp_path, stdin=io.BytesIO(b"a letter")))
    assert isinstance(candidate, Candidate)
    source = candidate.read()
    assert source is not None
    assert source.text == "a letter"
    (failure,) = Targets(["-"], Setting(CLIENT, tmp_path, stdin=io.BytesIO(b"")))
    assert isinstance(failure, Failure)
    assert failure.source == "standard input"
    fields = RecordFields("id", "t", None)
    rows = io.BytesIO(b'{"id": 1, "t": "one"}\n{"id": 2, "t": "two"}\n')
    assert len(names("-", scratch=tmp_path, stdin=rows, fields=fields)) == 2


def test_records_from_standard_input_need_ids(tmp_path: Path) -> None:
    # Before anything is read.
    with pytest.raises(RequestError, match=r"need --id-field: .* would replace them"):
        Targets(["-"], Setting(CLIENT, tmp_path, fields=RecordFields(None, "t", None)))


def test_a_file_of_other_records_in_a_folder_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"other": 1}\n')
    (tmp_path / "b.ndjson").write_text('{"t": "one"}\n')
    fields = RecordFields(None, "t", None)
    found = list(Targets([str(tmp_path)], Setting(CLIENT, tmp_path, fields=fields)))
    assert [type(each) for each in found] == [Failure, Candidate]


def test_files_that_are_named_are_checked_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"t": "one"}\n')
    (tmp_path / "b.csv").write_text("other\n1\n")
    targets = [str(tmp_path / "a.ndjson"), str(tmp_path / "b.csv")]
    with pytest.raises(RequestError, match=r"b\.csv: there is no field 't'; there are: other$"):
        Targets(targets, Setting(CLIENT, tmp_path, fields=RecordFields(None, "t", None)))


@pytest.mark.parametrize("name", ["dump", "dump.txt", "dump.log", "dump.csv"])
def test_json_lines_that_are_named_are_records_whatever_they_are_called(
    tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    file.write_text('{"id": "a", "t": "one"}\n{"id": "b", "t": "two"}\n')
    fields = RecordFields("id", "t", None)
    assert names(str(file), scratch=tmp_path, fields=fields) == [f"{file}#a", f"{file}#b"]


def test_json_lines_under_another_name_are_a_text_where_nobody_asks_for_records(
    tmp_path: Path,
) -> None:
    file = tmp_path / "dump.txt"
    file.write_text('{"id": "a", "t": "one"}\n')
    fields = RecordFields("id", "t", None)
    assert names(str(file), scratch=tmp_path) == [str(file)]
    assert names(str(tmp_path), scratch=tmp_path, fields=fields) == [str(file)]


def test_in_a_retry_each_file_of_other_records_fails_alone(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.ndjson", tmp_path / "bad.csv"
    good.write_text('{"t": "one"}\n{"t": "two"}\n')
    bad.write_text("other\n1\n")
    setting = Setting(
        CLIENT,
        tmp_path,
        fields=RecordFields(None, "t", None),
        only={str(good): frozenset({f"{good}#2"}), str(bad): frozenset({f"{bad}#1"})},
        again=True,
    )
    failure, candidate = Targets([str(bad), str(good)], setting)
    assert isinstance(failure, Failure)
    assert failure.source == str(bad)
    assert failure.message == "there is no field 't'; there are: other"
    assert isinstance(candidate, Candidate)
    assert candidate.name == f"{good}#2"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nowhere.txt", "there is no file or folder"),
        ("no/such/*.pdf", "no/such"),
        ("gopher://x/y", "only http, https, es and file are read"),
        ("es://", "es://"),
    ],
)
def test_what_is_no_target(tmp_path: Path, target: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        names(target, scratch=tmp_path, fields=RecordFields(None, "t", None))
