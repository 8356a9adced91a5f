"""Rows from Parquet, a few megabytes at a time."""

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from es_jina.errors import ItemError, RequestError, first_line
from es_jina.ingest.record_sources import Row, no_such_field

# Of the rows that are in memory at once, as the file states their size.
_BATCH_BYTES = 8_000_000
_BATCH_ROWS = 1000
# Column chunks are read piece by piece: neither ahead nor as a whole.
_READING = {"buffer_size": 1 << 20, "pre_buffer": False}


def parquet_rows(path: Path, names: Sequence[str], whole: str) -> Iterator[Row]:
    """Yield a row for each of a Parquet file.

    Args:
        path: of the file.
        names: of the columns to read; `author.name` is `name` in the struct `author`, or in the
            structs of the list `author`.
        whole: names the file in errors.

    Raises:
        ItemError: the file is damaged.
        RequestError: there is no column of one of the names, or no pyarrow.
    """
    pyarrow, parquet = _pyarrow()
    number = 0
    try:
        with parquet.ParquetFile(path, **_READING) as file:
            _check_columns(pyarrow, file.schema_arrow, names, whole)
            batches = file.iter_batches(
                _rows_at_once(file.metadata),
                columns=[_column(pyarrow, file.schema_arrow, name) for name in names],
                use_threads=False,
            )
            for batch in batches:
                for values in _values(pyarrow, batch):
                    number += 1
                    yield _row(number, values)
    except FileNotFoundError:
        raise
    except (pyarrow.ArrowException, OSError) as error:
        where = f" behind row {number}" if number else ""
        raise ItemError(f"the Parquet file is damaged{where}: {first_line(error)}") from error


def _row(number: int, values: dict[str, Any] | Exception) -> Row:
    place = f"row {number}"
    if isinstance(values, Exception):
        return Row(number, place, ItemError(f"{place} cannot be read: {first_line(values)}"))
    return Row(number, place, values)


def _pyarrow() -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise RequestError("Parquet needs pyarrow: pip install 'es_jina[parquet]'") from error


def _check_columns(pyarrow: Any, schema: Any, names: Sequence[str], whole: str) -> None:
    missing = [name for name in names if not _has(pyarrow, schema, name)]
    if missing:
        raise RequestError(no_such_field(whole, missing, schema.names))


def _has(pyarrow: Any, fields: Any, name: str) -> bool:
    """Say whether a schema or a struct has a field; a name with dots leads into structs.

    It does so through lists too.
    """
    if fields.get_field_index(name) >= 0:
        return True
    head, _, rest = name.partition(".")
    at = fields.get_field_index(head) if rest else -1
    if at < 0:
        return False
    inner = fields.field(at).type
    while _is_list(pyarrow, inner):
        inner = inner.value_type
    return pyarrow.types.is_struct(inner) and _has(pyarrow, inner, rest)


def _column(pyarrow: Any, fields: Any, name: str) -> str:
    """Return what to read for a field that is there: a list on the way to it as a whole.

    What is within lists has paths of its own in the file.
    """
    if fields.get_field_index(name) >= 0:
        return name
    head, _, rest = name.partition(".")
    inner = fields.field(fields.get_field_index(head)).type
    return head if _is_list(pyarrow, inner) else f"{head}.{_column(pyarrow, inner, rest)}"


def _is_list(pyarrow: Any, kind: Any) -> bool:
    types = pyarrow.types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _rows_at_once(metadata: Any) -> int:
    groups = (metadata.row_group(index) for index in range(metadata.num_row_groups))
    sizes = [group.total_byte_size / group.num_rows for group in groups if group.num_rows]
    return int(min(max(_BATCH_BYTES / max(sizes, default=1), 1), _BATCH_ROWS))


def _values(pyarrow: Any, batch: Any) -> list[dict[str, Any] | Exception]:
    """Return the values of each row of a batch, or why Python has none for it."""
    try:
        batch = _in_microseconds(pyarrow, batch)
        rows: list[dict[str, Any] | Exception] = batch.to_pylist()
    except (ValueError, ArithmeticError) as error:
        if batch.num_rows == 1:
            return [_named(batch, error)]
        return [
            values
            for index in range(batch.num_rows)
            for values in _values(pyarrow, batch.slice(index, 1))
        ]
    return rows


def _named(batch: Any, error: Exception) -> Exception:
    """Say which field of a row cannot be read."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            column.to_pylist()
        except OverflowError:
            return ItemError(f"the field {name!r} holds a time beyond the years 1 to 9999")
        except (ValueError, ArithmeticError) as reason:
            return ItemError(f"the field {name!r}: {first_line(reason)}")
    return error


def _in_microseconds(pyarrow: Any, batch: Any) -> Any:
    """Cut nanoseconds off, which Python's times do not have."""
    for index, field in enumerate(batch.schema):
        kind = _coarser(pyarrow, field.type)
        if kind != field.type:
            cut = batch.column(index).cast(kind, safe=False)
            batch = batch.set_column(index, field.name, cut)
    return batch


def _coarser(pyarrow: Any, kind: Any) -> Any:
    """Return a type with microseconds where it has nanoseconds, however deep."""
    types = pyarrow.types
    if types.is_struct(kind):
        return pyarrow.struct([_coarser_field(pyarrow, field) for field in kind])
    if types.is_map(kind):
        return pyarrow.map_(kind.key_type, _coarser_field(pyarrow, kind.item_field))
    if types.is_list(kind):
        return pyarrow.list_(_coarser_field(pyarrow, kind.value_field))
    if types.is_large_list(kind):
        return pyarrow.large_list(_coarser_field(pyarrow, kind.value_field))
    if types.is_fixed_size_list(kind):
        return pyarrow.list_(_coarser_field(pyarrow, kind.value_field), kind.list_size)
    return _coarser_time(pyarrow, kind)


def _coarser_field(pyarrow: Any, field: Any) -> Any:
    return field.with_type(_coarser(pyarrow, field.type))


def _coarser_time(pyarrow: Any, kind: Any) -> Any:
    if getattr(kind, "unit", None) != "ns":
        return kind
    if pyarrow.types.is_timestamp(kind):
        return pyarrow.timestamp("us", kind.tz)
    return pyarrow.duration("us") if pyarrow.types.is_duration(kind) else pyarrow.time64("us")
