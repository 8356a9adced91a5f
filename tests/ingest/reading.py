"""Reading records as the tests want them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from es_jina.ingest.records import RecordFields
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate, Source

from .tables import write_ndjson

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
