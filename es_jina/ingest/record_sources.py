"""From the rows of a table to sources: one for each."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from es_jina.errors import ItemError, RequestError
from es_jina.ingest.decoding import title_of
from es_jina.ingest.hosts import Hosts
from es_jina.ingest.record_fields import MISSING, RecordFields, Values, find, id_of, kept, text_of
from es_jina.ingest.record_images import RecordImage, record_image
from es_jina.ingest.report import Failure
from es_jina.ingest.sources import Candidate, Source

# In so many records every field must have appeared: a wrong name is one error, not thousands.
LOOKED_AT = 100
# Of the fields that there are, so many are named.
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it was read.

    Attributes:
        number: from 1.
        place: where it is, such as ``line 7``; of a document that is indexed, its id.
        values: of its fields, or why it cannot be read.
        id: what names it where no field does; ``None`` for its number.
    """

    number: int
    place: str
    values: Values | ItemError
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from.

    Attributes:
        whole: names all of it for people.
        uri: what the records' URIs begin with.
        name: what the records' names begin with.
        mime: the media type.
        folder: what paths of images are relative to.
    """

    whole: str
    uri: str
    name: str
    mime: str
    folder: Path


def candidates(
    rows: Iterable[Row],
    origin: Origin,
    fields: RecordFields,
    only: frozenset[str] | None = None,
    field_names: Callable[[], Iterable[str]] | None = None,
) -> Iterator[Candidate | Failure]:
    """Yield a candidate for each row, or why there is none.

    A row without a valid id is named by its place. Where it is asked for by that name it keeps it,
    so that its failure is known to be mended. Ids are remembered as eight bytes each, which take
    about 70 bytes of memory.

    Args:
        rows: in any order.
        origin: of them.
        fields: which ones matter.
        only: the names of the records to yield; all by default.
        field_names: which fields there are, for an error; by default those of the first rows.

    Raises:
        RequestError: none of the first rows has one of the fields.
    """
    ids: set[int] = set()
    hosts = Hosts()
    for row in _with_fields(rows, origin, fields, field_names):
        numbered = fields.id is None and row.id is None
        by_place = f"{origin.name}{row.number if numbered else row.place}"
        name = by_place
        try:
            values = _values(row)
            ident = _id(row, values, fields, ids)
            if only is None or by_place not in only:
                name = origin.name + ident
            if only is None or name in only:
                yield _candidate(name, ident, values, origin, fields, hosts=hosts)
        except ItemError as error:
            if only is None or name in only:
                yield Failure.of(name, None, "read", error)


def _values(row: Row) -> Values:
    if isinstance(row.values, ItemError):
        raise row.values
    return row.values


def _id(row: Row, values: Values, fields: RecordFields, ids: set[int]) -> str:
    if fields.id is not None:
        ident = id_of(fields.id, find(values, fields.id))
    elif row.id is not None:
        ident = row.id
    else:
        return str(row.number)
    digest = hash(ident)
    if digest in ids:
        raise ItemError(f"{row.place} has the id {ident!r} of an earlier record; ids must differ")
    ids.add(digest)
    return ident


def _candidate(
    name: str, ident: str, values: Values, origin: Origin, fields: RecordFields, *, hosts: Hosts
) -> Candidate:
    text = "" if fields.text is None else text_of(fields.text, find(values, fields.text))
    image = None
    if fields.image is not None:
        image = record_image(fields.image, find(values, fields.image), origin.folder, hosts)
    if image is None and not text.strip():
        raise ItemError(_nothing_in(values, fields))
    keep = kept(values, fields.keep)
    try:
        state = orjson.dumps(
            [text, None if image is None else image.state, keep], option=orjson.OPT_SORT_KEYS
        )
    except TypeError as error:
        raise ItemError(f"not valid Unicode ({error}); save the data as UTF-8") from error
    record = _Record(
        uri=origin.uri + quote(ident, safe=""),
        name=name,
        mime=origin.mime,
        sha256=hashlib.sha256(state).hexdigest(),
        ident=ident,
        size=len(state),
        text=text if text.strip() else None,
        image=image,
        fields=keep,
    )
    inline = find(values, fields.image) if fields.image is not None else None
    held = len(state) + (len(inline) if isinstance(inline, str | bytes) else 0)
    return Candidate(record.uri, name, None, record.read, record.sha256, held)


@dataclass(frozen=True, slots=True, eq=False)
class _Record:
    """A record whose image has not been opened; the rest is as in :class:`Source`."""

    uri: str
    name: str
    mime: str
    sha256: str
    ident: str
    size: int
    text: str | None
    image: RecordImage | None
    fields: dict[str, Any]

    def read(self) -> Source:
        """Open or fetch the image.

        Raises:
            ItemError: it cannot be had, and there is no text beside it.
        """
        image, image_size, broken = None, 0, None
        try:
            if self.image is not None:
                image, image_size = self.image.open()
        except ItemError as error:
            if self.text is None:
                raise
            broken = error
        return Source(
            uri=self.uri,
            name=self.name,
            mime=self.mime,
            sha256=self.sha256,
            title=self.ident if self.text is None else title_of(self.text, self.ident),
            size=self.size + image_size,
            text=self.text,
            image=image,
            broken_image=broken,
            fields=self.fields,
        )


def _nothing_in(values: Values, fields: RecordFields) -> str:
    if fields.text is not None and fields.image is not None:
        return f"neither the field {fields.text!r} nor the field {fields.image!r} holds anything"
    name = fields.text or fields.image or ""
    return f"the field {name!r} is {'missing' if find(values, name) is MISSING else 'empty'}"


def _with_fields(
    rows: Iterable[Row],
    origin: Origin,
    fields: RecordFields,
    field_names: Callable[[], Iterable[str]] | None,
) -> Iterator[Row]:
    """Pass rows on, once each field has appeared that most records should have.

    An image beside a text may be rare.
    """
    content = fields.image if fields.text is None else fields.text
    wanted = {name for name in (fields.id, content) if name is not None}
    first: list[Row] = []
    iterator = iter(rows)
    for row in islice(iterator, LOOKED_AT):
        first.append(row)
        if not isinstance(row.values, ItemError):
            values = row.values
            wanted = {name for name in wanted if find(values, name) is MISSING}
            if not wanted:
                break
    seen = [row.values for row in first if not isinstance(row.values, ItemError)]
    if wanted and seen:
        there = field_names() if field_names else dict.fromkeys(k for each in seen for k in each)
        raise RequestError(no_such_field(origin.whole, sorted(wanted), there))
    yield from first
    yield from iterator


def no_such_field(whole: str, names: Iterable[str], there: Iterable[str]) -> str:
    """Say that data have other fields than those that were asked for."""
    found = list(there)
    shown = ", ".join(found[:_NAMED]) + (", ..." if len(found) > _NAMED else "")
    asked = " and ".join(repr(name) for name in names)
    return f"{whole}: there is no field {asked}; there are: {shown or 'none'}"
