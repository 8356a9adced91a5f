"""What is in the index and gone from where it came from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from es_jina.elastic.bulk import Action, BulkWriter
from es_jina.elastic.client import cluster_errors
from es_jina.ingest.files import Filters
from es_jina.ingest.ledger import Ledger
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate

_TOGETHER = 500  # sources whose documents are looked up at a time


@dataclass(frozen=True, slots=True)
class Gone:
    """A source that is no longer there.

    Attributes:
        uri: of the source.
        documents: how many the index has of it.
    """

    uri: str
    documents: int


class Watched:
    """Passes on what is found, and remembers which records each file of records had.

    A file that is there may have lost records; which, only its reading tells.
    """

    def __init__(self, found: Iterable[Candidate | Failure]) -> None:
        self._found = found
        self._records: dict[str, set[int]] = {}
        self._unsure: set[str] = set()

    def __iter__(self) -> Iterator[Candidate | Failure]:
        for each in self._found:
            if isinstance(each, Failure):
                parts = each.source.split("#")  # PATH, or PATH#ID; either may hold more of these
                self._unsure |= {"#".join(parts[:count]) for count in range(1, len(parts) + 1)}
            else:
                file, mark, _ = each.uri.partition("#")
                if mark:
                    self._records.setdefault(file, set()).add(hash(each.uri))
            yield each

    def lost(self, uri: str) -> bool:
        """Say whether a record is gone from a file that was read from end to end."""
        file, mark, _ = uri.partition("#")
        if not mark or file not in self._records or str(_path(file)) in self._unsure:
            return False
        return hash(uri) not in self._records[file]


def gone(
    ledger: Ledger, roots: Iterable[Path], filters: Filters, watched: Watched
) -> Iterator[Gone]:
    """Yield the sources below the roots that the index has and the roots no longer have.

    A file that is there but was left out, skipped or could not be read is not gone. Nor is what the
    filters leave out.

    Args:
        ledger: of the index.
        roots: folders and files, as the user named them.
        filters: of the run.
        watched: what the run found, from end to end.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    for root in roots:
        folder = root.is_dir()
        prefix = root.as_uri().rstrip("/") + ("/" if folder else "#")
        for uri, documents in ledger.uris(prefix):
            if not uri.startswith(prefix):
                # Of a document of somebody else that has several.
                continue
            path = _path(uri.partition("#")[0])
            if folder and not filters.allow(path.relative_to(root)):
                continue
            if missing(path) or watched.lost(uri):
                yield Gone(uri, documents)


def remove(ledger: Ledger, writer: BulkWriter, sources: Iterable[Gone]) -> int:
    """Delete all documents of some sources; returns how many there were.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    removed = 0
    iterator = iter(sources)
    while group := list(islice(iterator, _TOGETHER)):
        actions = (Action(ident, None) for ident in ledger.ids([each.uri for each in group]))
        with cluster_errors("removing what is gone"):
            removed += sum(outcome.error is None for outcome in writer.write(actions))
    return removed


def _path(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path, errors="surrogateescape"))


def missing(path: Path) -> bool:
    """Say whether nothing is there; what cannot be looked at is not gone."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
