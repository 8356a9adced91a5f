"""The note that a copy of an index carries until it has taken the index's place.

It is in the mapping, from the copy's first moment on. So whatever moment a conversion is killed at,
the next one, or ``es-jina doctor``, finds what it has left.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

from elasticsearch import Elasticsearch

from es_jina.elastic.client import cluster_errors
from es_jina.profile import Store

NOTE_KEY = "es_jina_convert"


@dataclass(frozen=True, slots=True)
class Note:
    """What a conversion has noted.

    Attributes:
        alias: of the index.
        source: the index that is copied.
        store: where its multi-vectors go.
        was_blocked: whether the index refused writes before the conversion.
    """

    alias: str
    source: str
    store: Store
    was_blocked: bool

    @classmethod
    def of(cls, meta: dict[str, Any]) -> Self | None:
        """Return the note in the ``_meta`` of a mapping, if there is one."""
        told = meta.get(NOTE_KEY)
        return None if told is None else cls(**told)

    @property
    def command(self) -> str:
        """What begins the conversion anew, and brings it to an end."""
        return f"es-jina convert-multi {self.alias} --to {self.store}"

    def to_meta(self) -> dict[str, Any]:
        """Return what :meth:`of` reads."""
        return {NOTE_KEY: asdict(self)}


def unfinished(client: Elasticsearch, alias: str, source: str) -> dict[str, Note]:
    """Return the copies of an index that have not taken its place, by name, with their notes.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    with cluster_errors(f"looking for unfinished copies of {source!r}"):
        found = client.indices.get(
            index=f"{alias}-*",
            expand_wildcards="all",
            filter_path="*.mappings._meta,*.aliases",
        )
    notes = {
        name: Note.of(body.get("mappings", {}).get("_meta", {}))
        for name, body in found.items()
        if not body.get("aliases")
    }
    return {
        name: note
        for name, note in notes.items()
        if note is not None and (note.alias, note.source) == (alias, source)
    }


def drop_note(client: Elasticsearch, index: str) -> None:
    """Take the note off an index that has it.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    with cluster_errors(f"finishing the conversion to {index!r}"):
        (body,) = client.indices.get_mapping(index=index).values()
        meta: dict[str, Any] = body["mappings"].get("_meta", {})
        if NOTE_KEY in meta:
            kept = {key: value for key, value in meta.items() if key != NOTE_KEY}
            client.indices.put_mapping(index=index, meta=kept)
