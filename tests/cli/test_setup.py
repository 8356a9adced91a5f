"""``es-jina setup`` as a user types it, against a real Elasticsearch."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.assets import require_profile
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.node import Node
from es_jina.elastic.setup import plan, set_up
from es_jina.languages import Language
from es_jina.providers import profile_for
from es_jina.providers.base import V4
from es_jina.testing import HangUp, StubApi
from tests.elastic.inference_double import InferenceDouble
from tests.schema import check

from .shell import Inside

REQUESTS = {
    "_component_template": "cluster.put_component_template",
    "_index_template": "indices.put_index_template",
    "_ingest": "ingest.put_pipeline",
}
PROCESSORS = frozenset({"set", "remove", "trim", "inference", "script"})


@pytest.fixture
def es_jina(
    tmp_path: Path, node: Node, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Inside:
    return Inside(tmp_path, node.url, monkeypatch, capfd)


@pytest.fixture
def setup(es_jina: Inside, index: str, checkpoint: Path) -> Callable[..., str]:
    """`es-jina setup INDEX --model CHECKPOINT` and what is added to it."""
    return lambda *told, **how: es_jina("setup", index, "--model", checkpoint, *told, **how)


@pytest.fixture
def cluster_is(monkeypatch: pytest.MonkeyPatch, capabilities: Capabilities) -> Callable[..., None]:
    """Makes the cluster be taken for one that can do more."""

    def change(**other: Any) -> None:
        told = replace(capabilities, **other)
        monkeypatch.setattr(Capabilities, "detect", lambda client: told)

    return change


@pytest.fixture
def edited(client: Elasticsearch, setup: Callable[..., str], index: str) -> Iterator[str]:
    """An index whose own template somebody edited."""
    setup()
    name = f"es-jina-{index}"
    (found,) = client.indices.get_index_template(name=name)["index_templates"]
    body = {key: found["index_template"][key] for key in ("index_patterns", "composed_of")}
    template = found["index_template"]["template"] | {"settings": {"refresh_interval": "7s"}}
    client.indices.put_index_template(
        name=name, body=body | {"priority": 700, "template": template}
    )
    yield name
    client.indices.delete_index_template(name=name)


def requests(printed: str) -> dict[str, dict[str, Any]]:
    """Read what is meant for Kibana's Dev Tools as that does: comments, requests, bodies."""
    lines = [line for line in printed.splitlines() if not line.startswith("#")]
    found = re.split(r"^PUT (/\S+)$", "\n".join(lines), flags=re.MULTILINE)
    assert found[0].strip() == ""
    return {path: json.loads(body) for path, body in zip(found[1::2], found[2::2], strict=True)}


def test_what_is_printed_makes_the_index_when_it_is_typed(
    setup: Callable[..., str], index: str, client: Elasticsearch
) -> None:
    printed = requests(setup("--print", "--multi-vector", "binary", "--dims", 128))
    assert not client.indices.exists_alias(name=index)
    assert not client.indices.exists_index_template(name=f"es-jina-{index}")
    assert list(printed)[-3:] == [
        f"/_index_template/es-jina-{index}",
        f"/_ingest/pipeline/{index}-passage",
        f"/{index}-000001",
    ]
    for path, body in printed.items():
        request = REQUESTS.get(path.split("/")[1], "indices.create")
        assert check(request, body) == []
        if request != "ingest.put_pipeline":
            client.perform_request(
                "PUT",
                path,
                headers={"accept": "application/json", "content-type": "application/json"},
                body=body,
            )
    assert require_profile(client, index).dims == (128,)
    # It is as if we had put it.
    told = setup("--dry-run", "--dims", 128)
    assert "Already there, with the same profile" in told
    assert re.findall(r"template \S+: (.+)", told) == ["same"] * 6


def test_printing_asks_no_cluster(setup: Callable[..., str]) -> None:
    nobody = ("--url", "http://127.0.0.1:9", "--print")
    told = setup(*nobody, "--multi", "none", "--language", "ja", "--language", "vi", errors=False)
    template = next(body for path, body in requests(told).items() if "_index_template" in path)
    properties = template["template"]["mappings"]["properties"]
    assert properties["text"]["fields"] == {"ja": {"type": "text", "analyzer": "cjk"}}
    assert "add --multi-vector binary, rank_vectors or none" in setup(*nobody, code=2)
    assert "choose one of them" in setup(*nobody, "--dry-run", code=2)


