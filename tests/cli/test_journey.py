"""The commands as a user types them, against a real Elasticsearch, each in a process of its own."""

import json
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.node import Node
from tests.ingest.files import pdf, picture, truncated

from .shell import Shell


@pytest.fixture
def es_jina(tmp_path: Path, node: Node) -> Shell:
    return Shell(tmp_path, node.url)


def test_the_whole_way(
    es_jina: Shell, index: str, checkpoint: Path, client: Elasticsearch, tmp_path: Path
) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "fox.md").write_text("# The fox [a story]\n\nThe quick brown fox jumps.")
    (documents / "dog.txt").write_text("A lazy dog sleeps all day.")
    pdf(documents / "report.pdf", "solar power in July", "coffee prices", title="The report")
    picture(documents / "teal.png")

    told = es_jina("setup", index, "--model", checkpoint)
    assert "Created index" in told
    assert "dense vectors of 256 dims" in told
    assert "Already there" in es_jina("setup", index, "--model", checkpoint)
    assert "dense is 256:int8_hnsw:float:dot_product, asked for 128:int8_hnsw" in es_jina(
        "setup", index, "--model", checkpoint, "--dims", 128, code=2
    )
    meta = client.indices.get_mapping(index=index)[f"{index}-000001"]["mappings"]["_meta"]
    assert meta["es_jina"]["model"] == str(checkpoint)

    told = es_jina("ingest", index, "documents")
    assert "4 sources: 5 units embedded" in told
    assert "0 failed" in told
    assert not (tmp_path / f"{index}.dead-letter.ndjson").exists()
    # The second time, the model is asked for nothing.
    told = json.loads(es_jina("ingest", index, "documents", "--json").splitlines()[-1])
    assert (told["embedded"], told["unchanged"], told["calls"]) == (0, 5, 0)

    words = json.loads(es_jina("search", index, "coffee prices", "--mode", "text", "--json"))
    assert (words["hits"][0]["title"], words["hits"][0]["page"]) == ("The report", 2)
    for mode in ("dense", "late", "hybrid"):
        found = json.loads(
            es_jina("search", index, "the quick brown fox", "--mode", mode, "--json", "-n", 3)
        )
        assert found["hits"][0]["title"] == "The fox [a story]"
        assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3]
        assert found["reranked"] is (mode != "dense")
    table = es_jina("search", index, "the quick brown fox")
    assert "The fox [a story]" in table.splitlines()[1]
    picture_hits = json.loads(
        es_jina("search", index, "--image", "documents/teal.png", "--mode", "dense", "--json")
    )
    assert picture_hits["hits"][0]["kind"] == "image"
    assert "use mode dense" in es_jina(
        "search", index, "--image", "documents/teal.png", "--mode", "text", code=2
    )


def test_broken_files_give_exit_code_3_and_a_dead_letter_file(
    es_jina: Shell, index: str, checkpoint: Path, client: Elasticsearch, tmp_path: Path
) -> None:
    (tmp_path / "good.txt").write_text("all is well")
    (tmp_path / "empty.txt").touch()
    truncated(tmp_path / "half.png")
    pdf(tmp_path / "locked.pdf", "secret", password="open sesame")
    es_jina("setup", index, "--model", checkpoint)
    told = es_jina("ingest", index, "good.txt", "empty.txt", "half.png", "locked.pdf", code=3)
    assert "1 unit embedded" in told
    assert "3 failed" in told
    for name, message in {
        "empty.txt": "the file is empty",
        "half.png": "cannot be decoded",
        "locked.pdf": "password-protected",
    }.items():
        (line,) = [line for line in told.splitlines() if name in line]
        assert message in line
    letters: list[dict[str, Any]] = [
        json.loads(line)
        for line in (tmp_path / f"{index}.dead-letter.ndjson").read_text().splitlines()
    ]
    assert {Path(letter["source"]).name for letter in letters} == {
        "empty.txt",
        "half.png",
        "locked.pdf",
    }
    assert client.count(index=index)["count"] == 1


def test_what_is_not_there_is_said(es_jina: Shell, index: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    for command in (["search", index, "x"], ["ingest", index, "a.txt"]):
        told = es_jina(*command, code=2)
        assert f"there is no index '{index}'; create it with `es-jina setup {index}`" in told


def test_another_model_is_refused(
    es_jina: Shell, index: str, checkpoint: Path, tmp_path: Path
) -> None:
    from es_jina.demo.checkpoint import make_checkpoint

    other = make_checkpoint(tmp_path / "other", ["other words"], seed=1)
    (tmp_path / "a.txt").write_text("x")
    es_jina("setup", index, "--model", checkpoint)
    for command in (["search", index, "x"], ["ingest", index, "a.txt"]):
        told = es_jina(*command, "--model", other, code=2)
        assert str(checkpoint) in told
        assert str(other) in told


def test_a_cluster_that_refuses_the_caller(es_jina: Shell, checkpoint: Path) -> None:
    told = es_jina("setup", "Bad Name", "--model", checkpoint, code=2)
    assert "cannot be an index name" in told
