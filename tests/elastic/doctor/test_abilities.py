from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from pytest_httpserver import HTTPServer

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.doctor import examine_cluster
from es_jina.elastic.doctor.abilities import describe
from tests.elastic.doctor.conftest import answering


@pytest.fixture
def able(capabilities: Capabilities) -> Capabilities:
    """A licensed cluster with everything."""
    everything: dict[str, Any] = {
        field.name: True
        for field in fields(capabilities)
        if getattr(capabilities, field.name) is False
    }
    return replace(
        capabilities,
        **everything,
        licence="enterprise",
        licence_expiry=datetime(2100, 1, 2, tzinfo=UTC),
        ingest_processors=frozenset({"inference", "set"}),
        inference_services=frozenset({"custom", "jinaai"}),
        esql=frozenset({"KNN", "FORK"}),
    )


def test_an_able_cluster_in_a_few_lines(able: Capabilities) -> None:
    found = list(describe(able))
    assert [finding.message for finding in found] == [
        "vectors are sent as base64 in documents and as base64 in queries; fields: bfloat16, "
        "bbq_disk, rank_vectors (sent as base64)",
        "retrievers: rrf, linear, text_similarity_reranker, rescorer",
        "inference API: 2 services with custom; ES|QL: FORK, KNN; modules: 4; ingest processors: 2 "
        "with inference",
    ]
    assert {finding.level for finding in found} == {"ok"}


def test_the_small_distribution(client: Elasticsearch, capabilities: Capabilities) -> None:
    first, *others = examine_cluster(client, capabilities)
    assert first.message == "Elasticsearch 9.5.0, self-managed, basic licence"
    told = "\n".join(finding.message for finding in others)
    assert "bfloat16, no bbq_disk, no rank_vectors (multi-vectors go into binary fields)" in told
    assert "retrievers: rescorer, no rrf, no linear, no text_similarity_reranker" in told
    assert "inference API: none; ES|QL: none; modules: 4; ingest processors: 1 without" in told
    assert {finding.level for finding in others} == {"ok"}


def test_lists_where_base64_is_not_read(able: Capabilities) -> None:
    less = replace(able, base64_documents=False, base64_queries=None, base64_rank_vectors=False)
    told = next(describe(less)).message
    assert "lists of numbers in documents and as lists of numbers in queries" in told
    assert "rank_vectors (sent as lists of numbers)" in told


@pytest.mark.parametrize(
    ("unknown", "privilege"),
    [
        ({"version": "unknown", "modules": None}, "cluster privilege `monitor`"),
        ({"licence": "unknown", "bbq_disk": None}, "cluster privilege `monitor`"),
        (
            {"base64_documents": None, "bfloat16": None, "bbq_disk": None},
            "index privilege `create_doc` on es-jina-probe*",
        ),
        ({"rrf": None, "esql": None}, "index privilege `read`"),
        ({"inference_services": None}, "cluster privilege `monitor_inference`"),
    ],
)
def test_what_this_user_may_not_ask(
    able: Capabilities, unknown: dict[str, Any], privilege: str
) -> None:
    *told, warning = describe(replace(able, **unknown))
    assert {finding.level for finding in told} == {"ok"}
    assert warning.level == "warning"
    assert warning.message == f"unknown, for this user may not ask: {', '.join(unknown)}"
    assert warning.step == f"give this user a role with the {privilege}, or sign in as another"


def test_every_capability_has_a_privilege(able: Capabilities) -> None:
    nothing: dict[str, Any] = {
        field.name: "unknown" if field.name in ("version", "flavour", "licence") else None
        for field in fields(able)
    }
    told = " ".join(
        finding.message for finding in describe(Capabilities(**nothing)) if finding.step
    )
    # None of a licence that does not end is no riddle.
    assert [name for name in nothing if name not in told] == ["licence_expiry"]


def test_serverless_has_nothing_to_hide(able: Capabilities, httpserver: HTTPServer) -> None:
    serverless = replace(
        able,
        flavour="serverless",
        licence="unknown",
        licence_expiry=None,
        modules=None,
        ingest_processors=None,
    )
    # Its nodes are not for its users to look at.
    gone = (410, {"error": {"type": "api_not_available_exception", "reason": "not available"}})
    with answering(httpserver, {"/_cluster/settings": gone}) as client:
        found = list(examine_cluster(client, serverless))
    assert {finding.level for finding in found} == {"ok"}
    assert found[0].message == "Elasticsearch 9.5.0, serverless"


def test_a_licence_that_ends(client: Elasticsearch, able: Capabilities) -> None:
    told = next(examine_cluster(client, able)).message
    assert told == "Elasticsearch 9.5.0, self-managed, enterprise licence until 2100-01-02"
