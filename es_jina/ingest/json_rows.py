"""Rows from JSON: an object a line, or one array of objects, or one object over several lines."""

from collections.abc import Iterator
from typing import BinaryIO

import orjson

from es_jina.errors import ItemError
from es_jina.ingest.record_sources import Row

# The longest line, and the largest array or object over several lines.
MAX_BYTES = 50_000_000
_BOM = b"\xef\xbb\xbf"
_SKIPPED_AT_ONCE = 1 << 20


def json_lines(stream: BinaryIO) -> Iterator[Row]:
    """Yield a row for each line that is not blank, numbered as the lines are.

    No more than one line is in memory; one over :data:`MAX_BYTES` is skipped.

    Raises:
        ItemError: it is not UTF-8 text at all.
    """
    for number, line in _lines(stream):
        place = f"line {number}"
        if line is None:
            too_long = f"{place} is over {MAX_BYTES // 1_000_000} MB"
            yield Row(number, place, ItemError(too_long))
            continue
        if number == 1:
            if b"\0" in line:
                raise ItemError("not UTF-8 text: it holds NUL bytes")
            line = line.removeprefix(_BOM)  # noqa: PLW2901
        if not line.isspace():
            yield _row(number, place, line)


def json_document(stream: BinaryIO) -> Iterator[Row]:
    """Yield a row for each object of an array, or for the only object.

    Raises:
        ItemError: it is neither, damaged, or over :data:`MAX_BYTES`.
    """
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ItemError(
            f"an array over {MAX_BYTES // 1_000_000} MB cannot be read piece by piece: save it as "
            "JSON lines, an object a line"
        )
    try:
        rows = orjson.loads(content.removeprefix(_BOM))
    except orjson.JSONDecodeError as error:
        raise ItemError(f"the JSON is damaged: {error}") from error
    if isinstance(rows, dict):
        rows = [rows]
    if not isinstance(rows, list):
        raise ItemError("neither an array of objects nor an object")
    for number, values in enumerate(rows, start=1):
        place = f"row {number}"
        yield Row(number, place, values if isinstance(values, dict) else _no_object(place, values))


def is_object(content: bytes) -> bool:
    """Say whether a line, or a file, is one whole JSON object."""
    try:
        return isinstance(orjson.loads(content.removeprefix(_BOM)), dict)
    except orjson.JSONDecodeError:
        return False


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield lines with their numbers; nothing in place of one that is too long."""
    number = 0
    while line := stream.readline(MAX_BYTES + 1):
        number += 1
        if len(line) <= MAX_BYTES or line.endswith(b"\n"):
            yield number, line
            continue
        while (rest := stream.readline(_SKIPPED_AT_ONCE)) and not rest.endswith(b"\n"):
            pass
        yield number, None


def _row(number: int, place: str, line: bytes) -> Row:
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Row(number, place, ItemError(f"{place} is no JSON: {error.msg} (byte {error.pos})"))
    return Row(number, place, values if isinstance(values, dict) else _no_object(place, values))


def _no_object(place: str, values: object) -> ItemError:
    return ItemError(f"{place} is no JSON object but a {type(values).__name__}")
