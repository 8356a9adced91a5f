"""Rows from CSV: delimiter and encoding found out, broken rows left out alone."""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence

from es_jina.errors import ItemError, RequestError
from es_jina.ingest.record_sources import Row, no_such_field

MAX_CHARACTERS = 50_000_000  # of a line, and of a field
_DELIMITERS = ",;\t|"
_SKIPPED_AT_ONCE = 1 << 20
# Lines that are read again because a quote before them was not closed, all of them together: where
# every quote is broken, the time must not grow with the square of the lines.
_MOST_AGAIN = 200_000_000


def csv_rows(
    stream: io.BufferedReader, names: Sequence[str], whole: str, *, tabs: bool = False
) -> Iterator[Row]:
    """Yield a row for each line of a table below its header.

    Where a quote is not closed, the row that it is in is left out and reading goes on in the next
    line.

    Args:
        stream: UTF-8, or UTF-16 with a byte order mark.
        names: of the columns to return.
        whole: names the table in errors.
        tabs: the delimiter is known to be the tab.

    Raises:
        ItemError: there is no header, or it is no text.
        RequestError: there is no column of one of the names.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CHARACTERS))
    lines = _Lines(stream)
    try:
        reader = csv.reader(lines, strict=True, delimiter=lines.delimiter(names, tabs=tabs))
        columns, width = _columns(_header(reader), names, whole)
        number = 0
        while (record := _record(reader, lines)) is not None:
            if record == []:
                continue
            number += 1
            place = f"line {lines.first}"
            values = record if isinstance(record, ItemError) else _checked(record, width, place)
            if isinstance(values, ItemError):
                yield Row(number, place, values)
            else:
                yield Row(number, place, {name: values[at] for name, at in columns.items()})
    except UnicodeError as error:
        raise ItemError(f"line {lines.number + 1}: not valid UTF-16 text") from error
    finally:
        lines.detach()


class _Lines:
    """The lines of a stream; those of the record in hand can be given back.

    Attributes:
        number: of the last line that was handed out.
        first: of the first line of the record in hand.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        wide = stream.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        self._text = io.TextIOWrapper(
            stream,
            encoding="utf-16" if wide else "utf-8-sig",
            # Bytes that are no UTF-8 spoil the fields they are in, not the file.
            errors="strict" if wide else "surrogateescape",
            newline="",
        )
        self._again: deque[str] = deque()
        self._may_again = _MOST_AGAIN
        self._record: list[str] = []
        self.number = 0
        self.first = 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(MAX_CHARACTERS + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > MAX_CHARACTERS and not line.endswith(("\n", "\r")):
            self._skip_rest()
            raise ItemError(f"line {self.number} is over {MAX_CHARACTERS // 1_000_000} MB")
        self._record.append(line)
        return line

    def start_record(self) -> None:
        """Forget the lines of the record before."""
        self._record = []
        self.first = self.number + 1

    def give_back(self) -> None:
        """Hand out the lines of the record in hand again, but for its first."""
        again = self._record[1:]
        size = sum(map(len, again))
        if size <= self._may_again:
            self._may_again -= size
            self._again.extendleft(reversed(again))
            self.number -= len(again)

    def delimiter(self, names: Sequence[str], *, tabs: bool) -> str:
        """Return the delimiter that finds the most of the wanted columns, then of any."""
        head = next((line for line in self if line.strip()), "")
        self._again.appendleft(head)
        self.number -= 1
        if tabs:
            return "\t"

        def columns(delimiter: str) -> tuple[int, int]:
            cells = next(csv.reader([head], delimiter=delimiter), [])
            return len({cell.strip() for cell in cells}.intersection(names)), len(cells)

        return max(_DELIMITERS, key=columns)

    def detach(self) -> None:
        """Leave the stream open; it belongs to somebody else."""
        self._text.detach()

    def _skip_rest(self) -> None:
        while (rest := self._text.readline(_SKIPPED_AT_ONCE)) and not rest.endswith(("\n", "\r")):
            pass


Reader = Iterator[list[str]]


def _header(reader: Reader) -> list[str]:
    try:
        header = [cell.strip() for cell in next(reader, [])]
    except csv.Error as error:
        raise ItemError(f"the header is broken: {error}") from error
    if not any(header):
        raise ItemError("there is no header that names the columns")
    if any(not cell.isprintable() for cell in header):
        raise ItemError("not UTF-8 text; save the table as UTF-8")
    return header


def _columns(header: Sequence[str], names: Sequence[str], whole: str) -> tuple[dict[str, int], int]:
    """Return where the wanted columns are, and how many there are of any."""
    missing = [name for name in names if name not in header]
    if missing:
        raise RequestError(no_such_field(whole, missing, header))
    for name in names:
        if header.count(name) > 1:
            raise RequestError(f"{whole}: there are {header.count(name)} columns {name!r}")
    return {name: header.index(name) for name in names}, len(header)


def _record(reader: Reader, lines: _Lines) -> list[str] | ItemError | None:
    """Return the cells of the next record, or why it cannot be read; ``None`` behind the last."""
    lines.start_record()
    try:
        return next(reader, None)
    except ItemError as error:
        lines.give_back()
        return error
    except csv.Error as error:
        lines.give_back()
        return ItemError(f"line {lines.first} cannot be read: {error}; check its quotes")


def _checked(cells: list[str], width: int, place: str) -> list[str] | ItemError:
    if len(cells) < width or any(cells[width:]):
        return ItemError(f"{place} has {len(cells)} fields where the header has {width}")
    if any("\0" in cell for cell in cells):
        return ItemError(f"{place} holds NUL bytes")
    return cells
