import gzip
import io
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.errors import ItemError, RequestError
from es_jina.ingest.records import RecordFields, read_records, read_stream, record_format
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate, Source

from .files import picture
from .tables import pa, write_csv, write_ndjson, write_parquet

TEXT = RecordFields(id="id", text="text", image=None)
Found = Candidate | Failure


def sources(found: Iterable[Found]) -> list[Source]:
    """Read every candidate; a failure fails the test."""
    read = []
    for each in found:
        assert isinstance(each, Candidate), each
        source = each.read()
        assert source is not None
        assert (source.uri, source.name, source.sha256) == (each.uri, each.name, each.sha256)
        assert each.stamp is None
        read.append(source)
    return read


def told(found: Iterable[Found]) -> list[str]:
    """Return the text of each record, or what its failure says."""
    return [
        each.message if isinstance(each, Failure) else sources([each])[0].text or ""
        for each in found
    ]


def ndjson(folder: Path, *records: Any) -> Path:
    return write_ndjson(folder / "data.ndjson", records)


# What a record becomes


def test_a_record_is_a_source_of_its_own(tmp_path: Path) -> None:
    path = ndjson(tmp_path, {"id": "a/ü 1", "text": "# Hello\nWorld", "lang": "en"})
    fields = RecordFields(id="id", text="text", image=None, keep=("lang", "absent"))
    (source,) = sources(read_records(path, fields))
    assert source.uri == f"{path.as_uri()}#a%2F%C3%BC%201"
    assert source.name == f"{path}#a/ü 1"
    assert source.mime == "application/json"
    assert (source.title, source.text) == ("Hello", "# Hello\nWorld")
    assert source.fields == {"lang": "en"}
    assert source.size > 0
    assert source.image is None
    assert not source.temporary


def test_without_an_id_field_the_number_of_the_row_names_it(tmp_path: Path) -> None:
    path = ndjson(tmp_path, {"text": "one"}, {"text": "two"})
    found = sources(read_records(path, RecordFields(id=None, text="text", image=None)))
    assert [source.name for source in found] == [f"{path}#1", f"{path}#2"]


def test_dotted_names_lead_into_objects_unless_a_key_is_called_so(tmp_path: Path) -> None:
    path = ndjson(
        tmp_path,
        {"id": 1, "author": {"name": "inner"}},
        {"id": 2, "author": {"name": "inner"}, "author.name": "literal"},
        {"id": 3, "author": None},
        {"id": 4, "author": "nobody"},
    )
    found = told(read_records(path, RecordFields(id="id", text="author.name", image=None)))
    empty, missing = "the field 'author.name' is empty", "the field 'author.name' is missing"
    assert found == ["inner", "literal", empty, missing]


@pytest.mark.parametrize("suffix", ["ndjson", "parquet"])
def test_dotted_names_lead_through_lists_of_objects(tmp_path: Path, suffix: str) -> None:
    parts: list[Any] = [
        [{"b": "one", "deep": [{"c": "x"}, {"c": "y"}]}, {"b": "two", "deep": None}],
        [{"b": ["three"], "deep": []}] if suffix == "ndjson" else [{"b": "three", "deep": []}],
        [None, {"b": "four", "deep": [{"c": "z"}]}],
        [],
        None,
    ]
    records = [{"id": n, "obj": value, "in": {"obj": value}} for n, value in enumerate(parts)]
    path = WRITERS[suffix](tmp_path / f"a.{suffix}", records)
    empty = "the field {!r} is empty"
    for name, texts in (
        ("obj.b", ["one\n\ntwo", "three", "four"]),
        ("in.obj.b", ["one\n\ntwo", "three", "four"]),
        ("obj.deep.c", ["x\n\ny", empty.format("obj.deep.c"), "z"]),
    ):
        fields = RecordFields("id", name, None)
        assert told(read_records(path, fields)) == [*texts, *[empty.format(name)] * 2]
    fields = RecordFields("id", "obj.b", None, ("obj.deep.c",))
    first, *_ = sources(each for each in read_records(path, fields) if isinstance(each, Candidate))
    assert first.fields["obj.deep.c"][:2] == ["x", "y"]
    path = WRITERS[suffix](path, records[:3])
    with pytest.raises(RequestError, match=r"there is no field 'obj\.x'"):
        list(read_records(path, RecordFields("id", "obj.x", None)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (0.5, "0.5"),
        (True, "true"),
        (["one", None, "two", 3], "one\n\ntwo\n\n3"),
        ("a\r\nb\rc", "a\nb\nc"),
        ({"en": "x"}, "the field 'text' holds an object: name a field in it, such as text.en"),
        ([["x"]], "the field 'text' holds lists in a list, not a text"),
        (None, "the field 'text' is empty"),
        (" \n", "the field 'text' is empty"),
        ([], "the field 'text' is empty"),
    ],
)
def test_what_a_text_field_may_hold(tmp_path: Path, value: Any, text: str) -> None:
    assert told(read_records(ndjson(tmp_path, {"id": 1, "text": value}), TEXT)) == [text]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "the id field 'id' holds null, not a text or a number"),
        ("  ", "the id field 'id' is empty"),
        (True, "the id field 'id' holds true or false, not a text or a number"),
        ([1], "the id field 'id' holds a list, not a text or a number"),
        ({"x": 1}, "the id field 'id' holds an object, not a text or a number"),
        (1e20, "the id field 'id' holds a number too large to be exact; quote it"),
        ("x" * 1001, "the id field 'id' holds 1001 characters; 1000 is the most"),
    ],
)
def test_what_an_id_may_not_be(tmp_path: Path, value: Any, message: str) -> None:
    path = ndjson(tmp_path, {"id": "a", "text": "x"}, {"id": value, "text": "y"})
    good, bad = read_records(path, TEXT)
    assert isinstance(good, Candidate)
    assert bad == Failure(f"{path}#line 2", None, "read", "ItemError", message)


