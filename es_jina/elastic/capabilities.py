"""What a cluster can do, found out by asking it for things that change nothing."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError

from es_jina.elastic.client import cluster_errors, is_elasticsearch
from es_jina.elastic.vectors import dense_base64

T = TypeVar("T")

# No index of this name exists; every probe is answered from the request alone.
_NOWHERE = "es-jina-probe"
_UNIT_VECTOR = [1.0] + [0.0] * 63
UNKNOWN = "unknown"
_LICENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one cluster can do.

    Attributes:
        version: of the node that answered; ``unknown`` where the caller may not ask.
        licence: ``basic``, ``trial``, ``enterprise``, ...; or ``unknown``, likewise.
        base64_documents: dense_vector values may be base64 in documents (9.3 and later).
        base64_queries: and in ``query_vector`` (9.4 and later).
        rank_vectors: the mapping type is there and the licence allows it.
    """

    version: str
    licence: str
    base64_documents: bool
    base64_queries: bool
    rank_vectors: bool
    rrf: bool | None = None
    rescorer: bool | None = None

    @classmethod
    def detect(cls, client: Elasticsearch) -> "Capabilities":
        """Ask a cluster.

        A caller without the privilege for a question gets the careful answer to it: no.

        Raises:
            ClusterError: it cannot be reached, does not know the caller, or is too busy.
        """
        rank_vectors = {"type": "rank_vectors", "dims": 128}
        with cluster_errors("asking the cluster what it can do"):
            return cls(
                version=_ask(lambda: _version(client), UNKNOWN),
                licence=_ask(lambda: _licence(client), UNKNOWN),
                base64_documents=_ask(lambda: _base64_documents(client), False),
                base64_queries=_ask(lambda: _base64_queries(client), False),
                rank_vectors=_ask(lambda: accepts_field(client, rank_vectors), False),
            )


def _ask(question: Callable[[], T], otherwise: T) -> T:
    """Return the answer, or the other one where the request itself is refused.

    What an unknown caller (401) hears, or a busy cluster says (429, 5xx), is no answer.
    """
    try:
        return question()
    except ApiError as error:
        if error.status_code == 401 or error.status_code >= 429 or not is_elasticsearch(error):
            raise
        return otherwise


def accepts_field(client: Elasticsearch, mapping: dict[str, Any]) -> bool:
    """Say whether a template with such a field would be accepted; none is stored.

    Raises:
        ApiError: for another reason than the field, such as a missing privilege.
    """
    try:
        client.indices.simulate_template(
            index_patterns=[_NOWHERE],
            priority=2_000_000,
            template={"mappings": {"properties": {"field": mapping}}},
        )
    except BadRequestError:
        return False
    return True


def _version(client: Elasticsearch) -> str:
    # Not `GET /`: the small distribution has no handler for it.
    answer = client.nodes.info(node_id="_local", filter_path="nodes.*.version")
    version: str = next(iter(answer["nodes"].values()))["version"]
    return version


def _licence(client: Elasticsearch) -> str:
    # A cluster that has just started has none yet (404): it gives itself the basic one.
    deadline = time.monotonic() + _LICENCE_SECONDS
    while True:
        try:
            kind: str = client.license.get()["license"]["type"]
        except NotFoundError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return kind


def _base64_documents(client: Elasticsearch) -> bool:
    template = {
        "index_patterns": [_NOWHERE],
        "priority": 2_000_000,
        "template": {
            "mappings": {
                "properties": {"field": {"type": "dense_vector", "dims": 64, "index": False}}
            }
        },
    }
    document = {
        "_index": _NOWHERE,
        "_id": "1",
        "_source": {"field": dense_base64(_UNIT_VECTOR)},
    }
    answer = client.perform_request(
        "POST",
        "/_ingest/_simulate",
        headers={"accept": "application/json", "content-type": "application/json"},
        body={"docs": [document], "index_template_substitutions": {_NOWHERE: template}},
    )
    return "error" not in answer["docs"][0]["doc"]


def _base64_queries(client: Elasticsearch) -> bool:
    client.search(
        index=_NOWHERE,
        ignore_unavailable=True,
        size=0,
        knn={
            "field": "field",
            "query_vector": dense_base64(_UNIT_VECTOR),
            "k": 1,
            "num_candidates": 1,
        },
    )
    return True
