"""What conversions from one store of multi-vectors to the other have left."""

from collections.abc import Iterator

from elasticsearch import Elasticsearch

from es_jina.elastic.conversion_note import Note, drop_note
from es_jina.elastic.doctor.finding import Finding
from es_jina.elastic.doctor.index import Index


def left_aside(index: Index) -> Finding | None:
    """Say so of an index that no search reaches: a conversion has left it, or not finished it."""
    if index.alias != index.name:
        return None
    note = Note.of(index.meta)
    if note is not None:
        told = f"it is a copy of {note.source} that convert-multi has not finished"
        return Finding("problem", index.name, told, f"`{note.command}` begins anew")
    if index.settings.get("index.blocks.write") == "true":
        told = "no alias leads to it and it is write-blocked, as convert-multi leaves an index"
        step = f"when nobody needs it any more: DELETE /{index.name}"
        return Finding("warning", index.name, told, step)
    return None


def examine_note(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Finish a conversion that was killed after its last step but one.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    if Note.of(index.meta) is not None:
        drop_note(client, index.name)
        told = "the note of a conversion, which was done but for that, is gone"
        yield Finding("restored", index.name, told)
