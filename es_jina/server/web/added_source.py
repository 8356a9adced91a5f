"""What a client adds: a file that it sends, or what was fetched from an address that it names."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from es_jina.errors import ItemError
from es_jina.ingest.record_fields import RecordFields
from es_jina.ingest.records import record_format
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate
from es_jina.ingest.targets import Setting, Targets
from es_jina.ingest.web import fetched_candidate
from es_jina.server.fetch import Fetched
from es_jina.server.web.served import ServedIndex
from es_jina.server.web.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Laid:
    """A source that lies ready for the ingest engine.

    Attributes:
        uri: of it in the index.
        found: what the engine ingests.
        records: whether that are the records in it.
        drop: removes what was laid, where it was not there before.
    """

    uri: str
    found: Iterable[Candidate | Failure]
    records: bool = False
    drop: Callable[[], None] = lambda: None


class AddedSource(Protocol):
    """What a client adds."""

    @property
    def name(self) -> str:
        """The name that its user knows."""
        ...

    def shown(self, message: str) -> str:
        """Return a message as a client may read it."""
        ...

    @contextmanager
    def laid(self, index: ServedIndex) -> Iterator[Laid]:
        """Lay it ready for an index; what is needed only meanwhile goes at the end.

        Raises:
            ItemError: it cannot be kept, or read at all.
            RequestError: its records have no such field.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class AddedFile:
    """A file that a client sends; it is kept, for its pictures are read later.

    Attributes:
        name: of the file, one that is safe.
        content: all of it.
        text_field: of records, what to embed.
        uploads: where it is kept.
    """

    name: str
    content: bytes
    text_field: str | None
    uploads: Uploads

    def shown(self, message: str) -> str:
        """Return a message without the folder that the file is kept in."""
        return self.uploads.without_folders(message)

    @contextmanager
    def laid(self, index: ServedIndex) -> Iterator[Laid]:
        """Keep the file; see :class:`AddedSource`."""
        kept = self.uploads.keep(index.name, self.name, self.content)
        try:
            fields = None if self.text_field is None else RecordFields(None, self.text_field, None)
            asked = fields is not None
            records = record_format(kept.path, asked=asked, named=True) is not None
            if records and fields is None:
                raise ItemError("holds records: name the field to embed with text_field=FIELD")
            setting = Setting(index.client, kept.path.parent, fields=fields)
            targets = Targets([str(kept.path)], setting)
        except BaseException:
            kept.drop()
            raise
        yield Laid(kept.path.as_uri(), targets, records, kept.drop)


@dataclass(frozen=True, slots=True, eq=False)
class AddedAddress:
    """A picture or a page of the web; its address tells where it is found again.

    Attributes:
        url: http or https.
        fetched: what is there.
    """

    url: str
    fetched: Fetched

    @property
    def name(self) -> str:
        """The address."""
        return self.url

    def shown(self, message: str) -> str:
        """Return a message as it is."""
        return message

    @contextmanager
    def laid(self, index: ServedIndex) -> Iterator[Laid]:
        """Lay what was fetched into a folder of its own; see :class:`AddedSource`."""
        fetched = self.fetched
        with tempfile.TemporaryDirectory(prefix="es-jina-") as folder:
            candidate = fetched_candidate(
                self.url, fetched.content, fetched.mime, fetched.charset, Path(folder)
            )
            yield Laid(candidate.uri, [candidate])