def test_an_id_that_comes_twice_is_named_and_the_first_one_stays(tmp_path: Path) -> None:
    path = ndjson(tmp_path, {"id": "a", "text": "x"}, {"id": "a", "text": "y"})
    first, second = read_records(path, TEXT)
    assert isinstance(first, Candidate)
    assert isinstance(second, Failure)
    assert second.source == f"{path}#line 2"
    assert second.message == "line 2 has the id 'a' of an earlier record; ids must differ"


def test_a_record_without_a_text_may_have_an_image(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    path = ndjson(
        tmp_path,
        {"id": 1, "text": "both", "picture": "a.png"},
        {"id": 2, "text": None, "picture": "a.png"},
        {"id": 3, "picture": "a.png"},
        {"id": 4, "text": "words", "picture": None},
        {"id": 5, "text": ""},
    )
    *found, last = read_records(path, RecordFields(id="id", text="text", image="picture"))
    told = [(source.text, source.image, source.title) for source in sources(found)]
    file = tmp_path / "a.png"
    assert told == [
        ("both", file, "both"),
        (None, file, "2"),
        (None, file, "3"),
        ("words", None, "words"),
    ]
    assert isinstance(last, Failure)
    assert last.message == "neither the field 'text' nor the field 'picture' holds anything"


def test_a_record_needs_something_to_embed() -> None:
    with pytest.raises(RequestError, match="--text-field, --image-field or both"):
        RecordFields(id="id", text=None, image=None)


def test_only_the_records_that_are_named_come(tmp_path: Path) -> None:
    path = ndjson(tmp_path, *({"id": number, "text": "x"} for number in range(5)), {"text": "y"})
    names = frozenset({f"{path}#3", f"{path}#line 6"})
    assert [
        each.source if isinstance(each, Failure) else each.name
        for each in read_records(path, TEXT, only=names)
    ] == [f"{path}#3", f"{path}#line 6"]
    assert len(list(read_records(path, TEXT, only=frozenset({f"{path}#3"})))) == 1


# Digests


def digest(folder: Path, fields: RecordFields, **record: Any) -> str:
    (found,) = read_records(ndjson(folder, record), fields)
    assert isinstance(found, Candidate)
    assert found.sha256 is not None
    return found.sha256


def test_the_digest_is_of_what_matters_and_of_nothing_else(tmp_path: Path) -> None:
    fields = RecordFields(id="id", text="text", image=None, keep=("lang",))
    first = digest(tmp_path, fields, id=1, text="x", lang={"a": 1, "b": 2}, other=1)
    assert digest(tmp_path, fields, other=2, lang={"b": 2, "a": 1}, text="x", id=1) == first
    assert digest(tmp_path, fields, id=1, text="y", lang={"a": 1, "b": 2}) != first
    assert digest(tmp_path, fields, id=1, text="x", lang={"a": 1, "b": 3}) != first
    assert digest(tmp_path, fields, id=1, text="x") != first


def test_a_host_that_is_away_is_not_asked_for_each_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("es_jina.ingest.web.time.sleep", pauses.append)
    images = [{"id": n, "image": f"http://127.0.0.1:1/{n}.png"} for n in range(5)]
    fields = RecordFields(id="id", text=None, image="image")
    for number, found in enumerate(read_records(ndjson(tmp_path, *images), fields)):
        assert isinstance(found, Candidate)
        with pytest.raises(ItemError, match=rf"tried 4 times.*/{number}\.png\)$"):
            found.read()
    assert len(pauses) == 3


def test_the_digest_changes_with_the_file_of_the_image(tmp_path: Path) -> None:
    fields = RecordFields(id="id", text=None, image="image")
    picture(tmp_path / "a.png", "teal")
    first = digest(tmp_path, fields, id=1, image="a.png")
    assert digest(tmp_path, fields, id=1, image=str(tmp_path / "a.png")) == first
    picture(tmp_path / "a.png", "red", (300, 200))
    assert digest(tmp_path, fields, id=1, image="a.png") != first


# Names that are wrong


def test_a_field_that_no_record_has_is_one_error_that_names_those_there_are(
    tmp_path: Path,
) -> None:
    path = ndjson(tmp_path, *({"id": n, "body": "x", "title": "y"} for n in range(1000)))
    with pytest.raises(RequestError, match=r"no field 'text'; there are: id, body, title$"):
        list(read_records(path, TEXT))


def test_a_field_that_appears_within_the_first_hundred_is_there(tmp_path: Path) -> None:
    records: list[Any] = [{"id": number} for number in range(99)]
    found = list(read_records(ndjson(tmp_path, *records, {"id": 99, "text": "x"}), TEXT))
    assert [isinstance(each, Failure) for each in found] == [True] * 99 + [False]


def test_a_wrong_id_field_is_one_error_too(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no field 'id'; there are: text$"):
        list(read_records(ndjson(tmp_path, {"text": "x"}), TEXT))


# JSON


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


# Kinds


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.ndjson", "", "ndjson"),
        ("a.JSONL", "{}", "ndjson"),
        ("a.csv", "a,b", "csv"),
        ("a.tsv", "a\tb", "csv"),
        ("a.parquet", "rubbish", "parquet"),
        ("data", "PAR1...", "parquet"),
        ("a.csv", "PAR1...", "parquet"),
        ("a.json", '\n{"a": 1}\n{"a": 2}\n', "ndjson"),
        ("a.json", '{"a": 1}', "ndjson"),
        ("a.json", ' [\n {"a": 1}]', "ndjson"),
        ("a.json", '{\n"a": 1\n}', None),
        ("a.json", "[1, 2]", None),
        ("a.json", "", None),
        ("a.txt", '{"a": 1}', None),
        ("data", "a,b", None),
    ],
)
def test_the_format_is_told_by_content_then_by_name(
    tmp_path: Path, name: str, content: str, kind: str | None
) -> None:
    (tmp_path / name).write_text(content)
    assert record_format(tmp_path / name) == kind


