"""What the user names: files, folders, patterns, addresses, an index, standard input."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes, urlsplit

from elasticsearch import Elasticsearch

from es_jina.errors import ItemError, RequestError
from es_jina.ingest.content import file_candidate, name_of, stdin_source
from es_jina.ingest.files import Filters, expand, find_files
from es_jina.ingest.indexed import index_records, parse_index_target
from es_jina.ingest.records import RecordFields, read_records, read_stream, record_format
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate, scheme_of

STDIN = "-"
Found = Iterator[Candidate | Failure]


@dataclass(frozen=True, slots=True)
class Setting:
    """What finding needs beside the targets.

    Attributes:
        client: for `es://`.
        scratch: a folder for what is downloaded or piped in, until it has been ingested.
        filters: for files within folders.
        fields: of records; without them, files of records are skipped.
        stdin: for `-`.
        only: the records to take of a target, by their names; all where it is not among them.
        again: the targets are what failed in an earlier run: nobody has named them now, and one
            that has no such fields fails alone.
    """

    client: Elasticsearch
    scratch: Path
    filters: Filters = field(default_factory=Filters)
    fields: RecordFields | None = None
    stdin: BinaryIO | None = None
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    again: bool = False


class Targets:
    """The targets of a run, checked at once and searched later.

    Attributes:
        roots: the files and folders among them.
        read_through: files of records that were read from end to end.
    """

    def __init__(self, targets: Sequence[str], setting: Setting) -> None:
        """Check them.

        Raises:
            RequestError: one is not there, is a file of records without the fields, or needs
                something else that was not given.
        """
        self._setting = setting
        self._finders: list[Callable[[], Found]] = []
        self.roots: list[Path] = []
        self.read_through: list[str] = []
        for target in targets:
            self._add(target)

    def __iter__(self) -> Found:
        """Yield everything, each URI and each failure once."""
        if len(self._finders) == 1:
            yield from self._finders[0]()
            return
        # A digest of eight bytes for each: a million take 60 MB.
        seen: set[int] = set()
        for find in self._finders:
            for each in find():
                digest = hash(each.uri if isinstance(each, Candidate) else each)
                if digest not in seen:
                    seen.add(digest)
                    yield each

    def _add(self, target: str) -> None:
        setting = self._setting
        scheme = scheme_of(target)
        if target == STDIN:
            _check_ids(setting.fields)
            self._finders.append(self._from_stdin)
        elif scheme in ("http", "https"):
            self._finders.append(lambda: _web(target, setting.scratch))
        elif scheme == "es":
            parsed, fields = parse_index_target(target), self._fields(target)
            only = setting.only.get(target)
            self._add_records(target, lambda: index_records(setting.client, parsed, fields, only))
        elif scheme and scheme != "file":
            raise RequestError(
                f"{scheme}://...: of addresses, only http, https, es and file are read"
            )
        else:
            for path in expand(_path(target) if scheme else target):
                self._add_path(path)

    def _add_path(self, path: Path) -> None:
        self.roots.append(path)
        if path.is_dir():
            self._finders.append(lambda: self._in_folder(path))
        elif record_format(path, asked=self._setting.fields is not None, named=True) is not None:
            fields, only = self._fields(str(path)), self._setting.only.get(str(path))
            if not self._setting.again:
                # Before anything is embedded, and no further than to the first record.
                next(read_records(path, fields, named=True), None)
            self._add_records(str(path), lambda: self._records(path, fields, only, named=True))
        else:
            self._finders.append(lambda: _file(str(path)))

    def _add_records(self, whole: str, find: Callable[[], Found]) -> None:
        self._finders.append((lambda: _alone(whole, find())) if self._setting.again else find)

    def _fields(self, target: str) -> RecordFields:
        if self._setting.fields is None:
            raise RequestError(
                f"{target!r} holds records: say what to embed with --text-field or --image-field"
            )
        return self._setting.fields

    def _in_folder(self, folder: Path) -> Found:
        fields = self._setting.fields
        for path in find_files(folder, self._setting.filters):
            if isinstance(path, Failure):
                yield path
            elif fields is not None and record_format(Path(path), asked=True):
                yield from _alone(path, self._records(Path(path), fields))
            else:
                yield from _file(path)

    def _records(
        self,
        path: Path,
        fields: RecordFields,
        only: frozenset[str] | None = None,
        *,
        named: bool = False,
    ) -> Found:
        yield from read_records(path, fields, only, named=named)
        if only is None:
            self.read_through.append(str(path))

    def _from_stdin(self) -> Found:
        setting = self._setting
        if setting.stdin is None:
            raise RequestError("nothing is piped in: `-` reads from standard input")
        if setting.fields is not None:
            yield from read_stream(setting.stdin, setting.fields)
            return
        try:
            source = stdin_source(setting.stdin, setting.scratch)
        except ItemError as error:
            yield Failure.of("standard input", None, "read", error)
        else:
            yield Candidate(source.uri, source.name, None, lambda: source, source.sha256)


def _check_ids(fields: RecordFields | None) -> None:
    """Refuse records from standard input without ids: the next ones would have the same numbers."""
    if fields is not None and fields.id is None:
        raise RequestError(
            "records from standard input need --id-field: by their numbers, those piped in next "
            "would replace them"
        )


def _alone(whole: str, records: Found) -> Found:
    """Yield the records of something that nobody named: with other fields, it fails alone."""
    try:
        yield from records
    except RequestError as error:
        # The failure names it already.
        told = RequestError(str(error).removeprefix(f"{whole}: "))
        yield Failure.of(whole, None, "read", told)


def _file(path: str) -> Found:
    try:
        yield file_candidate(path)
    except ItemError as error:
        yield Failure.of(name_of(path), None, "read", error)


def _web(url: str, scratch: Path) -> Found:
    from es_jina.ingest.web import web_candidate

    yield web_candidate(url, scratch)


def _path(uri: str) -> str:
    """Return the path of a file URI, decoded once; it may hold bytes that are no text."""
    return os.fsdecode(unquote_to_bytes(urlsplit(uri).path))
