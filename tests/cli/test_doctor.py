import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch
from pytest_httpserver import HTTPServer

from es_jina.cli.main import cli
from es_jina.dense import dense_profiles
from es_jina.elastic.assets import require_profile
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.doctor import Finding, examine_indices
from es_jina.elastic.fast_load import fast_load
from es_jina.elastic.node import Node
from es_jina.elastic.setup import set_up
from es_jina.errors import ClusterError
from es_jina.profile import IndexProfile, MultiVectorProfile

PROFILE = IndexProfile(
    "the model", "rev", dense_profiles(128, 256), MultiVectorProfile("binary", "bit"), 1000
)


def whole(**other: Any) -> dict[str, Any]:
    """A document that lacks nothing."""
    vectors = {f"embedding_{dims}": [1.0] + [0.0] * (dims - 1) for dims in (128, 256)}
    return {"profile": PROFILE.fingerprint, "multi_vector": "A" * 22 + "==", **vectors, **other}


class Doctor:
    """Runs `es-jina doctor` against the shared node."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, *arguments: str, code: int | None = 0) -> Result:
        told = CliRunner().invoke(
            cli, ["doctor", *arguments, "--url", self.url], standalone_mode=False
        )
        assert told.exception is None, told.exception
        assert code is None or told.return_value == code, told.output
        return told

    def lines(self, index: str, level: str, code: int = 0) -> list[str]:
        """What it says at a level of an index."""
        output = self(index, code=code).output
        return [line for line in output.splitlines() if line.startswith(f"{level:8}  {index}-")]


@pytest.fixture
def doctor(node: Node) -> Doctor:
    return Doctor(node.url)


@pytest.fixture
def made(client: Elasticsearch, capabilities: Capabilities, index: str) -> Iterator[str]:
    set_up(client, index, PROFILE, capabilities)
    yield index
    lifted = {
        f"index.blocks.{block}": None
        for block in ("read_only_allow_delete", "read_only", "write", "read")
    }
    for name in (f"{index}-000001", f"{index}-000002"):
        client.options(ignore_status=404).indices.put_settings(index=name, settings=lifted)
    client.options(ignore_status=404).indices.delete(index=f"{index}-000002")


def test_all_is_well(doctor: Doctor, client: Elasticsearch, made: str) -> None:
    (line,) = doctor.lines(made, "ok")
    assert "the model; dense vectors of 128 dims (int8_hnsw), 256 dims (int8_hnsw); " in line
    assert "; multi-vectors as binary bit; " in line
    assert "; 0 documents" in line
    assert f"next: fill it: `es-jina ingest {made} PATH...`" in line
    client.index(index=made, document=whole(), refresh=True)
    told = doctor(made).output.splitlines()
    assert "1 documents" in told[-2]
    assert "next" not in told[-2]
    assert all(line.startswith("ok ") for line in told)
    assert told[0] == "ok        cluster: Elasticsearch 9.5.0, self-managed, basic licence"
    assert "base64 in documents and as base64 in queries" in told[1]


def test_without_a_name_it_looks_at_all_of_ours(
    doctor: Doctor, client: Elasticsearch, made: str
) -> None:
    client.indices.create(index=f"foreign-{made}")
    try:
        # Other tests keep indices on this node, some with faults: the code is theirs.
        findings = json.loads(doctor("--json", code=None).output)
        assert {"level", "about", "message", "step"} == set(findings[0])
        about = {finding["about"] for finding in findings}
        assert f"{made}-000001" in about
        assert f"foreign-{made}" not in about
        told = doctor(f"foreign-{made}", code=1).output
        assert f"problem   foreign-{made}: it has no es_jina profile in its mapping" in told
    finally:
        client.indices.delete(index=f"foreign-{made}")


def test_documents_that_lack_something(doctor: Doctor, client: Elasticsearch, made: str) -> None:
    documents = [whole(), whole(profile="another"), whole(profile=None), whole(embedding_256=None)]
    documents += [whole(multi_vector=None), whole(multi_vector=None)]
    for document in documents:
        client.index(index=made, document=document)
    client.indices.refresh(index=made)
    (line,) = doctor.lines(made, "ok", code=1)
    assert "6 documents" in line
    other, dense, multi = doctor.lines(made, "problem", code=1)
    assert "2 documents are of another profile" in other
    assert "1 documents have no embedding_256" in dense
    assert "2 documents have no multi_vector" in multi
    for line in (other, dense, multi):
        assert f"`es-jina ingest {made} PATH...`" in line


def test_what_a_fast_load_has_left_is_restored(
    doctor: Doctor, client: Elasticsearch, made: str
) -> None:
    was = client.indices.get(index=made, flat_settings=True).body
    with fast_load(client, made):  # as good as killed: the doctor cannot tell
        client.index(index=made, document=whole())
        (line,) = doctor.lines(made, "restored")
        assert "as before (one that is still running goes on" in line
        # It is counted although nothing was refreshed before.
        assert client.indices.get(index=made, flat_settings=True).body == was
        assert doctor.lines(made, "restored") == []
        (line,) = doctor.lines(made, "ok")
        assert "1 documents" in line
    assert require_profile(client, made) == PROFILE


def test_refresh_that_is_off_for_no_known_reason(
    doctor: Doctor, client: Elasticsearch, made: str
) -> None:
    client.indices.put_settings(index=made, settings={"index.refresh_interval": "-1"})
    (line,) = doctor.lines(made, "warning")
    assert "new documents are not found" in line
    assert f'PUT /{made}-000001/_settings {{"index.refresh_interval": null}}' in line


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("read_only_allow_delete", r"disk is nearly full \(now [\d.,]+ of [\d.,]+ GiB are free"),
        ("read_only", "neither documents nor settings can be changed"),
        ("write", "neither written nor deleted"),
        ("read", "nothing can be searched"),
    ],
)
def test_blocks(doctor: Doctor, client: Elasticsearch, made: str, block: str, told: str) -> None:
    client.indices.put_settings(index=made, settings={f"index.blocks.{block}": True})
    lines = doctor.lines(made, "problem", code=1)
    assert re.search(told, lines[-1])
    assert f'PUT /{made}-000001/_settings {{"index.blocks.{block}": null}}' in lines[-1]
    # Where even counting is refused, that is a finding and not the end.
    assert len(lines) == (2 if block == "read" else 1)


def test_a_fast_load_that_cannot_be_set_back(
    doctor: Doctor, client: Elasticsearch, made: str
) -> None:
    with fast_load(client, made):
        client.indices.put_settings(index=made, settings={"index.blocks.read_only": True})
        back, block = doctor.lines(made, "problem", code=1)
        assert f"setting '{made}-000001' back after a fast load" in back
        assert "index.blocks.read_only is set" in block
        client.indices.put_settings(index=made, settings={"index.blocks.read_only": None})
        assert len(doctor.lines(made, "restored")) == 1


def test_health(doctor: Doctor, client: Elasticsearch, made: str) -> None:
    replicas = {"index.auto_expand_replicas": None, "index.number_of_replicas": 1}
    client.indices.put_settings(index=made, settings=replicas)
    (line,) = doctor.lines(made, "warning")
    assert "health yellow" in line
    client.indices.rollover(
        alias=made,
        settings={"index.routing.allocation.require.nowhere": "x"},
        wait_for_active_shards=0,
    )
    count, health = doctor.lines(made, "problem", code=1)
    assert "Elasticsearch answered 503" in count
    assert "health red" in health


def test_a_closed_index(doctor: Doctor, client: Elasticsearch, made: str) -> None:
    client.indices.close(index=made)
    (line,) = doctor.lines(made, "problem", code=1)
    assert f"it is closed: nothing is found in it; next: open it: POST /{made}-000001/_open" in line
    assert line in doctor(code=1).output


def test_two_profiles_behind_one_alias(doctor: Doctor, client: Elasticsearch, made: str) -> None:
    client.indices.rollover(alias=made)
    assert doctor.lines(made, "problem") == []
    other = {"es_jina": replace(PROFILE, max_pixels=5).to_meta()}
    client.indices.put_mapping(index=f"{made}-000002", meta=other)
    (line,) = doctor.lines(made, "problem", code=1)
    assert f"{made}-000002: its profile is another" in line


def test_a_profile_of_another_time(doctor: Doctor, client: Elasticsearch, made: str) -> None:
    client.indices.put_mapping(index=made, meta={"es_jina": {"profile_version": 7}})
    (line,) = doctor.lines(made, "problem", code=1)
    assert "has version 7; this es_jina reads 1 and 2; next: use the es_jina that made it" in line


def test_no_index_at_all(capabilities: Capabilities) -> None:
    with HTTPServer() as server:
        server.expect_request("/*/_mapping").respond_with_json(
            {}, headers={"x-elastic-product": "Elasticsearch"}
        )
        with Cluster(server.url_for("/")).connect() as client:
            (finding,) = examine_indices(client, capabilities)
    step = "create one with `es-jina setup INDEX`"
    assert finding == Finding("warning", "cluster", "no index was made by es_jina here", step)


def test_without_a_name_all_indices_with_a_profile_are_looked_at(
    client: Elasticsearch, capabilities: Capabilities, made: str
) -> None:
    other = f"other-{made}"
    client.indices.create(index=other, mappings={"_meta": {"another": {}}})
    client.indices.rollover(alias=made)
    client.indices.close(index=f"{made}-000001")
    about = {finding.about for finding in examine_indices(client, capabilities)}
    client.indices.open(index=f"{made}-000001")
    client.indices.delete(index=other)
    assert {f"{made}-000001", f"{made}-000002"} <= about
    assert other not in about


def test_a_cluster_that_goes_away_ends_it(
    client: Elasticsearch, capabilities: Capabilities, made: str
) -> None:
    with (
        Cluster("http://127.0.0.1:9").connect() as gone,
        pytest.raises(ClusterError, match="cannot be reached"),
    ):
        list(examine_indices(gone, capabilities, made))