def test_a_dry_run_shows_what_would_be_put_and_what_differs(
    setup: Callable[..., str], index: str, client: Elasticsearch
) -> None:
    told = setup("--dry-run")
    assert told.startswith(f"Would create index '{index}' on Elasticsearch 9.")
    assert f"  index template es-jina-{index}: new" in told.splitlines()
    assert "Next:" not in told
    assert not client.indices.exists_alias(name=index)
    assert not client.indices.exists_index_template(name=f"es-jina-{index}")


def test_what_somebody_edited(
    setup: Callable[..., str], edited: str, client: Elasticsearch
) -> None:
    told = setup("--dry-run").splitlines()
    place = told.index(f"  index template {edited}: edited by somebody, kept (use --force)")
    assert told[place + 1].startswith("    - priority = 700")
    assert told[place + 2].startswith("    + priority = 5")
    assert told[place + 3] == "    - template.settings.index.refresh_interval = 7s"
    kept = f"index template {edited}: edited by somebody, kept (--dry-run shows what differs"
    assert kept in setup()

    told = setup("--force", "--dry-run").splitlines()
    assert f"  index template {edited}: edited by somebody, would be replaced" in told
    (found,) = client.indices.get_index_template(name=edited)["index_templates"]
    assert found["index_template"]["priority"] == 700

    assert f"  index template {edited}: updated" in setup("--force").splitlines()
    assert "edited" not in setup()


def test_the_store_is_told_with_its_reason(
    setup: Callable[..., str], cluster_is: Callable[..., None]
) -> None:
    assert "multi-vectors go to binary: this cluster does not take rank_vectors" in setup()
    cluster_is(licence="enterprise", rank_vectors=True)
    # An index keeps what it has.
    assert "multi-vectors go to binary: as the index has it" in setup()
    told = setup("--multi-vector", "binary")
    assert "multi-vectors as binary bit" in told
    assert "go to" not in told


def test_rank_vectors_on_licences_that_have_them(
    setup: Callable[..., str], cluster_is: Callable[..., None]
) -> None:
    cluster_is(licence="enterprise", rank_vectors=True)
    told = setup("--dry-run")
    assert "go to rank_vectors: the cluster's subscription has them" in told
    assert "component template es-jina-multi-vector-rank-vectors: " in told
    cluster_is(licence="trial", rank_vectors=True)
    assert "go to binary: rank_vectors would end with the trial licence" in setup("--dry-run")
    ranked = ("--dry-run", "--multi", "rank_vectors")
    refused = setup(*ranked, code=2)
    assert refused.startswith("Error: this cluster has a trial licence: when it ends")
    assert refused.rstrip().endswith("add --yes to go on")
    assert refused.count("\n") == 1
    told = setup(*ranked, "--yes")
    assert "Warning: this cluster has a trial licence: when it ends" in told
    assert "multi-vectors as rank_vectors bit" in told


def test_languages(setup: Callable[..., str], index: str, client: Elasticsearch) -> None:
    refused = setup("--language", "de", code=2)
    assert "no analyzer for German, which would be german (of analysis-common)" in refused
    told = setup("--language", "fr:simple", "--language", "de:whitespace", "--language", "vi")
    assert "Vietnamese: Elasticsearch has no analyzer of its own" in told
    assert "words of de (whitespace), fr (simple)" in told
    assert require_profile(client, index).languages == (
        Language("de", "whitespace"),
        Language("fr", "simple"),
    )
    # The code is enough once the index has chosen.
    assert "Already there" in setup("--language", "fr", "--language", "de")
    assert "Already there" in setup()
    other = setup("--language", "fr", code=2)
    assert "languages is de (whitespace), fr (simple), asked for fr (simple)" in other


