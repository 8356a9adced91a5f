from pathlib import Path

from es_jina.ingest.report import Failure
from es_jina.ingest.retry import retry


def failures(*sources: str) -> list[Failure]:
    return [Failure(source, 1, "read", "ItemError", "x") for source in sources]


def test_files_and_addresses_are_tried_again_once(tmp_path: Path) -> None:
    file = tmp_path / "a#b.pdf"
    file.touch()
    url = "https://example.org/a.pdf#page=2"
    found = retry(failures(str(file), str(file), url))
    assert found.targets == [str(file), url]
    assert (found.only, found.hopeless) == ({}, [])


def test_records_are_looked_for_in_their_file(tmp_path: Path) -> None:
    file = tmp_path / "a#b.ndjson"
    file.touch()
    found = retry(failures(f"{file}#7", f"{file}#x#y", "es://old/1", "es://old/a/b"))
    assert found.targets == [str(file), "es://old"]
    assert found.only == {
        str(file): {f"{file}#7", f"{file}#x#y"},
        "es://old": {"es://old/1", "es://old/a/b"},
    }


def test_the_id_of_a_record_may_be_an_address(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    file.touch()
    record = f"{file}#https://example.org/a"
    found = retry(failures(record))
    assert found.targets == [str(file)]
    assert found.only == {str(file): {record}}


def test_an_index_that_failed_as_a_whole_is_taken_whole() -> None:
    found = retry(failures("es://old", "es://old/1"))
    assert (found.targets, found.only) == (["es://old"], {})


def test_a_file_that_failed_as_a_whole_is_taken_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    file.touch()
    whole, record, nameless = str(file), f"{file}#7", f"{file}#line 9"
    for sources in ((record, whole), (whole, record), (record, nameless)):
        found = retry(failures(*sources))
        assert (found.targets, found.only) == ([str(file)], {})


def test_what_cannot_be_read_again_is_said(tmp_path: Path) -> None:
    found = retry(failures("standard input#3", str(tmp_path / "gone.pdf")))
    assert found.targets == []
    assert [each.message for each in found.hopeless] == [
        "it came from standard input: pipe it in again",
        "the file is not there any more: it is taken off the list",
    ]