OBJECT = '{\n"id": 1,\n"text": "one"\n}\n'


@pytest.mark.parametrize(
    ("name", "content", "asked", "named", "kind"),
    [
        ("a.json", OBJECT, True, False, "ndjson"),
        ("a.json", OBJECT, False, False, None),
        ("a.json", "{ no JSON\n}", True, True, None),
        ("dump.txt", '\n{"a": 1}\n{"a": 2}\n', True, True, "ndjson"),
        ("dump.csv", '{"a": 1}\n', True, True, "ndjson"),
        ("dump", '\ufeff{"a": 1}', True, True, "ndjson"),
        ("dump", '{"a": 1}', True, False, None),
        ("dump", '{"a": 1}', False, True, None),
        ("dump.txt", "{a: 1}", True, True, None),
        ("dump.txt", OBJECT, True, True, None),
        ("dump.txt", "a,b\n", True, True, None),
        ("a.csv", "a,b\n", True, True, "csv"),
    ],
)
def test_the_format_where_records_are_asked_for(
    tmp_path: Path, name: str, content: str, asked: bool, named: bool, kind: str | None
) -> None:
    (tmp_path / name).write_text(content)
    assert record_format(tmp_path / name, asked=asked, named=named) == kind


def test_a_json_file_of_one_object_is_one_record(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(OBJECT)
    (source,) = sources(read_records(path, TEXT))
    assert (source.name, source.text) == (f"{path}#1", "one")


@pytest.mark.parametrize("suffix", ["json", "ndjson", "jsonl"])
def test_an_array_on_one_line_is_read_whatever_it_is_called(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_text('[{"id": 1, "text": "one"}, {"id": 2, "text": "two"}]\n')
    assert told(read_records(path, TEXT)) == ["one", "two"]


def test_a_folder_and_nothing_have_no_format(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    assert record_format(tmp_path / "a.csv") is None
    assert record_format(tmp_path / "b.csv") is None


# Standard input


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (b'{"id": 1, "text": "one"}\n{"id": 2, "text": "two"}\n', "application/json"),
        (b'[{"id": 1, "text": "one"}, {"id": 2, "text": "two"}]', "application/json"),
        (b"id;text\n1;one\n2;two\n", "text/csv"),
    ],
)
def test_standard_input_is_json_or_else_csv(content: bytes, mime: str) -> None:
    stream = io.BytesIO(content)
    found = sources(read_stream(stream, TEXT))
    assert [(each.uri, each.name, each.text, each.mime) for each in found] == [
        ("stdin:#1", "standard input#1", "one", mime),
        ("stdin:#2", "standard input#2", "two", mime),
    ]
    assert not stream.closed


def test_paths_from_standard_input_are_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = picture(tmp_path / "a.png")
    fields = RecordFields(id=None, text=None, image="image")
    (source,) = sources(read_stream(io.BytesIO(b'{"image": "a.png"}'), fields))
    assert source.image == file


def test_an_empty_standard_input_is_named() -> None:
    (failure,) = read_stream(io.BytesIO(b""), TEXT)
    assert isinstance(failure, Failure)
    assert (failure.source, failure.message) == ("standard input", "there is nothing in it")


def test_parquet_cannot_be_piped_in() -> None:
    with pytest.raises(RequestError, match="give the file by its path"):
        list(read_stream(io.BytesIO(b"PAR1...."), TEXT))


def test_what_is_compressed_is_to_be_unpacked_on_the_way() -> None:
    packed = gzip.compress(b'{"id": 1, "text": "x"}\n')
    with pytest.raises(RequestError, match=r"is compressed: unpack it on the way, with zcat"):
        list(read_stream(io.BytesIO(packed), TEXT))


# The same table in every format

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"id": TEXTS.filter(str.strip), "text": TEXTS.filter(str.strip), "lang": TEXTS}
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda record: record["id"],
)
WRITERS: Mapping[str, Callable[[Path, Any], Path]] = {
    "ndjson": write_ndjson,
    "csv": write_csv,
    "parquet": write_parquet,
}