def test_the_pipeline_is_named_where_it_is(
    setup: Callable[..., str],
    cluster_is: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    index: str,
) -> None:
    assert "pipeline" not in setup()
    cluster_is(ingest_processors=PROCESSORS)
    assert f"ingest pipeline {index}-passage: new" in setup("--dry-run")
    # This node has no such processors, so nothing more than the plan can be made here.
    monkeypatch.setattr("es_jina.elastic.setup.set_up", plan)
    assert f"Raw text that is indexed with ?pipeline={index}-passage is embedded" in setup()


@pytest.fixture
def inference(
    node: Node, monkeypatch: pytest.MonkeyPatch, es_jina: Inside
) -> Iterator[InferenceDouble]:
    """The cluster, with the inference API."""
    with InferenceDouble(node.url) as double:
        monkeypatch.setenv("ES_JINA_URL", double.url)
        yield double


@pytest.fixture
def serving(
    inference: InferenceDouble, es_jina: Inside, index: str, stub: StubApi
) -> Callable[..., str]:
    """`es-jina setup INDEX --server URL` without multi-vectors, and what is added to it."""
    del inference
    usual = ("setup", index, "--server", stub.url, "--multi", "none")
    return lambda *told, **how: es_jina(*usual, *told, **how)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch, es_jina: Inside) -> Iterator[StubApi]:
    with StubApi(strict=False) as api:
        monkeypatch.setenv("JINA_API_KEY", api.key)
        yield api


def test_inference_endpoints(
    serving: Callable[..., str], index: str, inference: InferenceDouble, stub: StubApi
) -> None:
    told = serving("--dry-run")
    assert f"  inference endpoint {index}-passage: new, of the service custom" in told.splitlines()
    assert inference.sent == []
    told = serving()
    assert f"  inference endpoint {index}-query: new, of the service custom" in told.splitlines()
    assert f"Note: {stub.url} is this machine to Elasticsearch, too" in told
    assert told.count("inference endpoint ") == 2
    told = serving()
    assert f"inference endpoint {index}-query: already there, with the same settings" in told
    assert "Note:" not in told

    moved = ("--server", stub.url.replace("127.0.0.1", "localhost"))
    told = serving(*moved)
    lines = told.splitlines()
    place = lines.index(
        f"  inference endpoint {index}-query: of other settings, kept: --force deletes it and puts "
        "it again"
    )
    assert lines[place + 1] == f"    - service_settings.url = {stub.url}/v1/embeddings"
    inference.pipelines[f"{index}-query"] = ["p"]
    told = serving(*moved, "--force", "--dry-run")
    assert "of other settings, would be deleted and put again (in use by pipeline p)" in told
    told = serving(*moved, "--force")
    assert "of other settings, deleted and put again (in use by pipeline p)" in told
    assert "already there, with the same settings" in serving(*moved)
    assert stub.key not in told


def test_a_server_that_elasticsearch_does_not_reach(
    serving: Callable[..., str], stub: StubApi, index: str, client: Elasticsearch
) -> None:
    stub.queue(*[HangUp()] * 3)
    told = serving()
    assert (
        f"Warning: putting the inference endpoint {index}-passage: Elasticsearch answered" in told
    )
    assert f"Elasticsearch itself calls {stub.url}/v1/embeddings to try it" in told
    assert client.indices.exists_alias(name=index)
    assert f"Next: es-jina ingest {index} PATH..." in told


def test_an_index_that_was_filled_here_gets_endpoints_of_a_server(
    serving: Callable[..., str], index: str, client: Elasticsearch, capabilities: Capabilities
) -> None:
    drawn = profile_for(V4, store=None, max_pixels=1000)
    local = replace(drawn, model="a/folder", revision="known")
    set_up(client, index, local, capabilities)
    told = serving()
    assert told.startswith(f"Already there, with the same profile: index '{index}'")
    assert f"inference endpoint {index}-query: new" in told
    named = serving("--model", "jina-embeddings-v4", code=2)
    assert "was made with a/folder (revision known), but the model at hand is" in named


def test_the_hosted_endpoints(
    es_jina: Inside, inference: InferenceDouble, stub: StubApi, index: str
) -> None:
    told = es_jina("setup", index, "--dry-run")
    # A key alone is not given to the cluster.
    assert "No inference endpoints: add --server URL" in told
    told = es_jina("setup", index, "--provider", "hosted")
    for part in ("passage", "query", "embedding", "rerank"):
        assert f"  inference endpoint {index}-{part}: new, of the service jinaai" in told
    assert inference.sent == []
    assert stub.key not in told


