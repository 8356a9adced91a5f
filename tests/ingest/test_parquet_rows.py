import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from es_jina.errors import RequestError
from es_jina.ingest.records import RecordFields, read_records
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate

from .files import picture
from .reading import TEXT, sources, told
from .tables import pa, write_parquet


def test_columns_of_parquet_come_as_json_has_them(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [1, 2],
            "text": [["a", "b"], ["c"]],
            "day": [date(2024, 2, 29), None],
            "at": pa.array([1, 2], pa.timestamp("ns", "UTC")),
            "price": [Decimal("1.50"), Decimal("2.00")],
            "score": [float("nan"), 0.5],
            "tags": [[{"name": "x"}], []],
            "author": [{"name": "Ada", "born": datetime(1815, 12, 10)}, None],
        }
    )
    path = write_parquet(tmp_path / "data.parquet", table)
    keep = ("day", "at", "price", "score", "tags", "author.name", "author")
    first, second = sources(read_records(path, RecordFields("id", "text", None, keep)))
    assert (first.text, second.text) == ("a\n\nb", "c")
    assert first.fields == {
        "day": "2024-02-29",
        "at": "1970-01-01T00:00:00+00:00",
        "price": "1.50",
        "score": None,
        "tags": [{"name": "x"}],
        "author.name": "Ada",
        "author": {"name": "Ada", "born": "1815-12-10T00:00:00"},
    }
    assert second.fields["author.name"] is None
    assert first.mime == "application/vnd.apache.parquet"
    orjson.dumps(first.fields)


def test_bytes_cannot_be_kept(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", [{"id": 1, "text": "x", "blob": b"\0"}])
    (failure,) = read_records(path, RecordFields("id", "text", None, ("blob",)))
    assert isinstance(failure, Failure)
    assert failure.source == f"{path}#1"
    assert failure.message == "the field 'blob' holds bytes, which are no text; leave it out"


@pytest.mark.parametrize("embedded", ["plain", "struct"])
def test_images_in_parquet_are_bytes_or_bytes_with_a_path(tmp_path: Path, embedded: str) -> None:
    content = picture(tmp_path / "a.png").read_bytes()
    values: list[Any] = (
        [content, None]
        if embedded == "plain"
        else [
            {"bytes": content, "path": "gone.png"},
            {"bytes": None, "path": "a.png"},
        ]
    )
    path = write_parquet(
        tmp_path / "data.parquet",
        [{"id": n, "text": "t", "image": value} for n, value in enumerate(values)],
    )
    first, second = sources(read_records(path, RecordFields("id", "text", "image")))
    assert first.image == content
    assert second.image == (None if embedded == "plain" else tmp_path / "a.png")


def test_a_wrong_column_of_parquet_is_named(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", [{"id": 1, "text": "x", "in": {"a": 1}}])
    for name in ("in.b", "text.x", "nope"):
        with pytest.raises(RequestError, match=f"no field '{name}'; there are: id, text, in$"):
            list(read_records(path, RecordFields("id", "text", None, (name,))))


def test_a_value_that_python_has_not_fails_its_row_alone(tmp_path: Path) -> None:
    offsets = pa.array([0, 1, 2, 3], pa.int32()).buffers()[1]
    texts = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"a\xffc")])
    path = write_parquet(tmp_path / "a.parquet", pa.table({"id": [1, 2, 3], "text": texts}))
    first, second, third = read_records(path, TEXT)
    assert told([first, third]) == ["a", "c"]
    assert isinstance(second, Failure)
    assert second.source == f"{path}#row 2"
    assert second.message.startswith("row 2 cannot be read: the field 'text': 'utf-8' codec")


def test_nanoseconds_are_cut_off_however_deep_they_are(tmp_path: Path) -> None:
    at, told = pa.timestamp("ns"), "1970-01-01T00:00:00.000001"
    columns = {
        "list": pa.array([[1001, None], None, []], pa.list_(at)),
        "large": pa.array([[1001], None, []], pa.large_list(at)),
        "struct": pa.array([{"at": 1001}, None, {"at": None}], pa.struct([("at", at)])),
        "deep": pa.array([[{"at": [1001]}], None, []], pa.list_(pa.struct([("at", pa.list_(at))]))),
        "clock": pa.array([1001, None, 0], pa.time64("ns")),
        "took": pa.array([1001, None, 0], pa.duration("ns")),
    }
    table = pa.table({"id": [1, 2, 3], "text": ["x", "y", "z"], **columns})
    path = write_parquet(tmp_path / "a.parquet", table)
    first, second, third = sources(
        read_records(path, RecordFields("id", "text", None, (*columns,)))
    )
    assert first.fields == {
        "list": [told, None],
        "large": [told],
        "struct": {"at": told},
        "deep": [{"at": [told]}],
        "clock": "00:00:00.000001",
        "took": "0:00:00.000001",
    }
    assert set(second.fields.values()) == {None}
    assert third.fields["struct"] == {"at": None}


def test_a_time_that_python_has_not_is_told_with_its_field(tmp_path: Path) -> None:
    times = pa.array([0, 10**18], pa.timestamp("ms"))
    path = write_parquet(
        tmp_path / "a.parquet", pa.table({"id": [1, 2], "text": ["x", "y"], "at": times})
    )
    first, second = read_records(path, RecordFields("id", "text", None, ("at",)))
    assert isinstance(first, Candidate)
    assert isinstance(second, Failure)
    assert second.message == (
        "row 2 cannot be read: the field 'at' holds a time beyond the years 1 to 9999"
    )


def test_what_is_whole_of_a_damaged_parquet_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("es_jina.ingest.parquet_rows._BATCH_ROWS", 5)
    records = [{"id": n, "text": f"{n} " * 50_000} for n in range(60)]
    path = write_parquet(tmp_path / "a.parquet", records, row_group_size=20)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = b"\xaa" * 20_000
    path.write_bytes(content)
    *good, last = read_records(path, TEXT)
    assert all(isinstance(each, Candidate) for each in good)
    assert good
    assert isinstance(last, Failure)
    assert last.source == str(path)
    assert last.message.startswith("the Parquet file is damaged behind row ")


def test_without_pyarrow_parquet_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_parquet(tmp_path / "a.parquet", [{"id": 1, "text": "x"}])
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(RequestError, match=r"pip install 'es_jina\[parquet\]'"):
        list(read_records(path, TEXT))
