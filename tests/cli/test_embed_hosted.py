"""`es-jina embed` with the hosted API, which is a stub on a real socket here."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pybase64 import b64decode

from es_jina.cli import embed_groups
from es_jina.testing import HangUp, StubApi, check_request, expected
from tests.ingest.files import picture

from .embedding import Embed
from .shell import Inside

ADDRESS = "https://i.ibb.co/nQNGqL0/beach1.jpg"


@pytest.fixture
def api() -> Iterator[StubApi]:
    with StubApi() as running:
        yield running


@pytest.fixture
def es_jina(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Inside:
    run = Inside(tmp_path, "", monkeypatch, capfd)
    for name in ("JINA_API_KEY_FILE", "ES_JINA_SERVER", "ES_JINA_PROVIDER", "ES_JINA_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return run


@pytest.fixture
def embed(es_jina: Inside, api: StubApi, monkeypatch: pytest.MonkeyPatch) -> Embed:
    monkeypatch.setenv("JINA_API_KEY", api.key)
    return Embed(es_jina, "--server", api.url)


def unit(item: str | dict[str, str], **how: Any) -> NDArray[np.float32]:
    rows = expected(item, **how)
    found: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return found


def test_the_request_of_the_products_page(es_jina: Inside, tmp_path: Path) -> None:
    texts = [
        "A beautiful sunset over the beach",
        "Un beau coucher de soleil sur la plage",
        "海滩上美丽的日落",
        "浜辺に沈む美しい夕日",
    ]
    urls = [ADDRESS, "https://i.ibb.co/r5w8hG8/beach2.jpg"]
    content = picture(tmp_path / "some.png").read_bytes()
    told = es_jina(
        *("embed", "--provider", "hosted", "--task", "text-matching"),
        *("--embedding-type", "float", "--dry-run", *texts, *urls, "some.png"),
    )
    items = [{"text": text} for text in texts]
    items += [{"image": image} for image in (*urls, b64encode(content).decode())]
    body = {"model": "jina-embeddings-v4", "task": "text-matching", "input": items}
    line, summary = told.splitlines()
    assert line == json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    check_request(json.loads(line))
    assert summary.startswith("1 request, about 15,")
    assert summary.endswith(" tokens; nothing was sent")


def test_what_would_be_sent_is_what_is_sent(
    embed: Embed, api: StubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed_groups, "HOSTED", embed_groups.GroupSize(2, 100_000))
    picture(tmp_path / "a.png")
    asked = ["a", "a.png", "gone.png", ADDRESS, "b", "--truncate", "--dimensions", 256]
    asked += ["--vectors", "both", "--task", "code.query"]
    told = embed(*asked, "--dry-run", "--price", 1000, code=3)
    *bodies, failed, summary = told.splitlines()
    assert failed == "failed: 2 (gone.png): no such file; if it is a text, give it with --text"
    assert api.requests == []
    embed(*asked, code=3)
    assert sorted(map(json.dumps, api.bodies)) == sorted(
        json.dumps(json.loads(body)) for body in bodies
    )
    assert summary.startswith(f"{len(bodies)} requests, about ")
    assert " at 1000 for a million tokens; nothing was sent" in summary


def test_vectors_of_all_kinds_of_inputs(embed: Embed, api: StubApi, tmp_path: Path) -> None:
    content = picture(tmp_path / "a.png").read_bytes()
    told = embed("the fox", ADDRESS, "a.png", "-", "--vectors", "both", given="one\ntwo\n")
    *lines, bill = told.splitlines()
    items: list[dict[str, str]] = [
        *({"text": "the fox"}, {"image": ADDRESS}, {"image": b64encode(content).decode()}),
        *({"text": "one"}, {"text": "two"}),
    ]
    for number, (line, item) in enumerate(zip(map(json.loads, lines), items, strict=True)):
        assert [*line] == ["index", "input", "tokens", "embedding", "embeddings"]
        assert line["index"] == number
        np.testing.assert_allclose(line["embedding"], unit(item), atol=1e-6)
        np.testing.assert_allclose(line["embeddings"], unit(item, multi=True), atol=1e-6)
    assert bill == f"Hosted API: 2 requests, {api.billed_tokens:,} tokens billed"
    assert {body["embedding_type"] for body in api.bodies} == {"base64"}
    assert {body["task"] for body in api.bodies} == {"text-matching"}


@pytest.mark.parametrize("kind", ["float", "base64", "binary", "ubinary"])
def test_the_type_is_asked_for_and_printed(embed: Embed, api: StubApi, kind: str) -> None:
    [line] = embed.lines("the fox", "--embedding-type", kind, "--vectors", "both")
    for printed, wanted in (
        ([line["embedding"]], unit("the fox")[None]),
        (line["embeddings"], unit("the fox", multi=True)),
    ):
        bits = np.packbits(wanted > 0, axis=-1).astype(int)
        match kind:
            case "ubinary":
                assert printed == bits.tolist()
            case "binary":
                assert printed == (bits - 128).tolist()
            case "base64":
                rows = [np.frombuffer(b64decode(row), "<f4") for row in printed]
                np.testing.assert_allclose(rows, wanted, atol=1e-6)
            case _:
                np.testing.assert_allclose(printed, wanted, atol=1e-6)
    asked = {body.get("embedding_type", "float") for body in api.bodies}
    assert asked == {kind}


def test_many_lines_come_in_order(embed: Embed, api: StubApi) -> None:
    texts = [f"text {number}" for number in range(5000)]
    options = ["--dimensions", 128, "--embedding-type", "ubinary"]
    lines = embed.lines("-", *options, given="\n".join(texts))
    assert [line["input"] for line in lines] == texts
    assert [line["index"] for line in lines] == [*range(5000)]
    for number in (0, 4095, 4096, 4999):
        bits = np.packbits(unit(texts[number])[:128] > 0)
        assert lines[number]["embedding"] == bits.tolist()
    assert sum(len(body["input"]) for body in api.bodies) == 5000


def test_an_input_that_is_refused_fails_alone(embed: Embed, api: StubApi) -> None:
    api.refuses = lambda item: "no cats" if item.get("text") == "cat" else None
    told = embed("dog", "cat", "fox", code=3)
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert lines[1] == {
        "index": 1,
        "input": "cat",
        "error": "the API refused this input (400): no cats",
    }
    assert "failed: 1 (cat): the API refused this input (400): no cats\n" in told
    np.testing.assert_allclose(lines[2]["embedding"], unit("fox"), atol=1e-6)


def test_it_ends_where_the_tokens_are_spent(
    embed: Embed, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed_groups, "HOSTED", embed_groups.GroupSize(2, 100_000))
    texts = [f"the text of number {number}" for number in range(9)]
    given = "\n".join(texts)
    told = embed("-", "--max-tokens", 60, "--price", 1000, code=7, given=given)
    *lines, stopped, bill = told.splitlines()
    assert [json.loads(line)["input"] for line in lines] == texts[: len(lines)]
    assert 0 < len(lines) < 9
    end = f"input {len(lines)} and all behind it were not sent."
    assert stopped == f"Stopped at --max-tokens 60: {end}"
    assert f"{api.billed_tokens} tokens billed, 0.0" in bill
    assert bill.endswith(" at 1000 for a million tokens")
    assert api.billed_tokens <= 60


def test_no_key_is_told_before_anything_is_read(es_jina: Inside) -> None:
    told = es_jina("embed", "--provider", "hosted", "-", "gone.png", code=5, given="text")
    assert told.startswith("Error: no API key: get one at https://jina.ai and set JINA_API_KEY")
    assert len(told.splitlines()) == 1


def test_a_wrong_key_is_told_and_never_shown(
    embed: Embed, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINA_API_KEY", "jina_wrong_0123456789")
    told = embed("a", code=5)
    assert "answered 401 (AUTH_INVALID_API_KEY)" in told
    assert "set JINA_API_KEY to a key from https://jina.ai" in told
    assert "jina_wrong" not in told
    assert len(api.requests) == 1


@pytest.mark.parametrize("way", ["variable", "option"])
def test_a_key_from_a_file(
    es_jina: Inside, api: StubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    file = tmp_path / "key"
    file.write_text(f"{api.key}\n")
    options: list[object] = ["--server", api.url]
    if way == "variable":
        monkeypatch.setenv("JINA_API_KEY_FILE", str(file))
    else:
        options += ["--key-file", file]
    told = es_jina("embed", "a", *options)
    assert "1 request, 3 tokens billed" in told
    assert api.key not in told
    file.unlink()
    told = es_jina("embed", "a", *options, code=2)
    assert f"{file}: the API key cannot be read" in told


def test_a_network_that_is_cut(embed: Embed, api: StubApi) -> None:
    api.queue(HangUp())
    assert len(embed.lines("a", "b")) == 2
    api.queue(*[HangUp()] * 9)
    told = embed("a", "--retry-for", 0, code=5)
    assert "cannot be reached" in told
    assert told.splitlines()[0] == "Hosted API: 0 requests, 0 tokens billed"


def test_what_is_done_is_printed_when_the_rest_fails(
    embed: Embed, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed_groups, "HOSTED", embed_groups.GroupSize(1, 100_000))

    def spent(reply: dict[str, Any]) -> None:
        api.key = "another"

    api.change = spent
    told = embed("a", "b", code=5)
    first, bill, error = told.splitlines()
    assert json.loads(first)["input"] == "a"
    assert bill == "Hosted API: 1 request, 3 tokens billed"
    assert error.startswith("Error: ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "jina-clip-v2", "--task", "code.query"], "has no task code.query"),
        (["--model", "jina-embeddings-v3", "--vectors", "multi"], "has no multi-vectors"),
        (["--dimensions", 300], "has no 300 dimensions"),
    ],
)
def test_what_the_model_cannot_do_is_told_at_once(
    embed: Embed, api: StubApi, options: list[object], message: str
) -> None:
    told = embed("-", *options, code=2, given="text")
    assert message in told
    assert len(told.splitlines()) == 1
    assert api.requests == []


def test_a_reader_that_goes_away_is_no_error(api: StubApi) -> None:
    command = (
        f"yes | head -2000 | {sys.executable} -m es_jina embed --server {api.url} - | head -1; "
        "exit ${PIPESTATUS[2]}"
    )
    told = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "JINA_API_KEY": api.key},
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["input"] == "y"
    assert told.stderr.startswith("Hosted API: ")
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("where", "message", "billed"),
    [("> /dev/full", "No space left on device", 1), (">&-", "standard output is closed", 0)],
)
def test_an_output_that_takes_nothing(api: StubApi, where: str, message: str, billed: int) -> None:
    told = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m es_jina embed --server {api.url} hello {where}"],
        env={**os.environ, "JINA_API_KEY": api.key},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    *bill, error = told.stderr.splitlines()
    assert error == f"Error: the output cannot be written: {message}"
    assert len(bill) == len(api.requests) == billed
