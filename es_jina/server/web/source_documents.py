"""The documents of one source in an index."""

from collections.abc import Iterator
from itertools import islice

from elasticsearch import Elasticsearch

from es_jina.elastic.bulk import BulkWriter
from es_jina.ingest.ledger import Ledger
from es_jina.ingest.prune import Gone, remove


class SourceDocuments:
    """Finds the documents of a source, or of all records in a file, and removes them."""

    def __init__(
        self, client: Elasticsearch, index: str, uri: str, *, records: bool, retry_for: float
    ) -> None:
        """Name the source.

        Args:
            client: of the cluster.
            index: or an alias that stands for one.
            uri: of the source.
            records: whether the sources are the records in it, named ``URI#...``.
            retry_for: seconds of patience with the cluster.
        """
        self._client = client
        self._index = index
        self._uri = uri
        self._records = records
        self._retry_for = retry_for
        # Of no profile: what is asked here holds for documents of any.
        self._ledger = Ledger(client, index, "", retry_for=retry_for)

    def exist(self) -> bool:
        """Say whether the index has any.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        return next(self._sources(), None) is not None

    def ids(self, most: int) -> list[str]:
        """Return the ids of the first ones, in the order of the source.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        uris = [each.uri for each in islice(self._sources(), most)]
        return list(islice(self._ledger.ids(uris), most))

    def remove(self) -> None:
        """Remove all of them, for searches too.

        Raises:
            ClusterError: Elasticsearch cannot be reached or refuses.
        """
        # What was written last is not found else.
        self._ledger.refresh()
        with BulkWriter(self._client, self._index, retry_for=self._retry_for) as writer:
            if remove(self._ledger, writer, self._sources()):
                self._ledger.refresh()

    def _sources(self) -> Iterator[Gone]:
        """Yield each source, with the number of its documents."""
        begin = f"{self._uri}#" if self._records else self._uri
        for uri, documents in self._ledger.uris(begin):
            # The shortest comes first; others that begin so are sources of their own.
            if not self._records and uri != self._uri:
                return
            yield Gone(uri, documents)
