"""`es-jina search` against a real Elasticsearch, and how it shows what it finds."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import given
from hypothesis import strategies as st

from es_jina.cli.search_display import print_results
from es_jina.elastic.console import console_request
from es_jina.elastic.node import Node
from es_jina.search.hits import Hit, Results
from tests.ingest.files import picture
from tests.toys import toy_of

from .shell import Inside


@pytest.fixture
def es_jina(
    tmp_path: Path,
    node: Node,
    index: str,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Inside:
    """The command, with an index of three texts and a picture."""
    run = Inside(tmp_path, node.url, monkeypatch, capfd)
    (tmp_path / "fox.md").write_text("# The fox\n\nThe quick brown fox jumps over the dog.")
    (tmp_path / "dog.txt").write_text("A lazy dog sleeps all day.")
    (tmp_path / "sun.txt").write_text("Strom aus der Sonne")
    picture(tmp_path / "teal.png")
    run("setup", index, "--model", checkpoint, "--dims", 128, "--dims", 256)
    run("ingest", index, "fox.md", "dog.txt", "sun.txt", "teal.png")
    return run


def test_explaining_shows_every_stage_and_its_time(es_jina: Inside, index: str) -> None:
    told = es_jina("search", index, "brown dog", "--explain")
    head, *_, times = told.splitlines()
    assert head.split() == ["#", "score", "title", "page", "words", "nearest", "fused", "late"]
    (fox,) = [line for line in told.splitlines() if "The fox" in line]
    assert re.search(r"1 \(\d\.\d+\)", fox)
    names = re.findall(r"(\w+) \d+\.\d", times)
    assert names == ["embed", "words", "nearest", "fused", "late", "all"]
    coarse = es_jina("search", index, "brown dog", "--explain", "--coarse", 128, "--bits")
    assert "coarse" in coarse.splitlines()[-1]


def test_requests_can_be_pasted(es_jina: Inside, index: str, client: Elasticsearch) -> None:
    told = es_jina("search", index, "brown dog", "--print-request")
    requests = re.findall(r"^POST (\S+)\n(\{.*?^\})", told, re.MULTILINE | re.DOTALL)
    assert [path for path, _ in requests] == [f"/{index}/_search"] * 3
    assert [line for line in told.splitlines() if line.startswith("#")] == [
        "# 1. words",
        "# 2. nearest",
        "# 3. late; es_jina computes MaxSim from the multi-vectors that come back",
    ]
    for _, body in requests:
        assert client.search(index=index, body=json.loads(body))["hits"]["hits"]


def test_pages_and_sources(es_jina: Inside, index: str) -> None:
    def hits(*options: object) -> list[dict[str, Any]]:
        told = json.loads(es_jina("search", index, "the brown dog", "--json", *options))
        found: list[dict[str, Any]] = told["hits"]
        return found

    whole = hits()
    assert [hit["id"] for hit in hits("-n", 2, "--from", 1)] == [hit["id"] for hit in whole[1:3]]
    assert [hit["rank"] for hit in hits("-n", 2, "--from", 1)] == [2, 3]
    assert hits("--from", 100) == []
    assert len({hit["uri"] for hit in hits("--collapse")}) == 4
    assert {hit["kind"] for hit in hits("--filter", "kind=image")} == {"image"}
    first = whole[0]
    assert first["stages"]["late"] == {"rank": 1, "score": first["score"]}
    marked = [first["snippet"][begin:end] for begin, end in first["highlights"]]
    assert set(marked) <= {"The", "the", "brown", "dog"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--coarse", 64], "coarse 64: it must be the dims of a smaller field"),
        (["--window", 3], "window 3: to show 10 hits at once it must be at least 10"),
        (["--mode", "text", "--bits"], "compares no multi-vectors: leave out --bits"),
        (["--from", 9_999], "Elasticsearch shows the first 10,000"),
        (["--filter", "kind"], "neither FIELD=VALUE"),
    ],
)
def test_what_cannot_be_asked(
    es_jina: Inside, index: str, options: list[object], message: str
) -> None:
    told = es_jina("search", index, "brown dog", *options, code=2)
    assert message in told
    assert len(told.splitlines()) == 1


def test_a_toy_says_which_words_it_does_not_know(
    es_jina: Inside, index: str, checkpoint: Path, tmp_path: Path
) -> None:
    toy = toy_of(checkpoint, tmp_path / "toy", "fox", "a")
    known = es_jina("search", index, "a fox", "--model", toy, "--json")
    asked = ("search", index, "a pink unicorn", "--model", toy)
    told = es_jina(*asked, "--json")
    assert json.loads(es_jina(*asked, "--json", errors=False))["hits"]
    assert "does not know" not in known
    assert told.endswith("}\nthe demo model does not know 'pink' and 'unicorn'\n")
    # By words alone the model is not asked.
    assert "does not know" not in es_jina(*asked, "--mode", "text")


def test_a_picture_that_is_none_is_named(es_jina: Inside, index: str) -> None:
    told = es_jina("search", index, "--image", "dog.txt", code=2)
    assert "the picture dog.txt cannot be used: not a picture" in told


def test_what_a_document_says_does_not_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hit = Hit("1", 0.5, "file:///a", "\x1b[31mred", "text", None, None, 1, "bell\a and \x9b2J")
    print_results(Results("text", False, 0, 0, [hit], 0, [], []))
    told = capsys.readouterr().out
    assert "\N{REPLACEMENT CHARACTER}[31mred" in told
    assert not {"\x1b", "\a", "\x9b"} & {*told}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.text(), VALUES, max_size=3))
def test_a_request_is_json_whatever_is_in_it(body: dict[str, Any]) -> None:
    first, _, told = console_request("POST", "/docs/_search", body).partition("\n")
    assert first == "POST /docs/_search"
    assert json.loads(told) == body


def test_a_vector_is_one_line() -> None:
    told = console_request("POST", "/x", {"vector": [0.5, -1, 2e-7], "text": "[1,  2]"})
    assert '"vector": [0.5, -1, 2e-7]' in told
    assert '"text": "[1,  2]"' in told
