"""What a cluster can do, found out by asking it for things that change nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from elasticsearch import Elasticsearch

from es_jina.elastic import probes
from es_jina.elastic.client import cluster_errors
from es_jina.elastic.probes import UNKNOWN, accepts_field

__all__ = ["LESSER_LICENCES", "UNKNOWN", "Capabilities", "accepts_field"]

T = TypeVar("T")

LESSER_LICENCES = frozenset({"basic", "standard", "gold", "platinum"})

# On a far cluster it is the way there and back that takes the time.
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one cluster can do.

    Whatever the caller lacks the privilege to ask for is ``None``, which is as careful as no where
    only the truth is asked for; version, flavour and licence are ``unknown`` then.

    Attributes:
        version: of the node that answered.
        flavour: ``self-managed``, ``cloud`` (Elastic Cloud Hosted) or ``serverless``.
        licence: ``basic``, ``trial``, ``enterprise``, ...; ``unknown`` also on Serverless, which
            has none and can do everything that is for sale.
        licence_expiry: in UTC; ``None`` also for a licence that does not end.
        modules: the names of Elasticsearch's modules on the node that answered, which Serverless
            tells nobody.
        ingest_processors: their types, likewise.
        base64_documents: dense_vector values may be base64 in documents (9.3 and later).
        base64_queries: and in ``query_vector`` (9.4 and later).
        rank_vectors: the mapping type is there and the licence allows it.
        base64_rank_vectors: each vector of a rank_vectors value may be base64 in documents.
        bfloat16: it is an element type of dense_vector (9.3 and later).
        bbq_disk: the index type is there (9.2 and later) and the licence allows it.
        rrf: the retriever is there and the licence allows it; so with the next two.
        linear: likewise.
        text_similarity_reranker: likewise.
        rescorer: the retriever is there; no licence is asked for.
        inference_services: the services of the inference API; empty where it is missing.
        esql: which of FORK, FUSE, RERANK, KNN, TEXT_EMBEDDING and EMBEDDING an ES|QL query may
            have (the licence is asked for when one runs); empty where ES|QL is missing.
    """

    version: str
    flavour: str
    licence: str
    licence_expiry: datetime | None
    modules: frozenset[str] | None
    ingest_processors: frozenset[str] | None
    base64_documents: bool | None
    base64_queries: bool | None
    rank_vectors: bool | None
    base64_rank_vectors: bool | None
    bfloat16: bool | None
    bbq_disk: bool | None
    rrf: bool | None
    linear: bool | None
    text_similarity_reranker: bool | None
    rescorer: bool | None
    inference_services: frozenset[str] | None
    esql: frozenset[str] | None

    @classmethod
    def detect(cls, client: Elasticsearch, *, fields: bool = True) -> "Capabilities":
        """Ask a cluster.

        Args:
            client: of the cluster.
            fields: also ask what can be stored, which takes the cluster longer than all the rest
                together. A search need not know; what it does not ask for is ``None``.

        Raises:
            ClusterError: it cannot be reached, does not know the caller, or is too busy.
        """
        with (
            cluster_errors("asking the cluster what it can do"),
            ThreadPoolExecutor(_AT_ONCE) as pool,
        ):

            def begin(question: Callable[[Elasticsearch], T]) -> Callable[[], T | None]:
                return pool.submit(probes.ask, question, client).result

            node, licence = begin(probes.node_facts), begin(probes.licence)
            stored = begin(probes.vector_fields) if fields else probes.NO_FIELDS.copy
            base64_queries = begin(probes.base64_queries)
            rrf, linear, reranker, rescorer = (
                begin(partial(probes.retriever, name=name))
                for name in ("rrf", "linear", "text_similarity_reranker", "rescorer")
            )
            services, esql = begin(probes.inference_services), begin(probes.esql)

            facts = node() or probes.NodeFacts(UNKNOWN, UNKNOWN)
            held = licence() or probes.Licence(UNKNOWN, None)
            field = stored() or probes.NO_FIELDS
            # The licence for it is asked for when documents are written, and by no question.
            bbq_disk = field["bbq_disk"] and _covers_bbq_disk(facts, held)
            return cls(
                version=facts.version,
                flavour=facts.flavour,
                licence=held.kind,
                licence_expiry=held.expiry,
                modules=facts.modules,
                ingest_processors=facts.ingest_processors,
                **{**field, "bbq_disk": bbq_disk},
                base64_queries=base64_queries(),
                rrf=rrf(),
                linear=linear(),
                text_similarity_reranker=reranker(),
                rescorer=rescorer(),
                inference_services=services(),
                esql=esql(),
            )


def _covers_bbq_disk(node: probes.NodeFacts, licence: probes.Licence) -> bool | None:
    if licence.kind == UNKNOWN:
        return True if node.flavour == "serverless" else None
    expired = licence.expiry is not None and licence.expiry < datetime.now(UTC)
    return licence.kind not in LESSER_LICENCES and not expired
