"""The same records as NDJSON, CSV and Parquet."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

pa: Any = pytest.importorskip("pyarrow")
pq: Any = pytest.importorskip("pyarrow.parquet")


def write_ndjson(path: Path, records: Iterable[Any]) -> Path:
    """Write a JSON value a line."""
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return path


def write_csv(path: Path, records: Iterable[dict[str, str]]) -> Path:
    """Write a table with every cell in quotes."""
    rows = list(records)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_parquet(path: Path, records: Any, row_group_size: int | None = None) -> Path:
    """Write records or a table."""
    table = records if isinstance(records, pa.Table) else pa.Table.from_pylist(list(records))
    pq.write_table(table, path, row_group_size=row_group_size)
    return path
