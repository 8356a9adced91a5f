"""How many documents an index has, which of them lack something, and a sample of them."""

from collections.abc import Iterator
from typing import Any

from elasticsearch import Elasticsearch

from es_jina.elastic.client import cluster_errors
from es_jina.elastic.doctor.finding import Finding
from es_jina.elastic.doctor.index import Index
from es_jina.elastic.doctor.vectors import examine_vectors
from es_jina.profile import MULTI_VECTOR_FIELD


def examine_documents(client: Elasticsearch, index: Index) -> Iterator[Finding]:
    """Count the documents and those whose vectors are missing or of another profile; look at some.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    profile = index.profile
    fields = [dense.field for dense in profile.dense]
    if profile.multi_vector is not None:
        fields.append(MULTI_VECTOR_FIELD)
    wanted: dict[str, Any] = {field: {"exists": {"field": field}} for field in fields}
    wanted["profile"] = {"term": {"profile": profile.fingerprint}}
    total, lacking = _count(client, index, wanted)
    yield Finding(
        "ok",
        index.name,
        f"{profile.summary}; {total:,} documents",
        None if total else f"fill it: {index.ingest}",
    )
    other = lacking.pop("profile")
    if other:
        told = f"{other:,} documents are of another profile: their vectors are not comparable"
        step = f"embed them anew from their sources: {index.ingest}"
        yield Finding("problem", index.name, told, step)
    for field, count in lacking.items():
        if count:
            told = f"{count:,} documents have no {field}: a search by it does not find them"
            step = f"load them anew from their sources: {index.ingest}"
            yield Finding("problem", index.name, told, step)
    if total:
        yield from examine_vectors(client, index)


def _count(
    client: Elasticsearch, index: Index, wanted: dict[str, Any]
) -> tuple[int, dict[str, int]]:
    """Return the number of documents, and by name of those that a query does not match."""
    filters = {name: {"bool": {"must_not": query}} for name, query in wanted.items()}
    with cluster_errors(f"counting the documents of {index.name!r}"):
        answer = client.search(
            index=index.name,
            size=0,
            track_total_hits=True,
            allow_partial_search_results=False,
            aggs={"lacking": {"filters": {"filters": filters}}},
        )
    buckets = answer["aggregations"]["lacking"]["buckets"]
    lacking = {name: bucket["doc_count"] for name, bucket in buckets.items()}
    return answer["hits"]["total"]["value"], lacking
