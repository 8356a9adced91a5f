"""The ingest pipeline of an index, where it has one."""

import re
from collections.abc import Iterator
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from es_jina.elastic.client import cluster_errors, is_elasticsearch
from es_jina.elastic.doctor.finding import Finding
from es_jina.elastic.doctor.index import Index


def examine_pipeline(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Look whether the ingest pipeline for raw text fills the fields of the profile.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    name = f"{index.alias}-passage"
    with cluster_errors(f"looking for the ingest pipeline {name!r}"):
        try:
            answer = client.ingest.get_pipeline(id=name)
        except NotFoundError as error:
            if not is_elasticsearch(error):
                raise
            return
    # What a processor removes it does not write.
    writers = [each for each in answer[name].get("processors", []) if "remove" not in each]
    written = {text for text in _texts(writers) if re.fullmatch(r"embedding_\d+", text)}
    wanted = {dense.field for dense in index.profile.dense}
    faults = [f"does not write {field}" for field in sorted(wanted - written)]
    faults += [f"writes {field}, which the index lacks" for field in sorted(written - wanted)]
    if faults:
        told = f"the ingest pipeline {name} {' and '.join(faults)}"
        step = f"put it again: `es-jina setup {index.alias}`, with the options it was made with"
        yield Finding("problem", index.alias, told, step)


def _texts(value: Any) -> Iterator[str]:
    """Return every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
