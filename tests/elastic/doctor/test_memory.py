from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from pytest_httpserver import HTTPServer

from es_jina.dense import DenseProfile
from es_jina.elastic.doctor.disks import GIB
from es_jina.elastic.doctor.finding import Finding
from es_jina.elastic.doctor.index import Index
from es_jina.elastic.doctor.memory import examine_heap, examine_vector_memory, vector_bytes
from tests.elastic.doctor.conftest import PROFILE, Patient, answering


@pytest.mark.parametrize(
    ("told", "needed"),
    [
        ("1024:hnsw", 4096 + 64),
        ("1024:hnsw:bfloat16", 2048 + 64),
        ("1024:hnsw:byte", 1024 + 64),
        ("1024:hnsw:bit", 128 + 64),
        ("1024:flat", 4096),
        ("1024:int8_hnsw", 1028 + 64),
        ("1024:int8_flat", 1028),
        ("1024:int4_hnsw", 516 + 64),
        ("1024:bbq_hnsw", 142 + 64),
        ("1024:bbq_flat:bfloat16", 142),
        ("1024:bbq_disk", 7.1),
    ],
)
def test_the_estimates_of_elastics_guide(told: str, needed: float) -> None:
    assert vector_bytes(DenseProfile.parse(told)) == pytest.approx(needed)


def test_a_real_node(patient: Callable[..., Patient]) -> None:
    made = patient()
    rows = {f"embedding_{dims}": [1.0] + [0.0] * (dims - 1) for dims in (128, 256)}
    for _ in range(3):
        made.index(**rows, multi_vector="A" * 22 + "==")
    memory = made.findings("ok")[-1]
    # 3 vectors of 128 + 4 + 64 bytes and of 256 + 4 + 64.
    assert memory.message.startswith("searches want about 0.0 MiB of memory for the vectors")
    assert " GiB outside the heap" in memory.message
    assert list(examine_heap(made.client)) == []


def node(memory: int, heap: int, *roles: str) -> dict[str, Any]:
    return {
        "roles": list(roles),
        "os": {"mem": {"total_in_bytes": memory * GIB}},
        "jvm": {"mem": {"heap_max_in_bytes": heap * GIB}},
    }


def examined(httpserver: HTTPServer, documents: int, *nodes: dict[str, Any]) -> Finding:
    """Examine an index of vectors of 4096 + 64 bytes, with so many millions of documents."""
    dense = (DenseProfile.of(1024, "hnsw"),)
    index = Index("docs-000001", "docs", {}, {}, {}, replace(PROFILE, dense=dense))
    count = {"total": {"docs": {"count": documents * 10**6}}}
    answers = {
        "/docs-000001/_stats/docs": (200, {"indices": {"docs-000001": count}}),
        "/_nodes/stats/os,jvm": (200, {"nodes": {str(n): each for n, each in enumerate(nodes)}}),
    }
    with answering(httpserver, answers) as client:
        (finding,) = examine_vector_memory(client, [index])
    return finding


def test_more_vectors_than_memory(httpserver: HTTPServer) -> None:
    data = node(64, 31, "data", "master")
    # 7 million of 4160 bytes are 27.1 GiB; those that hold no data do not count.
    assert examined(httpserver, 7, data, node(64, 1, "master", "data_frozen")).level == "ok"
    finding = examined(httpserver, 9, data, node(64, 1, "master"))
    assert finding.level == "warning"
    assert "about 34.9 GiB of memory for the vectors; the nodes have 33.0 GiB" in finding.message
    assert "bbq_hnsw" in (finding.step or "")
    assert examined(httpserver, 9, data, node(8, 4, "data_hot")).level == "ok"


def heap(httpserver: HTTPServer, used: int, **pools: dict[str, int]) -> list[str]:
    """Examine a heap of 1000 bytes."""
    memory = {"heap_used_in_bytes": used, "heap_max_in_bytes": 1000}
    # As filter_path leaves it: an object without anything in it is not told.
    told = {**memory, "pools": pools} if pools else memory
    stats = {"nodes": {"x": {"name": "a-node", "jvm": {"mem": told}}}}
    with answering(httpserver, {"/_nodes/stats/jvm": (200, stats)}) as client:
        found = list(examine_heap(client))
    assert {finding.level for finding in found} <= {"warning"}
    return [finding.message for finding in found]


FULL = ["the heap of a-node is full to 86%: requests may be refused"]


@pytest.mark.parametrize(("used", "told"), [(84, []), (86, FULL)])
def test_a_full_old_generation(httpserver: HTTPServer, used: int, told: list[str]) -> None:
    old = {"used_in_bytes": used, "max_in_bytes": 100}
    # The heap as a whole does not count beside it.
    assert heap(httpserver, 990, old=old) == heap(httpserver, 10, old=old) == told


@pytest.mark.parametrize(("used", "told"), [(840, []), (860, FULL)])
def test_a_collector_without_an_old_generation(
    httpserver: HTTPServer, used: int, told: list[str]
) -> None:
    assert heap(httpserver, used) == told
    assert heap(httpserver, used, old={"used_in_bytes": 0, "max_in_bytes": 0}) == told


def test_no_index_no_memory(client: Elasticsearch) -> None:
    assert list(examine_vector_memory(client, [])) == []
