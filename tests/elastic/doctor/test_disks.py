from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from es_jina.elastic.doctor.disks import GIB, examine_disks, needed_free, size
from es_jina.elastic.doctor.finding import Finding
from tests.elastic.doctor.conftest import answering

PREFIX = "cluster.routing.allocation.disk."
DEFAULTS = {
    f"{PREFIX}threshold_enabled": "true",
    f"{PREFIX}watermark.low": "85%",
    f"{PREFIX}watermark.low.max_headroom": "200GB",
    f"{PREFIX}watermark.high": "90%",
    f"{PREFIX}watermark.high.max_headroom": "150GB",
    f"{PREFIX}watermark.flood_stage": "95%",
    f"{PREFIX}watermark.flood_stage.max_headroom": "100GB",
}


@pytest.fixture
def watermarks(client: Elasticsearch) -> Iterator[None]:
    """The watermarks may be changed; they are as before after the test."""
    yield
    client.cluster.put_settings(persistent={f"{PREFIX}*": None})


@pytest.mark.usefixtures("watermarks")
def test_a_disk_below_a_real_watermark(client: Elasticsearch) -> None:
    (finding,) = examine_disks(client)
    assert finding.level == "ok"
    marks = {"low": "900tb", "high": "1b", "flood_stage": "1b"}
    settings = {f"{PREFIX}watermark.{name}": mark for name, mark in marks.items()}
    client.cluster.put_settings(persistent={f"{PREFIX}threshold_enabled": True, **settings})
    (finding,) = examine_disks(client)
    assert finding.level == "warning"
    assert "below the low watermark of 921,600.0 GiB: no new index is put there" in finding.message
    assert "free disk space" in (finding.step or "")
    # With the watermarks off Elasticsearch does nothing, and neither need anybody.
    client.cluster.put_settings(persistent={f"{PREFIX}threshold_enabled": False})
    (finding,) = examine_disks(client)
    assert finding.level == "ok"


def examined(
    httpserver: HTTPServer, *free: int, settings: dict[str, str] | None = None
) -> list[Finding]:
    """Examine nodes of 1000 GiB each, with so many GiB free."""
    nodes = {
        str(number): {
            "name": f"node-{number}",
            "fs": {
                "total": {"total_in_bytes": 1000 * GIB, "available_in_bytes": each * GIB},
            },
        }
        for number, each in enumerate(free)
    }
    nodes["none"] = {"name": "a node without data", "fs": {"total": {}}}
    answers = {
        "/_nodes/stats/fs": (200, {"nodes": nodes}),
        "/_cluster/settings": (200, {"defaults": DEFAULTS, "persistent": settings or {}}),
    }
    with answering(httpserver, answers) as client:
        return list(examine_disks(client))


def test_every_node_by_itself(httpserver: HTTPServer) -> None:
    found = examined(httpserver, 40, 400, 80, 120)
    assert [finding.level for finding in found] == ["problem", "warning", "warning"]
    flood, high, low = (finding.message for finding in found)
    assert "40.0 of 1,000.0 GiB are free on node-0, below the flood_stage watermark" in flood
    assert "on node-2, below the high watermark" in high
    assert "on node-3, below the low watermark" in low
    assert examined(httpserver, 400)[0].message == "disks: 400.0 of 1,000.0 GiB are free on node-0"


def test_a_full_disk_that_nothing_guards(httpserver: HTTPServer) -> None:
    off = {f"{PREFIX}threshold_enabled": "false"}
    (finding,) = examined(httpserver, 40, 80, settings=off)
    assert finding.level == "problem"
    assert "the watermarks are off" in finding.message


@pytest.mark.parametrize(
    ("mark", "headroom", "total", "needed"),
    [
        ("85%", "-1", 1000, 150),
        ("0.85", "-1", 1000, 150),
        ("85%", "200b", 10_000, 200),
        ("85%", "200b", 1000, 150),
        ("500b", "-1", 1000, 500),
        # A headroom is for shares alone.
        ("500b", "1b", 1000, 500),
        ("1kb", "-1", 1000, 1024),
    ],
)
def test_every_form_of_a_watermark(mark: str, headroom: str, total: int, needed: int) -> None:
    settings = {f"{PREFIX}watermark.low": mark, f"{PREFIX}watermark.low.max_headroom": headroom}
    assert needed_free(total, settings, "low") == pytest.approx(needed)


@given(st.integers(0, 999), st.sampled_from(["b", "kb", "mb", "gb", "tb", "pb"]))
def test_sizes(number: int, unit: str) -> None:
    power = ["b", "kb", "mb", "gb", "tb", "pb"].index(unit)
    assert size(f"{number}{unit}") == size(f"{number}{unit.upper()}") == number * 1024**power
