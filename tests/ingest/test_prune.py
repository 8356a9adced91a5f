from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.bulk import BulkWriter
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.ingest.files import Filters
from es_jina.ingest.ledger import Ledger
from es_jina.ingest.prune import Gone, Watched, gone, remove
from es_jina.ingest.records import RecordFields
from es_jina.ingest.run import Ingest
from es_jina.ingest.targets import Setting, Targets

from .files import pdf
from .provider_double import PROFILE, DoubleProvider, WordTokenizer

FIELDS = RecordFields("id", "text", None)


class Index:
    """An index that folders are ingested into and pruned from."""

    def __init__(
        self, client: Elasticsearch, index: str, capabilities: Capabilities, scratch: Path
    ) -> None:
        self.client = client
        self.index = index
        self.capabilities = capabilities
        self.scratch = scratch

    def ingest(self, *targets: Path, filters: Filters = Filters()) -> list[Gone]:  # noqa: B008
        """Ingest, and return what is gone from the targets."""
        setting = Setting(self.client, self.scratch, filters, FIELDS)
        found = Targets([*map(str, targets)], setting)
        watched = Watched(found)
        Ingest(
            self.client,
            self.index,
            PROFILE,
            self.capabilities,
            open_provider=DoubleProvider,
            open_tokenizer=WordTokenizer,
        ).run(watched)
        self.client.indices.refresh(index=self.index)
        return list(gone(self.ledger, found.roots, filters, watched))

    def remove(self, sources: list[Gone]) -> int:
        with BulkWriter(self.client, self.index) as writer:
            removed = remove(self.ledger, writer, sources)
        self.client.indices.refresh(index=self.index)
        return removed

    def names(self) -> set[str]:
        hits = self.client.search(index=self.index, size=1000)["hits"]["hits"]
        return {hit["_source"]["source"]["uri"].rpartition("/")[2] for hit in hits}

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.client, self.index, PROFILE.fingerprint)


@pytest.fixture
def indexed(client: Elasticsearch, index: str, capabilities: Capabilities, tmp_path: Path) -> Index:
    set_up(client, index, PROFILE, capabilities)
    return Index(client, index, capabilities, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "sub" / "b c.txt").write_text("b")
    pdf(root / "c.pdf", "one", "two")
    return root


def test_what_is_gone_is_removed_with_all_its_units(indexed: Index, folder: Path) -> None:
    assert indexed.ingest(folder) == []
    (folder / "c.pdf").unlink()
    (folder / "sub" / "b c.txt").unlink()
    (folder / "sub").rmdir()
    found = indexed.ingest(folder)
    assert {(each.uri.rpartition("/")[2], each.documents) for each in found} == {
        ("b%20c.txt", 1),
        ("c.pdf", 2),
    }
    assert indexed.remove(found) == 3
    assert indexed.names() == {"a.txt"}


def test_only_below_the_roots(indexed: Index, folder: Path) -> None:
    (folder / "sub two").mkdir()
    (folder / "sub two" / "d.txt").write_text("d")
    indexed.ingest(folder)
    for path in ("a.txt", "sub two/d.txt"):
        (folder / path).unlink()
    assert indexed.ingest(folder / "sub") == []
    assert len(indexed.ingest(folder / "sub two")) == 1
    assert len(indexed.ingest(folder)) == 2


def test_what_is_there_and_left_out_is_not_gone(indexed: Index, folder: Path) -> None:
    indexed.ingest(folder)
    (folder / "a.txt").write_bytes(b"\xff\xfe\x00")  # can no longer be read
    (folder / "c.pdf").unlink()
    filters = Filters(exclude=("*.pdf", "sub/"))
    assert indexed.ingest(folder, filters=filters) == []


def test_records_that_left_their_file(indexed: Index, folder: Path) -> None:
    path = folder / "rows.ndjson"
    path.write_text('{"id": 1, "text": "one"}\n{"id": 2, "text": "two"}\n')
    indexed.ingest(folder)
    path.write_text('{"id": 2, "text": "two"}\n')
    for target in (folder, path):
        (found,) = indexed.ingest(target)
        assert found.uri.endswith("rows.ndjson#1")
    # A line that cannot be read might be the record that is missed.
    path.write_text('{"id": 2, "text": "two"}\n{"id": 1, "te\n')
    assert indexed.ingest(folder) == []
    # Nor is it taken for gone where it failed under a name with a mark of its own.
    path.write_text('{"id": "1#a", "text": "one"}\n{"id": 2, "text": "two"}\n')
    indexed.ingest(folder)
    path.write_text('{"id": "1#a"}\n{"id": 2, "text": "two"}\n')
    assert indexed.ingest(folder) == []
    path.write_text('{"id": 1, "text": "one"}\n{"id": 2, "text": "two"}\n')
    indexed.ingest(folder)
    path.unlink()
    found_all = indexed.ingest(folder)
    assert {each.uri.rpartition("#")[2] for each in found_all} == {"1", "1%23a", "2"}
