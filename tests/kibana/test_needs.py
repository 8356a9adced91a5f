"""Which searches a cluster can run, told from what is known of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from es_jina.dense import DenseProfile
from es_jina.elastic.capabilities import Capabilities
from es_jina.kibana.needs import has_mustache, lacking
from es_jina.kibana.searches import searches
from tests.kibana.library import PROFILE

ESQL = frozenset({"FORK", "FUSE", "RERANK", "KNN", "TEXT_EMBEDDING"})
ENTERPRISE = Capabilities(
    version="9.5.0",
    flavour="self-managed",
    licence="enterprise",
    licence_expiry=None,
    modules=frozenset({"lang-mustache"}),
    ingest_processors=None,
    base64_documents=None,
    base64_queries=True,
    rank_vectors=None,
    base64_rank_vectors=None,
    bfloat16=None,
    bbq_disk=None,
    rrf=True,
    linear=True,
    text_similarity_reranker=True,
    rescorer=True,
    inference_services=frozenset({"custom"}),
    esql=ESQL,
)
BASIC = replace(ENTERPRISE, licence="basic", rrf=False, text_similarity_reranker=False)


def running(cluster: Capabilities, profile: Any = PROFILE) -> list[str]:
    """The searches that lack nothing."""
    fitted = searches("docs", profile, "ref")
    templates = [each.name for each in fitted.templates if not lacking(each.text, cluster, profile)]
    queries = [
        f"{each.name}.esql" for each in fitted.queries if not lacking(each.text, cluster, profile)
    ]
    return templates + queries


def test_an_enterprise_licence_runs_all() -> None:
    assert len(running(ENTERPRISE)) == 13
    trial = datetime.now(UTC) + timedelta(days=9)
    assert len(running(replace(ENTERPRISE, licence="trial", licence_expiry=trial))) == 13


@pytest.mark.parametrize("licence", ["basic", "platinum"])
def test_a_lesser_licence_embeds_nothing(licence: str) -> None:
    cluster = replace(BASIC, licence=licence)
    assert running(cluster) == ["words", "hybrid-vector", "pages-vector"]
    text = searches("docs", PROFILE, "ref").templates[4].text
    assert lacking(text, cluster, PROFILE) == [
        "the inference API and the retriever rrf and the retriever text_similarity_reranker, "
        "with an Enterprise licence or a trial"
    ]


def test_a_trial_that_has_ended_embeds_nothing() -> None:
    ended = datetime.now(UTC) - timedelta(days=1)
    cluster = replace(BASIC, licence="trial", licence_expiry=ended)
    assert running(cluster) == ["words", "hybrid-vector", "pages-vector"]


def test_before_94_vectors_of_floats_are_not_read_in_base64() -> None:
    cluster = replace(BASIC, base64_queries=False)
    assert running(cluster) == ["words"]
    narrow = replace(PROFILE, dense=(DenseProfile.of(1024, None, "bit"),))
    assert running(cluster, narrow) == ["words", "hybrid-vector", "pages-vector"]


def test_the_small_distribution_has_no_templates(capabilities: Capabilities) -> None:
    assert has_mustache(capabilities) is False
    assert running(capabilities) == []
    words, *_ = searches("docs", PROFILE, "ref").templates
    told = ["search templates, which are the module lang-mustache"]
    assert lacking(words.text, capabilities, PROFILE) == told
    nearest, *_ = searches("docs", PROFILE, "ref").queries
    assert lacking(nearest.text, capabilities, PROFILE)[0] == "ES|QL"


def test_an_older_esql_is_named_by_what_it_lacks() -> None:
    cluster = replace(ENTERPRISE, esql=frozenset({"FORK", "KNN"}))
    hybrid = searches("docs", PROFILE, "ref").queries[1]
    told = "FUSE and TEXT_EMBEDDING of ES|QL: 9.3 and later has all of it"
    assert lacking(hybrid.text, cluster, PROFILE) == [told]


def test_what_nobody_may_know_is_tried() -> None:
    """A user without privileges, and Serverless, which tells nothing of its nodes."""
    cluster = replace(
        ENTERPRISE,
        modules=None,
        licence="unknown",
        rrf=None,
        text_similarity_reranker=None,
        inference_services=None,
        esql=None,
    )
    assert len(running(cluster)) == 13
    assert has_mustache(cluster) is None
    assert has_mustache(replace(cluster, flavour="serverless")) is True
