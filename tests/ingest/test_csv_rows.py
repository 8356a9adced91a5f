import io
import time
from pathlib import Path

import pytest

from es_jina.errors import RequestError
from es_jina.ingest.records import RecordFields, read_records, read_stream
from es_jina.ingest.report import Failure

FIELDS = RecordFields(id="id", text="text", image=None)


def table(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def told(path: Path, fields: RecordFields = FIELDS) -> list[str]:
    """Return the end of each record's name and its text, or what its failure says."""
    lines = []
    for each in read_records(path, fields):
        if isinstance(each, Failure):
            lines.append(f"{each.source.removeprefix(str(path))}: {each.message}")
        else:
            source = each.read()
            assert source is not None
            lines.append(f"{source.name.removeprefix(str(path))}={source.text}")
    return lines


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiter_line_ends_and_encoding_are_found_out(
    tmp_path: Path, delimiter: str, end: str, encoding: str
) -> None:
    rows = [["id", "title, long", "text"], ["1", "x", "über"], ["2", "y", '"two\nlines"']]
    rows[0][1] = f'"{rows[0][1]}"'
    content = end.join(delimiter.join(row) for row in rows)
    assert told(table(tmp_path, content.encode(encoding))) == ["#1=über", "#2=two\nlines"]


def test_the_delimiter_is_the_one_that_finds_the_columns(tmp_path: Path) -> None:
    assert told(table(tmp_path, "id;text;a,b,c,d,e\n1;one;x\n")) == ["#1=one"]


def test_tsv_has_tabs(tmp_path: Path) -> None:
    assert told(table(tmp_path, "id\ttext\n1\ta,b\n", "data.tsv")) == ["#1=a,b"]


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    path = table(tmp_path, "\n\ntext\none\n\n\ntwo\n")
    assert told(path, RecordFields(None, "text", None)) == ["#1=one", "#2=two"]


def test_a_wrong_name_is_told_with_the_columns_that_there_are(tmp_path: Path) -> None:
    path = table(tmp_path, "id,body\n1,x\n")
    with pytest.raises(RequestError, match=r"data\.csv: there is no field 'text'; .* id, body$"):
        told(path)


def test_a_column_that_is_there_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there are 2 columns 'text'"):
        told(table(tmp_path, "id,text,text\n1,x,y\n"))


def test_kept_columns_are_texts(tmp_path: Path) -> None:
    path = table(tmp_path, "id,text,price\n1,x,007\n")
    (found,) = read_records(path, RecordFields("id", "text", None, ("price",)))
    assert not isinstance(found, Failure)
    source = found.read()
    assert source is not None
    assert (source.fields, source.mime) == ({"price": "007"}, "text/csv")


def test_broken_rows_fail_alone(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        b'id,text\n1,one\n2\n3,three,more\n4,four,,\n5,"five"x\n6,s\0x\n7,se\xffven\n8,eight\n',
    )
    assert told(path) == [
        "#1=one",
        "#line 3: line 3 has 1 fields where the header has 2",
        "#line 4: line 4 has 3 fields where the header has 2",
        "#4=four",
        "#line 6: line 6 cannot be read: ',' expected after '\"'; check its quotes",
        "#line 7: line 7 holds NUL bytes",
        "#7: not valid Unicode (str is not valid UTF-8: surrogates not allowed); "
        "save the data as UTF-8",
        "#8=eight",
    ]


def test_a_quote_that_is_never_closed_costs_its_own_row_only(tmp_path: Path) -> None:
    rows = "".join(f"{number},row {number}\n" for number in range(3, 1000))
    path = table(tmp_path, f'id,text\n1,one\n2,"5 inch\n{rows}1000,"a\nb"\n1001,"open\n1002,last')
    found = told(path)
    assert found[0] == "#1=one"
    assert found[1].startswith("#line 3: line 3 cannot be read: ")
    assert found[2:-3] == [f"#{number}=row {number}" for number in range(3, 1000)]
    assert found[-3] == "#1000=a\nb"
    assert (
        found[-2]
        == "#line 1003: line 1003 cannot be read: unexpected end of data; check its quotes"
    )
    assert found[-1] == "#1002=last"


def test_a_line_that_is_too_long_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("es_jina.ingest.csv_rows.MAX_CHARACTERS", 1000)
    path = table(tmp_path, f"id,text\n1,one\n2,{'x' * 5000}\n3,three\n")
    assert told(path) == ["#1=one", "#line 3: line 3 is over 0 MB", "#3=three"]


def test_broken_quotes_everywhere_do_not_take_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("es_jina.ingest.csv_rows._MOST_AGAIN", 1_000_000)
    # Each of these opens a quote; the next one's quote ends in the middle of a field.
    path = table(tmp_path, "id,text\n" + "".join(f'{n},"x {"y" * 100}\n' for n in range(20_000)))
    start = time.perf_counter()
    found = told(path)
    assert time.perf_counter() - start < 10
    assert all("check its quotes" in each for each in found)


def test_large_fields_are_read(tmp_path: Path) -> None:
    text = "word " * 100_000
    assert told(table(tmp_path, f'id,text\n1,"{text}"\n')) == [f"#1={text}"]


def test_utf_16_that_ends_in_the_middle_of_a_letter_fails_as_a_file(tmp_path: Path) -> None:
    path = table(tmp_path, "id,text\n1,one\n2,two".encode("utf-16")[:-1])
    assert told(path)[-1] == ": line 3: not valid UTF-16 text"


def test_standard_input_is_left_open() -> None:
    stream = io.BufferedReader(io.BytesIO(b"id,text\n1,x\n"))
    assert len(list(read_stream(stream, FIELDS))) == 1
    assert not stream.closed
