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

DENIED = (
    403,
    {
        "error": {
            "type": "security_exception",
            "reason": "action [a] is unauthorized for user [u] with effective roles [r], this "
            "action is granted by the cluster privileges [monitor,manage,all]",
        }
    },
)
UNLICENSED = (
    403,
    {"error": {"type": "security_exception", "reason": "current license is non-compliant for [x]"}},
)
GONE = (410, {"error": {"type": "api_not_available_exception", "reason": "not available"}})
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
    assert {finding.step for finding in found} == {
        "give this user a role with the cluster privilege `monitor`, or sign in as another"
    }
    assert {(finding.about, finding.message.split(":")[0]) for finding in found} == {
        ("cluster", "disks and heap"),
        ("docs", "templates"),
        ("docs", "ingest pipelines"),
        ("docs", "inference endpoints"),
        ("docs-000001", "documents"),
        ("docs-000001", "health and shards"),
        ("cluster", "memory and vectors"),
    }


def test_a_release_that_names_no_privilege(
    httpserver: HTTPServer, capabilities: Capabilities
) -> None:
    denied = {"error": {"type": "security_exception", "reason": "action [a] is unauthorized"}}
    found = examined(httpserver, capabilities, (403, denied))
    assert {finding.step for finding in found} == {
        "give this user a role that may, or sign in as another"
    }


def test_what_serverless_keeps_from_everybody_is_no_finding(
    httpserver: HTTPServer, capabilities: Capabilities
) -> None:
    assert examined(httpserver, capabilities, GONE) == []


@pytest.mark.parametrize(
    ("refusal", "told"), [(BLOCKED, "blocked by"), (UNLICENSED, "non-compliant")]
)
def test_what_is_no_missing_privilege(
    httpserver: HTTPServer, capabilities: Capabilities, refusal: tuple[int, Any], told: str
) -> None:
    found = examined(httpserver, capabilities, refusal)
    assert {finding.level for finding in found} == {"problem"}
    assert all(told in finding.message for finding in found)


def test_a_cluster_that_is_gone_is_no_finding() -> None:
    with (
        Cluster("http://127.0.0.1:9").connect() as gone,
        pytest.raises(ClusterError, match="cannot be reached"),
    ):
        list(guarded(lambda: examine_disks(gone), "cluster", "disks"))
