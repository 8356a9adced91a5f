"""What a caller sees who may not look, and what is no missing privilege."""

from dataclasses import replace
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.doctor import Finding, examine_cluster, examine_indices
from es_jina.elastic.doctor.disks import examine_disks
from es_jina.elastic.doctor.finding import guarded
from es_jina.errors import ClusterError
from tests.elastic.doctor.conftest import PROFILE, Answers, answering

DENIED = (403, {"error": {"type": "security_exception", "reason": "action is unauthorized"}})
BLOCKED = (
    403,
    {"error": {"type": "cluster_block_exception", "reason": "index [docs-000001] blocked by"}},
)
INDEX: dict[str, Any] = {
    "docs-000001": {
        "aliases": {"docs": {"is_write_index": True}},
        "settings": {},
        "mappings": {"_meta": {"es_jina": PROFILE.to_meta()}},
    }
}
ASKED = [
    "/_index_template/es-jina-docs",
    "/_component_template/es-jina-settings",
    "/_ingest/pipeline/docs-passage",
    "/_inference/docs-passage",
    "/docs-000001/_search",
    "/_cluster/health/docs-000001",
    "/docs-000001/_stats/docs",
    "/_nodes/stats/fs",
    "/_nodes/stats/jvm",
    "/_cluster/settings",
]


def examined(
    httpserver: HTTPServer, capabilities: Capabilities, refusal: tuple[int, Any]
) -> list[Finding]:
    answers: Answers = dict.fromkeys(ASKED, refusal) | {"/docs": (200, INDEX)}
    with answering(httpserver, answers) as client:
        return [
            finding
            for examine in (
                examine_cluster(client, capabilities),
                examine_indices(client, capabilities, "docs"),
            )
            for finding in examine
            if finding.level != "ok" and "the mapping has no" not in finding.message
        ]


def test_every_missing_privilege_is_named(
    httpserver: HTTPServer, capabilities: Capabilities
) -> None:
    able = replace(capabilities, inference_services=frozenset({"custom"}))
    found = examined(httpserver, able, DENIED)
    assert {finding.level for finding in found} == {"warning"}
    assert all("this user may not look at them" in finding.message for finding in found)
    told = {(f.about, f.message.split(":")[0], (f.step or "").split(", or")[0]) for f in found}
    give = "give this user the"
    assert told == {
        ("cluster", "disks", f"{give} cluster privilege `monitor`"),
        ("cluster", "heap and memory", f"{give} cluster privilege `monitor`"),
        ("docs", "templates", f"{give} cluster privilege `manage_index_templates`"),
        ("docs", "ingest pipelines", f"{give} cluster privilege `read_pipeline`"),
        ("docs", "inference endpoints", f"{give} cluster privilege `monitor_inference`"),
        ("docs-000001", "documents", f"{give} index privilege `read`"),
        ("docs-000001", "health", f"{give} cluster privilege `monitor`"),
        (
            "cluster",
            "memory and vectors",
            f"{give} cluster privilege `monitor` and the index privilege `monitor`",
        ),
    }


def test_a_block_is_no_missing_privilege(
    httpserver: HTTPServer, capabilities: Capabilities
) -> None:
    found = examined(httpserver, capabilities, BLOCKED)
    assert {finding.level for finding in found} == {"problem"}
    assert all("blocked by" in finding.message for finding in found)


def test_a_cluster_that_is_gone_is_no_finding() -> None:
    with (
        Cluster("http://127.0.0.1:9").connect() as gone,
        pytest.raises(ClusterError, match="cannot be reached"),
    ):
        list(guarded(lambda: examine_disks(gone), "cluster", "disks", "privilege"))