def test_clusters_without_the_inference_api(
    es_jina: Inside, stub: StubApi, index: str, cluster_is: Callable[..., None]
) -> None:
    served = ("setup", index, "--server", stub.url)
    told = es_jina(*served)
    assert "Warning: no inference endpoints: this cluster has no inference API" in told
    assert "No inference endpoints" not in es_jina(
        "setup", index, "--provider", "hosted", "--dry-run"
    )
    cluster_is(inference_services=None)
    assert "Warning: no inference endpoints: asking for the inference services" in es_jina(*served)


def test_endpoints_are_printed_without_the_key(es_jina: Inside, stub: StubApi, index: str) -> None:
    nobody = ("setup", index, "--print", "--multi", "binary", "--url", "http://127.0.0.1:9")
    told = es_jina(*nobody, "--server", "https://gpu:8000", errors=False)
    assert "# Nobody asked https://gpu:8000: these are for jina-embeddings-v4" in told
    printed = requests(told)
    assert list(printed)[-3:] == [
        f"/_inference/text_embedding/{index}-passage",
        f"/_inference/text_embedding/{index}-query",
        f"/_inference/rerank/{index}-rerank",
    ]
    for path, body in printed.items():
        if path.startswith("/_inference"):
            assert check("inference.put_custom", body) == []
            assert body["service_settings"]["secret_parameters"] == {"api_key": "<api key>"}
    hosted = es_jina(*nobody, "--provider", "hosted", errors=False)
    assert len([path for path in requests(hosted) if path.startswith("/_inference")]) == 4
    assert stub.key not in told + hosted
    assert "# No inference endpoints: add --server URL" in es_jina(*nobody)


def test_an_index_that_is_there_does_not_want_its_options_again(
    setup: Callable[..., str], es_jina: Inside, index: str, stub: StubApi, client: Elasticsearch
) -> None:
    how = ("--element-type", "byte", "--pool-factor", 2, "--max-pixels", 4000)
    setup("--dims", 128, "--dims", "256:flat", "--language", "de:whitespace", *how)
    made = require_profile(client, index)
    there = f"Already there, with the same profile: index '{index}'"
    assert es_jina("setup", index).startswith(there)
    assert there in es_jina("setup", index, "--server", stub.url)
    assert there in setup("--dims", 128, "--dims", 256, "--pool-factor", 2)
    assert require_profile(client, index) == made
    for other in (
        ("--dims", 128),
        ("--dims", 128, "--dims", "256:byte"),
        ("--dims", 1024),
        ("--index-type", "hnsw"),
        ("--element-type", "bit"),
        ("--pool-factor", 1),
        ("--multi-vector", "none"),
        ("--max-pixels", 5000),
        ("--language", "fr:simple"),
    ):
        refused = es_jina("setup", index, *other, code=2)
        assert "was made for another profile" in refused, other


def test_a_server_that_only_elasticsearch_reaches(
    es_jina: Inside,
    inference: InferenceDouble,
    index: str,
    client: Elasticsearch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("es_jina.providers._ASKING_SECONDS", 0.1)
    away = ("setup", index, "--multi", "none", "--server", "http://127.0.0.1:9")
    refused = es_jina(*away, code=5)
    assert "127.0.0.1:9 cannot be reached" in refused
    assert "or name what it runs with --model" in refused
    assert refused.count("\n") == 1
    told = es_jina(*away, "--model", "jina-embeddings-v4")
    assert f"Created index '{index}'" in told
    assert "it is taken to run jina-embeddings-v4" in told
    assert "Elasticsearch itself calls http://127.0.0.1:9/v1/embeddings" in told
    told = es_jina(*away)
    assert f"Already there, with the same profile: index '{index}'" in told
    assert "it is taken to run jinaai/jina-embeddings-v4" in told
    assert "but the model at hand is jinaai/jina-clip-v2" in es_jina(
        *away, "--model", "jina-clip-v2", code=2
    )