@given(records=RECORDS)
def test_every_format_gives_the_same_sources(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    fields = RecordFields(id="id", text="text", image=None, keep=("lang",))
    found = []
    for suffix, write in WRITERS.items():
        path = write(folder / f"data.{suffix}", records)
        found.append(
            [
                (each.name.removeprefix(str(path)), each.sha256, each.title, each.text, each.fields)
                for each in sources(read_records(path, fields))
            ]
        )
    assert found[0] == found[1] == found[2]
    assert [fields["lang"] for *_, fields in found[0]] == [record["lang"] for record in records]


# What only Parquet has


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


@pytest.mark.parametrize("image", ["gone.png", "data:image/png;base64,?!", 7])
def test_the_text_beside_an_image_that_cannot_be_had_stays(tmp_path: Path, image: Any) -> None:
    path = ndjson(tmp_path, {"id": 1, "text": "words", "image": image}, {"id": 2, "image": image})
    both, alone = read_records(path, RecordFields("id", "text", "image"))
    (source,) = sources([both])
    assert (source.text, source.image) == ("words", None)
    assert str(source.broken_image).startswith("the image field 'image': ")
    assert isinstance(alone, Candidate)
    with pytest.raises(ItemError, match="the image field 'image': "):
        alone.read()


def test_an_image_that_cannot_be_had_fails_when_it_is_read(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    path = ndjson(tmp_path, {"id": 1, "image": "a.png"})
    (found,) = read_records(path, RecordFields("id", None, "image"))
    assert isinstance(found, Candidate)
    (tmp_path / "a.png").unlink()
    with pytest.raises(ItemError, match=r"image field 'image': cannot be read: No such file"):
        found.read()
