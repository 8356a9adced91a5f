from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from es_jina.dense import DenseProfile
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.doctor.index import Index
from es_jina.elastic.doctor.licence import examine_expiry, examine_need
from es_jina.profile import MultiVectorProfile
from tests.elastic.doctor.conftest import PROFILE

RANKED = replace(PROFILE, multi_vector=MultiVectorProfile("rank_vectors", "byte"))
ON_DISK = replace(PROFILE, dense=(DenseProfile.of(1024, "bbq_disk"),))


def index(profile: Any) -> Index:
    return Index("docs-000001", "docs", {}, {}, {}, profile)


def licensed(capabilities: Capabilities, kind: str, days: float | None) -> Capabilities:
    # Half a day more, so that the test may take its time.
    ends = None if days is None else datetime.now(UTC) + timedelta(days=days + 0.5)
    return replace(capabilities, licence=kind, licence_expiry=ends)


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (None, []),
        (31, []),
        (30, [("warning", "the trial licence ends in 30 days")]),
        (0, [("warning", "the trial licence ends in 0 days")]),
        (-1, [("problem", "the trial licence has ended")]),
    ],
)
def test_the_days_that_are_left(
    capabilities: Capabilities, days: int | None, told: list[tuple[str, str]]
) -> None:
    found = list(examine_expiry(licensed(capabilities, "trial", days)))
    assert [(finding.level, finding.message) for finding in found] == told
    assert all(finding.step for finding in found)


@pytest.mark.parametrize(
    ("kind", "days", "level", "why"),
    [
        ("basic", None, "problem", "a basic licence does not cover"),
        ("trial", 31, "warning", "the licence is a trial"),
        ("trial", 12, "problem", "the trial licence ends in 12 days"),
        ("enterprise", 12, "problem", "the enterprise licence ends in 12 days"),
        ("enterprise", -2, "problem", "no licence covers"),
    ],
)
@pytest.mark.parametrize(
    ("profile", "effect", "step"),
    [
        (RANKED, "after a restart of its node", "`es-jina convert-multi docs --to binary`"),
        (ON_DISK, "no document is written", "an index with bbq_hnsw"),
    ],
)
def test_what_an_index_loses(
    capabilities: Capabilities,
    kind: str,
    days: int | None,
    level: str,
    why: str,
    profile: Any,
    effect: str,
    step: str,
) -> None:
    (finding,) = examine_need(licensed(capabilities, kind, days), index(profile))
    assert finding.level == level
    assert why in finding.message
    assert effect in finding.message
    assert step in (finding.step or "")


@pytest.mark.parametrize("days", [None, 31])
def test_a_licence_that_covers_it(capabilities: Capabilities, days: int | None) -> None:
    held = licensed(capabilities, "enterprise", days)
    assert [*examine_need(held, index(RANKED)), *examine_need(held, index(ON_DISK))] == []
    basic = licensed(capabilities, "basic", None)
    assert list(examine_need(basic, index(PROFILE))) == []
