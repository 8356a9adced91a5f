"""Heap, and the memory outside it that searches want for the vectors."""

from collections.abc import Iterator
from typing import Any

from elasticsearch import Elasticsearch

from es_jina.dense import DenseProfile
from es_jina.elastic.client import cluster_errors
from es_jina.elastic.doctor.disks import GIB
from es_jina.elastic.doctor.finding import CLUSTER, Finding
from es_jina.elastic.doctor.index import Index

# Elastic's advice: look into it from 85 % of the old generation on.
_PRESSURE = 0.85
# HNSW's default of 16 neighbours, 4 bytes each.
_GRAPH_BYTES = 64
# In Elastic's tests, 1 to 5 % of the structure are enough for DiskBBQ.
_DISK_SHARE = 0.05
_ELEMENT_BYTES = {"float": 4.0, "bfloat16": 2.0, "byte": 1.0, "bit": 1 / 8}
_DATA_ROLES = {"data", "data_content", "data_hot", "data_warm", "data_cold"}


def vector_bytes(dense: DenseProfile) -> float:
    """Return what a fast search wants to have in memory of one vector, in bytes.

    The estimates of Elastic's guide "Tune approximate kNN search": the quantised numbers, where
    there are any, with their corrections, and the graph.
    """
    kind, dims = dense.index_type, dense.dims
    if kind == "bbq_disk":
        return _DISK_SHARE * (dims / 8 + 14)
    quantised = {"int8": dims + 4, "int4": dims / 2 + 4, "bbq": dims / 8 + 14}
    raw = dims * _ELEMENT_BYTES[dense.element_type]
    numbers = quantised.get(kind.split("_")[0], raw)
    return numbers + (_GRAPH_BYTES if kind.endswith("hnsw") else 0)


def examine_heap(client: Elasticsearch) -> Iterator[Finding]:
    """Look how full the heaps are.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    with cluster_errors("asking for the heap"):
        answer = client.nodes.stats(
            metric="jvm",
            filter_path="nodes.*.name,nodes.*.jvm.mem.pools.old,nodes.*.jvm.mem.heap_*_in_bytes",
        )
    for node in answer["nodes"].values():
        pressure = _pressure(node["jvm"]["mem"])
        if pressure >= _PRESSURE:
            told = f"the heap of {node['name']} is full to {pressure:.0%}: requests may be refused"
            step = "give the node a larger heap (-Xmx), or the cluster another node"
            yield Finding("warning", CLUSTER, told, step)


def _pressure(memory: dict[str, Any]) -> float:
    """Return how full the old generation is, between 0 and 1."""
    # Not the heap as a whole, which is full before every collection. But a collector may know no
    # generations (ZGC), or set its old one no limit, which Elasticsearch tells as 0.
    old = memory.get("pools", {}).get("old", {})
    if old.get("max_in_bytes", 0) > 0:
        return float(old["used_in_bytes"] / old["max_in_bytes"])
    return float(memory["heap_used_in_bytes"] / memory["heap_max_in_bytes"])


def examine_vector_memory(client: Elasticsearch, indices: list[Index]) -> Iterator[Finding]:
    """Compare what the vectors of some indices want in memory with what is outside the heap.

    Raises:
        ClusterError: Elasticsearch cannot be reached or refuses.
    """
    if not indices:
        return
    with cluster_errors("asking for the memory of the nodes"):
        counted = client.indices.stats(
            index=[index.name for index in indices],
            metric="docs",
            filter_path="indices.*.total.docs.count",
        )
        answer = client.nodes.stats(
            metric=["os", "jvm"],
            filter_path="nodes.*.roles,nodes.*.os.mem,nodes.*.jvm.mem.heap_max_in_bytes",
        )
    documents = counted.body.get("indices", {})
    wanted = sum(
        # Of all copies: each of them is searched.
        documents.get(index.name, {}).get("total", {}).get("docs", {}).get("count", 0)
        * sum(map(vector_bytes, index.profile.dense))
        for index in indices
    )
    free = sum(map(_outside_heap, answer["nodes"].values()))
    told = (
        f"searches want about {_told(wanted)} of memory for the vectors; the nodes have "
        f"{_told(free)} outside the heap, for that and all else"
    )
    if wanted <= free:
        yield Finding("ok", CLUSTER, told)
        return
    step = (
        "add memory or nodes, or load the sources into an index of less: fewer dims, bbq_hnsw "
        "instead of int8_hnsw, bbq_disk"
    )
    yield Finding("warning", CLUSTER, f"{told}: searches will wait for the disk", step)


def _outside_heap(node: dict[str, Any]) -> int:
    """Return the memory of a node that holds data, less its heap, in bytes."""
    if not _DATA_ROLES & set(node["roles"]):
        return 0
    memory = node["os"]["mem"]
    total: int = memory.get("adjusted_total_in_bytes", memory["total_in_bytes"])
    return max(0, total - int(node["jvm"]["mem"]["heap_max_in_bytes"]))


def _told(amount: float) -> str:
    return f"{amount / GIB:,.1f} GiB" if amount >= GIB / 10 else f"{amount / 2**20:,.1f} MiB"
