import gzip
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_jina.errors import ItemError, RequestError
from es_jina.ingest.records import RecordFields, read_records, read_stream, record_format
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate

from .files import picture
from .reading import TEXT, ndjson, sources, told
from .tables import write_csv, write_ndjson, write_parquet

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


# Images that cannot be had


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
