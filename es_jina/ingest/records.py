"""Files of records, each a source of its own: NDJSON, CSV, Parquet."""

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, cast

from es_jina.errors import ItemError, RequestError
from es_jina.ingest.csv_rows import csv_rows
from es_jina.ingest.json_rows import MAX_BYTES, is_object, json_document, json_lines
from es_jina.ingest.parquet_rows import parquet_rows
from es_jina.ingest.record_fields import RecordFields
from es_jina.ingest.record_sources import Origin, Row, candidates
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate

__all__ = ["RecordFields", "RecordFormat", "read_records", "read_stream", "record_format"]

RecordFormat = Literal["ndjson", "csv", "parquet"]

STDIN = "standard input"
_SUFFIXES: dict[str, RecordFormat] = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
_MIMES: dict[RecordFormat, str] = {
    "ndjson": "application/json",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
_PARQUET = b"PAR1"
_GZIP = b"\x1f\x8b"
_ARRAY = re.compile(rb"(\xef\xbb\xbf)?\s*\[")
_ARRAY_OF_OBJECTS = re.compile(rb"(\xef\xbb\xbf)?\s*\[\s*\{")
_OBJECT = re.compile(rb"(\xef\xbb\xbf)?\s*\{")


def record_format(path: Path, *, asked: bool = False, named: bool = False) -> RecordFormat | None:
    """Say which records a file holds, by its first bytes, then by its name; ``None`` for none.

    A ``.json`` file holds records where its first line is an object, or where it is an array of
    objects.

    Args:
        path: of the file.
        asked: fields of records were said: a ``.json`` file of one object over several lines holds
            a record too.
        named: so was the file itself, and where its first line is an object it holds records,
            whatever it is called.
    """
    suffix = path.suffix.lower()
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            if file.peek(len(_PARQUET)).startswith(_PARQUET):
                return "parquet"
            if suffix == ".json":
                return "ndjson" if _json_records(file, asked=asked) else None
            if asked and named and _OBJECT.match(file.peek()) and is_object(_first_line(file)):
                return "ndjson"
    except OSError:
        # Whoever reads it will say what is wrong.
        pass
    return _SUFFIXES.get(suffix)


def read_records(
    path: Path, fields: RecordFields, only: frozenset[str] | None = None, *, named: bool = False
) -> Iterator[Candidate | Failure]:
    """Yield each record of a file, or why it cannot be ingested.

    A record is named ``PATH#ID``; one without a valid id, ``PATH#line 7``.

    Args:
        path: of a file that :func:`record_format` knows.
        fields: which ones matter.
        only: the names of the records to yield; all by default.
        named: as there.

    Raises:
        RequestError: the records have no such fields, or pyarrow is missing.
    """
    whole = str(path)
    kind = record_format(path, asked=True, named=named)
    origin = Origin(
        whole=whole,
        uri=f"{path.absolute().as_uri()}#",
        name=f"{whole}#",
        mime=_MIMES[kind or "ndjson"],
        folder=path.absolute().parent,
    )
    try:
        yield from candidates(_rows_of_file(path, kind, fields.names), origin, fields, only)
    except ItemError as error:
        yield Failure.of(whole, None, "read", error)
    except OSError as error:
        yield Failure.of(whole, None, "read", ItemError(f"cannot be read: {error.strerror}"))


def read_stream(
    stream: BinaryIO, fields: RecordFields, only: frozenset[str] | None = None
) -> Iterator[Candidate | Failure]:
    """Yield each record of standard input: JSON lines, an array of objects, or CSV.

    Args:
        stream: read to its end; not closed.
        fields: which ones matter.
        only: the names of the records to yield; all by default.

    Raises:
        RequestError: the records have no such fields, or are Parquet or compressed.
    """
    buffered = (
        stream
        if isinstance(stream, io.BufferedReader)
        else io.BufferedReader(cast("io.RawIOBase", stream))
    )
    try:
        kind, rows = _rows_of_stream(buffered, fields.names)
        origin = Origin(STDIN, "stdin:#", f"{STDIN}#", _MIMES[kind], Path.cwd())
        yield from candidates(rows, origin, fields, only)
    except ItemError as error:
        yield Failure.of(STDIN, None, "read", error)
    except OSError as error:
        yield Failure.of(STDIN, None, "read", ItemError(f"cannot be read: {error.strerror}"))
    finally:
        if buffered is not stream:
            buffered.detach()


def _json_records(file: io.BufferedReader, *, asked: bool) -> bool:
    if _ARRAY_OF_OBJECTS.match(file.peek()):
        return True
    line = _first_line(file)
    if is_object(line) or not asked:
        return is_object(line)
    return _OBJECT.match(line) is not None and is_object(line + file.read(MAX_BYTES))


def _first_line(file: io.BufferedReader) -> bytes:
    """Return the first line that is not blank."""
    while line := file.readline(MAX_BYTES):
        if not line.isspace():
            return line
    return b""


def _rows_of_file(path: Path, kind: RecordFormat | None, names: Sequence[str]) -> Iterator[Row]:
    if not path.stat().st_size:
        raise ItemError("the file is empty")
    if kind == "parquet":
        yield from parquet_rows(path, names, str(path))
        return
    with path.open("rb") as file:
        if kind == "csv":
            tabs = path.suffix.lower() == ".tsv"
            yield from csv_rows(file, names, str(path), tabs=tabs)
        elif _is_document(file, path.suffix.lower()):
            yield from json_document(file)
        else:
            yield from json_lines(file)


def _is_document(file: io.BufferedReader, suffix: str) -> bool:
    """Say whether records are read as one JSON document, not line by line."""
    if _ARRAY_OF_OBJECTS.match(file.peek()):
        return True
    one_object = suffix == ".json" and not is_object(_first_line(file))
    file.seek(0)
    return one_object


def _rows_of_stream(
    stream: io.BufferedReader, names: Sequence[str]
) -> tuple[RecordFormat, Iterator[Row]]:
    start = stream.peek()
    if not start:
        raise ItemError("there is nothing in it")
    if start.startswith(_PARQUET):
        raise RequestError("Parquet cannot be piped in: give the file by its path")
    if start.startswith(_GZIP):
        raise RequestError(
            "what is piped in is compressed: unpack it on the way, with zcat FILE | es-jina ..."
        )
    if _ARRAY.match(start):
        return "ndjson", json_document(stream)
    if _OBJECT.match(start):
        return "ndjson", json_lines(stream)
    return "csv", csv_rows(stream, names, STDIN)
