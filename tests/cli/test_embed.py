"""`es-jina embed` with a model in this process: what inputs are, and how vectors are printed."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from pybase64 import b64decode
from pytest_httpserver import HTTPServer

from es_jina.embedding import Embedding, Vector
from es_jina.errors import ItemError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider
from tests.ingest.files import pdf, picture

from .embedding import Embed
from .shell import Inside

BOTH = Want.SINGLE | Want.MULTI


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def embed(
    tmp_path: Path,
    checkpoint: Path,
    provider: LocalProvider,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Embed:
    return Embed(Inside(tmp_path, "", monkeypatch, capfd), "--model", checkpoint, "--device", "cpu")


def vector(embedding: Embedding | ItemError) -> Vector:
    assert isinstance(embedding, Embedding)
    assert embedding.single is not None
    return embedding.single


def embeddings(provider: LocalProvider, *inputs: Input) -> list[Embedding]:
    found = provider.embed(inputs, Task.TEXT_MATCHING, BOTH)
    return [each for each in found if isinstance(each, Embedding)]


def test_texts_and_pictures_in_their_order(
    embed: Embed, tmp_path: Path, provider: LocalProvider
) -> None:
    picture(tmp_path / "teal.png")
    picture(tmp_path / "red.png", "red").rename(tmp_path / "red.txt")
    (tmp_path / "note.md").write_text("# The fox\r\n\nquick & <b>brown</b>\n\n", newline="")
    lines = embed.lines(
        *("the fox", "teal.png", "--text", "note.md", "red.txt", "note.md"),
        *("--image", "teal.png", "lazy dog", "--vectors", "both"),
    )
    teal, red = Image(tmp_path / "teal.png"), Image(tmp_path / "red.txt")
    note = Text("# The fox\n\nquick & <b>brown</b>")
    inputs: list[Input] = [
        Text("the fox"),
        teal,
        Text("note.md"),
        red,
        note,
        teal,
        Text("lazy dog"),
    ]
    for number, (line, wanted) in enumerate(zip(lines, embeddings(provider, *inputs), strict=True)):
        assert [*line] == ["index", "input", "tokens", "embedding", "embeddings"]
        assert (line["index"], line["tokens"]) == (number, wanted.tokens)
        assert wanted.multi is not None
        np.testing.assert_allclose(line["embedding"], vector(wanted), atol=1e-5)
        np.testing.assert_allclose(line["embeddings"], wanted.multi, atol=1e-5)
    assert [line["input"] for line in lines] == [
        *("the fox", "teal.png", "note.md", "red.txt", "note.md", "teal.png", "lazy dog")
    ]


def test_the_task_counts(embed: Embed, provider: LocalProvider) -> None:
    [line] = embed.lines("the fox", "--task", "retrieval.passage", "--dimensions", 128)
    [wanted] = provider.embed([Text("the fox")], Task.RETRIEVAL_PASSAGE, BOTH, dimensions=128)
    assert len(line["embedding"]) == 128
    np.testing.assert_allclose(line["embedding"], vector(wanted), atol=1e-5)


def test_how_vectors_are_printed(embed: Embed, provider: LocalProvider) -> None:
    [wanted] = embeddings(provider, Text("the fox"))
    assert wanted.multi is not None

    def printed(kind: str) -> tuple[list[int], list[list[int]]]:
        [line] = embed.lines("the fox", "--embedding-type", kind, "--vectors", "both")
        return line["embedding"], line["embeddings"]

    [line] = embed.lines("the fox", "--embedding-type", "base64", "--vectors", "both")
    single = np.frombuffer(b64decode(line["embedding"]), "<f4")
    np.testing.assert_allclose(single, vector(wanted), atol=1e-5)
    assert len(line["embeddings"]) == wanted.tokens
    assert len(b64decode(line["embeddings"][0])) == 4 * wanted.multi.shape[1]
    bits, rows = printed("ubinary")
    assert bits == np.packbits(single > 0).tolist()
    assert np.asarray(rows).shape == (wanted.tokens, wanted.multi.shape[1] // 8)
    less, _ = printed("binary")
    assert less == [each - 128 for each in bits]
    numbers, _ = printed("float")
    assert np.asarray(numbers, np.float32).tolist() == single.tolist()


def test_lines_of_standard_input(embed: Embed, provider: LocalProvider) -> None:
    given = "\ufeffthe fox\r\n\nquick\n日本語".encode() + b"\nno \xff UTF-8\nlast\n"
    lines = embed.lines("first", "-", "--text", "-", code=3, given=given)
    assert [line["index"] for line in lines] == [*range(8)]
    assert [line["input"] for line in lines] == [
        *("first", "the fox", "", "quick", "日本語", "no \ufffd UTF-8", "last", "-")
    ]
    assert lines[2]["error"] == "an empty text"
    assert lines[5]["error"] == "line 5 is not UTF-8 (byte 4 of it)"
    [fox] = embeddings(provider, Text("the fox"))
    np.testing.assert_allclose(lines[1]["embedding"], vector(fox), atol=1e-5)


def test_what_fails_fails_alone(embed: Embed, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.txt").touch()
    (tmp_path / "latin.txt").write_bytes("café".encode("latin-1"))
    (tmp_path / "data.bin").write_bytes(b"\0\1\2\3")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "named.png").write_text("words")
    (tmp_path / "link.txt").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    pdf(tmp_path / "report", "A page")
    wanted = {
        "folder": "a folder, not a file",
        "empty.txt": "the file is empty",
        "latin.txt": "not utf-8 text (byte 3); save it as UTF-8",
        "data.bin": "neither a picture nor a text",
        "broken.png": "not a picture in a format that can be read",
        "named.png": "not a picture: it goes by .png, but its content is text",
        "link.txt": "a link to 'nowhere', which does not exist",
        "pipe": "a pipe, not a file",
        "report": "a PDF: `es-jina ingest` embeds its pages",
        "pictures/of a cat.JPG": "no such file; if it is a text, give it with --text",
        "missing.png": "no such file; if it is a text",
        "scan.pdf": "no such file; if it is a text",
        "data:image/png;base64,iVBORw0KGgo=": "a data URI: give the picture as a file",
        " ": "an empty text",
        "\udcff": "a lone surrogate",
    }
    told = embed("good", *wanted, "--image", "gone.png", "also good", code=3)
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert [line["index"] for line in lines] == [*range(len(wanted) + 3)]
    for line, (name, error) in zip(lines[1:], wanted.items(), strict=False):
        assert line["input"] == name.encode("utf-8", "replace").decode()
        assert error in line["error"]
        assert [*line] == ["index", "input", "error"]
    assert lines[-2]["error"] == "no such file: gone.png"
    assert "embedding" in lines[0]
    assert "embedding" in lines[-1]
    said = [line for line in told.splitlines() if line.startswith("failed: ")]
    assert len(said) == len(wanted) + 1
    assert said[0] == "failed: 1 (folder): a folder, not a file"


def test_texts_that_only_look_like_something(embed: Embed) -> None:
    texts = ["https://example.org is a page", "a.png or b.png", "and/or", "x" * 5000, "nul \0"]
    told = [line["input"] for line in embed.lines(*texts)]
    assert told == [*texts[:3], "x" * 79 + "…", "nul \0"]


def test_what_is_named_does_not_steer_the_terminal(embed: Embed) -> None:
    told = embed("\x1b[31m/\u202e.png", code=3)
    assert "failed: 0 (\\x1b[31m/\\u202e.png): no such file" in told


def test_a_picture_at_an_address(
    embed: Embed, tmp_path: Path, provider: LocalProvider, httpserver: HTTPServer
) -> None:
    content = picture(tmp_path / "teal.png").read_bytes()
    httpserver.expect_request("/teal").respond_with_data(content, content_type="image/png")
    httpserver.expect_request("/page").respond_with_data("<html>")
    url = httpserver.url_for("/teal")
    secret = url.replace("//", "//me:secret@")
    told = embed(
        *(url, httpserver.url_for("/page"), httpserver.url_for("/gone"), "--image", secret), code=3
    )
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    [teal] = embeddings(provider, Image(content))
    for line in (lines[0], lines[3]):
        assert line["input"] == url
        np.testing.assert_allclose(line["embedding"], vector(teal), atol=1e-5)
    assert lines[1]["error"] == "not a picture in a format that can be read"
    assert lines[2]["error"].startswith("HTTP 500")
    assert "secret" not in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to embed: give a text, a file, an address, or `-`"),
        (["-"], "nothing to embed: standard input is empty"),
        (["-", "-"], "`-` is standard input, which can be read once"),
        (["a", "--dry-run"], "--dry-run prints what would be sent to the hosted API"),
        (["a", "--max-tokens", 5], "--max-tokens is for tokens that are billed"),
        (["a", "--price", 5], "--price is for tokens that are billed"),
        (["a", "--dimensions", 100], "has no 100 dimensions: choose from 128"),
        (["a", "--dimensions", 128, "--vectors", "multi"], "--dimensions cuts single vectors"),
        (["a", "--server", "http://x", "--provider", "local"], "leave one of them out"),
    ],
)
def test_what_cannot_be_asked(embed: Embed, arguments: list[object], message: str) -> None:
    told = embed(*arguments, code=2)
    assert message in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    "option",
    [("--task", "retrieval"), ("--vectors", "none"), ("--price", "nan"), ("--retry-for", "inf")],
)
def test_values_that_are_none(embed: Embed, option: tuple[str, str]) -> None:
    assert f"Invalid value for '{option[0]}'" in embed("a", *option, code=2)


def test_the_help_names_the_licence(embed: Embed) -> None:
    assert "NON-COMMERCIAL" in embed("--help")
