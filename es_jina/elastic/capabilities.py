"""What a cluster can do, found out by asking it for things that change nothing."""

from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from es_jina.elastic.client import cluster_errors
from es_jina.elastic.vectors import dense_base64

# No index of this name exists; every probe is answered from the request alone.
_NOWHERE = "es-jina-probe"
_UNIT_VECTOR = [1.0] + [0.0] * 63
PAID_LICENCES = frozenset({"enterprise", "platinum"})


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one cluster can do.

    Attributes:
        version: of the node that answered.
        licence: ``basic``, ``trial``, ``enterprise``, ...; ``unknown`` where it may not be asked.
        base64_documents: dense_vector values may be base64 in documents (9.3 and later).
        base64_queries: and in ``query_vector`` (9.4 and later).
        rank_vectors: the mapping type is there and the licence allows it.
    """

    version: str
    licence: str
    base64_documents: bool
    base64_queries: bool
    rank_vectors: bool

    @classmethod
    def detect(cls, client: Elasticsearch) -> "Capabilities":
        """Ask a cluster.

        Raises:
            ClusterError: it cannot be reached or refuses the caller.
        """
        with cluster_errors("asking the cluster what it can do"):
            return cls(
                version=_version(client),
                licence=_licence(client),
                base64_documents=_base64_documents(client),
                base64_queries=_base64_queries(client),
                rank_vectors=accepts_field(client, {"type": "rank_vectors", "dims": 128}),
            )


def accepts_field(client: Elasticsearch, mapping: dict[str, Any]) -> bool:
    """Say whether a template with such a field would be accepted; none is stored."""
    try:
        client.indices.simulate_template(
            index_patterns=[_NOWHERE],
            priority=2_000_000,
            template={"mappings": {"properties": {"field": mapping}}},
        )
    except ApiError as error:
        return _unless_refused(error)
    return True


def _version(client: Elasticsearch) -> str:
    # Not `GET /`: the small distribution has no handler for it.
    answer = client.nodes.info(node_id="_local", filter_path="nodes.*.version")
    version: str = next(iter(answer["nodes"].values()))["version"]
    return version


def _licence(client: Elasticsearch) -> str:
    try:
        kind: str = client.license.get()["license"]["type"]
    except ApiError:
        return "unknown"
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
    try:
        answer = client.perform_request(
            "POST",
            "/_ingest/_simulate",
            headers={"accept": "application/json", "content-type": "application/json"},
            body={
                "docs": [
                    {
                        "_index": _NOWHERE,
                        "_id": "1",
                        "_source": {"field": dense_base64(_UNIT_VECTOR)},
                    }
                ],
                "index_template_substitutions": {_NOWHERE: template},
            },
        )
    except ApiError as error:
        return _unless_refused(error)
    return "error" not in answer["docs"][0]["doc"]


def _base64_queries(client: Elasticsearch) -> bool:
    try:
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
    except ApiError as error:
        return _unless_refused(error)
    return True


def _unless_refused(error: ApiError) -> bool:
    """Read a refusal of the request as "no"; one of the caller ends the asking."""
    if error.status_code == 401:
        raise error
    return False
