"""The hosted models beside jina-embeddings-v4, from setup to search, and the hosted reranker."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.cli import search
from es_jina.elastic.node import Node
from es_jina.testing import StubApi, nested, relevance
from tests.ingest.files import pdf, picture

from .shell import Inside

V3 = ("--provider", "hosted", "--model", "jina-embeddings-v3")
CLIP = ("--provider", "hosted", "--model", "jina-clip-v2")


@pytest.fixture
def api() -> Iterator[StubApi]:
    with StubApi() as running:
        yield running


@pytest.fixture
def es_jina(
    tmp_path: Path,
    node: Node,
    api: StubApi,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Inside:
    """The command, with the stub for the API, and a folder of two texts and a picture."""
    run = Inside(tmp_path, node.url, monkeypatch, capfd)
    monkeypatch.setenv("ES_JINA_SERVER", api.url)
    monkeypatch.setenv("JINA_API_KEY", api.key)
    (tmp_path / "fox.md").write_text("# The fox\n\nThe quick brown fox jumps over the dog.")
    (tmp_path / "dog.txt").write_text("A lazy dog sleeps all day.")
    picture(tmp_path / "teal.png", size=(900, 700))
    return run


def hits(told: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(told)["hits"]
    return found


def test_v3_from_setup_to_search(
    es_jina: Inside, index: str, api: StubApi, client: Elasticsearch
) -> None:
    made = es_jina("setup", index, *V3)
    assert "jinaai/jina-embeddings-v3; dense vectors of 1024 dims (bbq_hnsw); no multi" in made
    told = es_jina("ingest", index, "fox.md", "dog.txt", "teal.png", code=3)
    assert "2 units embedded" in told
    assert re.search(r"failed: .*teal.png \(unit 1\): jinaai/jina-embeddings-v3 reads no im", told)
    # Without a word of the model: the index knows it.
    found = hits(es_jina("search", index, "brown dog", "--json"))
    assert [*found[0]["stages"]] == ["words", "nearest", "fused"]
    assert [(body["model"], body["task"]) for body in api.bodies] == [
        ("jina-embeddings-v3", "retrieval.passage"),
        ("jina-embeddings-v3", "retrieval.query"),
    ]
    mapping = client.indices.get_mapping(index=index).body[f"{index}-000001"]["mappings"]
    assert mapping["properties"]["embedding_1024"]["dims"] == 1024
    assert "multi_vector" not in mapping["properties"]
    checked = es_jina("doctor", index)
    assert "problem" not in checked
    assert "warning" not in checked


def test_clip_from_setup_to_search(es_jina: Inside, index: str, api: StubApi) -> None:
    es_jina("setup", index, *CLIP, "--dims", 128, "--dims", 512)
    pdf(Path("two.pdf"), "first", "second")
    es_jina("ingest", index, "fox.md", "teal.png", "two.pdf")
    assert {hit["kind"] for hit in hits(es_jina("search", index, "dog", "--json"))} == {
        *("text", "image", "page")
    }
    by_picture = es_jina("search", index, "--image", "teal.png", "--mode", "dense", "--json")
    # The stub's vectors depend on the task, and of this one a query has another.
    assert len(hits(by_picture)) == 4
    assert {body.get("task") for body in api.bodies} == {None, "retrieval.query"}
    assert "problem" not in es_jina("doctor", index)


def test_what_a_picture_costs_is_told_by_its_model(es_jina: Inside, index: str) -> None:
    es_jina("setup", index, *CLIP)
    # 300 x 230 pixels are one tile of 512 x 512, whatever it holds.
    picture(Path("teal.png"), size=(300, 230))
    told = es_jina("ingest", index, "teal.png", "--dry-run")
    assert "4,000 tokens" in told


@pytest.mark.parametrize("dims", [128, 256, 512])
def test_other_dims(es_jina: Inside, index: str, dims: int) -> None:
    made = es_jina("setup", index, *V3, "--dims", dims, "--dry-run")
    assert f"dense vectors of {dims} dims" in made


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((*V3, "--multi", "binary"), "jinaai/jina-embeddings-v3 has no multi-vectors"),
        ((*CLIP, "--multi", "rank_vectors"), "jinaai/jina-clip-v2 has no multi-vectors"),
        ((*V3, "--dims", 2048), "has no dims 2048: choose from 128, 256, 512, 1024"),
        ((*CLIP, "--dims", 768), "dims 768: choose from"),
    ],
)
def test_what_no_index_can_have(
    es_jina: Inside, index: str, options: tuple[object, ...], message: str
) -> None:
    told = es_jina("setup", index, *options, code=2)
    assert message in told
    assert len(told.splitlines()) == 1


def test_a_hosted_model_needs_no_provider_named(
    es_jina: Inside, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ES_JINA_SERVER")
    es_jina("setup", index, "--model", "jina-embeddings-v3")
    monkeypatch.delenv("JINA_API_KEY")
    told = es_jina("search", index, "dog", code=5)
    assert "no API key" in told
    assert "--provider local" not in told


def test_what_cannot_be_asked_of_an_index_without_multi_vectors(
    es_jina: Inside, index: str
) -> None:
    es_jina("setup", index, *V3)
    for arguments, message in (
        (("dog", "--mode", "late"), "no multi-vectors: use mode dense or hybrid"),
        (("dog", "--bits"), "no multi-vectors: leave out --bits"),
        (("--image", "teal.png"), "teal.png cannot be used: jinaai/jina-embeddings-v3 reads no im"),
        (("dog", "--model", "jina-clip-v2"), "made with jinaai/jina-embeddings-v3, but the model"),
    ):
        told = es_jina("search", index, *arguments, code=2)
        assert message in told
        assert len(told.splitlines()) == 1


def test_late_chunking_where_a_model_knows_it(es_jina: Inside, index: str, api: StubApi) -> None:
    Path("long.txt").write_text("All foxes are brown. " * 3000)
    es_jina("setup", index, *V3)
    es_jina("ingest", index, "long.txt", "--late-chunking")
    # Parts are read together as far as the model reads, and nothing had to be refused for it.
    assert {seen.status for seen in api.requests} == {200}
    assert all(body["late_chunking"] for body in api.bodies)


def test_clip_knows_no_late_chunking(es_jina: Inside, index: str) -> None:
    es_jina("setup", index, *CLIP)
    for dry in ((), ("--dry-run",)):
        told = es_jina("ingest", index, "fox.md", "--late-chunking", *dry, code=2)
        assert "jina-clip-v2 knows no late chunking" in told


@pytest.mark.parametrize("model", [V3, CLIP])
def test_the_demo_refuses_before_it_starts(es_jina: Inside, model: tuple[str, ...]) -> None:
    told = es_jina("demo", *model, code=2)
    assert "the demo shows late interaction" in told
    assert len(told.splitlines()) == 1


def test_the_demo_without_torch(tmp_path: Path) -> None:
    # What a server needs is imported without it; a model that runs here starts no node first.
    code = (
        "import importlib.util, sys; found = importlib.util.find_spec; sys.modules['torch'] = None;"
        "importlib.util.find_spec = lambda name, *more: "
        "found(name, *more) if name != 'torch' else None;"
        "import es_jina.demo.run; from es_jina.cli.main import main; main(['demo'])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "JINA_API_KEY": "", "ES_JINA_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert told.returncode == 2, told.stderr
    assert told.stderr.startswith("Error: the local model needs torch: pip install")
    assert told.stdout == ""


def test_the_demo_asks_for_the_key_first(es_jina: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ES_JINA_SERVER", "JINA_API_KEY"):
        monkeypatch.delenv(name)
    told = es_jina("demo", "--provider", "hosted", code=5)
    assert told.startswith("Error: no API key")


def test_a_search_does_not_wait_long(
    es_jina: Inside, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    es_jina("setup", index, *CLIP)
    monkeypatch.setattr(search, "_PATIENCE_SECONDS", 0.1)
    told = es_jina("search", index, "brown dog", "--server", "http://127.0.0.1:9", code=5)
    assert "cannot be reached" in told


def test_reranking(es_jina: Inside, index: str, api: StubApi) -> None:
    es_jina("setup", index, *CLIP)
    es_jina("ingest", index, "fox.md", "dog.txt", "teal.png")
    asked = ("search", index, "brown dog", "--rerank")
    found = hits(es_jina(*asked, "--json", errors=False))
    body = api.bodies[-1]
    assert body["model"] == "jina-reranker-m0"
    assert [*map(list, body["documents"])].count(["image"]) == 1
    best = sorted((relevance("brown dog", told) for told in body["documents"]), reverse=True)
    assert [hit["score"] for hit in found] == best
    assert [hit["stages"]["rerank"]["rank"] for hit in found] == [1, 2, 3]
    head, *_, times = es_jina(*asked, "--explain").splitlines()
    assert head.split()[-1] == "rerank"
    assert re.search(r"rerank \d+\.\d", times)
    # Words alone need no model, and a page is a page of what was reranked.
    by_words = hits(es_jina(*asked, "--mode", "text", "--json", "-n", 1, "--from", 1))
    assert [hit["rank"] for hit in by_words] == [2]
    assert "--rerank" in es_jina("search", "--help")


def test_reranking_says_what_it_could_not_read(es_jina: Inside, index: str) -> None:
    es_jina("setup", index, *CLIP)
    es_jina("ingest", index, "fox.md", "teal.png")
    Path("teal.png").unlink()
    told = es_jina("search", index, "brown dog", "--rerank")
    assert "the reranker could not read 1" in told
    last = told.splitlines()[2].split()
    assert last[:2] == ["2", "0.000"]


def test_reranking_says_what_was_refused(es_jina: Inside, index: str, api: StubApi) -> None:
    es_jina("setup", index, *CLIP)
    es_jina("ingest", index, "fox.md", "dog.txt")
    asked = ("search", index, "brown dog", "--rerank")
    api.refuses = lambda item: "no foxes" if "fox" in str(item) else None
    told = es_jina(*asked)
    assert "the reranker refused 1" in told
    assert "no foxes" in told
    assert "could not read" not in told
    api.refuses = lambda item: "nothing today"
    told = es_jina(*asked, "--mode", "text", code=5)
    assert "nothing today" in told
    assert len(told.splitlines()) == 1


def test_reranking_without_a_key_or_with_a_wrong_one(
    es_jina: Inside, index: str, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    es_jina("setup", index, *CLIP)
    es_jina("ingest", index, "fox.md")
    asked = ("search", index, "brown dog", "--mode", "text", "--rerank")
    monkeypatch.setenv("JINA_API_KEY", "jina_wrong")
    told = es_jina(*asked, code=5)
    assert "401" in told
    assert "jina_wrong" not in told
    api.queue(nested(400, "INPUT_MODEL_NOT_FOUND", "Model jina-reranker-m0 not found."))
    assert "Model jina-reranker-m0 not found" in es_jina(*asked, code=5)
    for name in ("ES_JINA_SERVER", "JINA_API_KEY"):
        monkeypatch.delenv(name)
    assert "no API key" in es_jina(*asked, code=5)


@pytest.fixture
def tiny(es_jina: Inside, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubApi]:
    """A server that runs another checkpoint than the hosted API, as far as it tells."""
    with StubApi(one_pass=True) as server:
        server.change = telling(revision="one", dims=[128, 256, 2048])
        monkeypatch.setenv("ES_JINA_SERVER", server.url)
        yield server


def telling(**told: Any) -> Callable[[dict[str, Any]], None]:
    """Return what lets a server tell something else of its model."""

    def change(reply: dict[str, Any]) -> None:
        for entry in reply["data"]:
            if "es_jina" in entry:
                entry["es_jina"] |= told

    return change


def test_an_index_for_the_model_that_a_server_tells_of(
    es_jina: Inside, index: str, tiny: StubApi, client: Elasticsearch
) -> None:
    assert "dense vectors of 256 dims" in es_jina("setup", index)
    assert "2 units embedded" in es_jina("ingest", index, "fox.md", "dog.txt")
    # Single vectors and multi-vectors from one request.
    assert [body["return_embedding"] for body in tiny.bodies] == [True] * len(tiny.bodies)
    mapping = client.indices.get_mapping(index=index).body[f"{index}-000001"]["mappings"]
    assert mapping["properties"]["embedding_256"]["dims"] == 256
    assert len(hits(es_jina("search", index, "brown dog", "--json"))) == 2
    # Other weights of that name.
    tiny.change = telling(revision="two")
    (Path.cwd() / "new.txt").write_text("Something new.")
    for command in (("search", index, "brown dog"), ("ingest", index, "new.txt")):
        told = es_jina(*command, code=2)
        assert "one" in told
        assert "two" in told


def test_a_setup_without_an_answer_of_the_server(
    es_jina: Inside, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("es_jina.providers._ASKING_SECONDS", 0.1)
    told = es_jina("setup", index, "--server", "http://127.0.0.1:9", code=5)
    assert "cannot be reached" in told


def test_what_would_be_sent_is_told_without_the_server(es_jina: Inside) -> None:
    told = es_jina("embed", "--dry-run", "--server", "http://127.0.0.1:9", "hello", errors=False)
    assert json.loads(told.splitlines()[0])["input"] == [{"text": "hello"}]
