"""Which provider serves a model, and the profile of an index for it."""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from es_jina.dense import DenseProfile, dense_profiles
from es_jina.errors import CheckpointError, ProviderError, RequestError
from es_jina.inputs import Task, Text
from es_jina.model.tokens import TextTokenizer
from es_jina.profile import MultiVectorProfile
from es_jina.providers import (
    choose_provider,
    describe,
    open_provider,
    open_tokenizer,
    profile_for,
)
from es_jina.providers.base import MODEL_ID, V4, Want
from es_jina.providers.checkpoints import HUB_REVISION
from es_jina.providers.local import LocalProvider
from tests.model.checkpoints import BASE, copied


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JINA_API_KEY", raising=False)


@pytest.mark.parametrize(
    ("model", "key", "name"),
    [
        (None, None, "local"),
        (None, "", "local"),
        (None, "jina_x", "hosted"),
        (MODEL_ID, "jina_x", "local"),
        ("/a/folder", "jina_x", "local"),
        ("/a/folder", None, "local"),
    ],
)
def test_who_serves_a_model(
    model: str | None, key: str | None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key is not None:
        monkeypatch.setenv("JINA_API_KEY", key)
    assert choose_provider(model) == name


def test_describing_does_not_load_the_weights(
    checkpoint: Path, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object, **__: object) -> None:
        pytest.fail("the weights were loaded")

    monkeypatch.setattr("es_jina.model.checkpoint.safe_open", load)
    monkeypatch.setattr("es_jina.providers.local.JinaV4", load)
    assert describe("local", str(checkpoint)) == provider.model


def test_describing_the_real_models_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        pytest.fail("the network was asked")

    monkeypatch.setattr("socket.socket.connect", connect)
    assert describe("hosted") == describe("hosted", MODEL_ID) == V4
    assert describe("local") == describe("local", MODEL_ID) == replace(V4, revision=HUB_REVISION)


def test_describing_an_incomplete_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    folder = copied(checkpoint, tmp_path / "incomplete")
    (folder / BASE).unlink()
    with pytest.raises(CheckpointError, match=BASE):
        describe("local", str(folder))


def test_opening_a_folder(checkpoint: Path, provider: LocalProvider) -> None:
    with open_provider("local", str(checkpoint), device="cpu", dtype="float32") as opened:
        assert opened.model == provider.model


def test_the_patience_reaches_the_hosted_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINA_API_KEY", "jina_x")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(
            "es_jina.providers.hosted.BASE_URL", f"http://127.0.0.1:{free.getsockname()[1]}"
        )
        with (
            open_provider("hosted", patience=0) as opened,
            pytest.raises(ProviderError, match="cannot be reached"),
        ):
            opened.embed([Text("a")], Task.CODE_QUERY, Want.SINGLE)


def test_the_tokenizer_of_a_folder_is_its_own(checkpoint: Path) -> None:
    text = "the quick brown fox, 日本語"
    spans = open_tokenizer("local", str(checkpoint)).spans(text)
    assert spans.tolist() == TextTokenizer(checkpoint).spans(text).tolist()


def test_the_tokenizer_of_the_hosted_api_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        pytest.fail("the network was asked")

    monkeypatch.setattr("socket.socket.connect", connect)
    assert len(open_tokenizer("hosted").spans("four words are here")) >= 4


def test_no_tokenizer(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no such provider: 'cloud'"):
        open_tokenizer("cloud")  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match="is neither a folder nor"):
        open_tokenizer("local", str(tmp_path / "missing"))
    with pytest.raises(CheckpointError, match=r"lacks tokenizer\.json"):
        open_tokenizer("local", str(tmp_path))


@pytest.mark.parametrize("use", [open_provider, describe, open_tokenizer])
def test_the_hosted_api_runs_one_model(use: object) -> None:
    assert callable(use)
    with pytest.raises(RequestError, match="does not run '/a/folder'"):
        use("hosted", "/a/folder")


def test_the_hosted_api_needs_a_key() -> None:
    # Not to be opened: what would be sent can be looked at without one.
    with open_provider("hosted") as opened, pytest.raises(ProviderError, match="JINA_API_KEY"):
        opened.embed([Text("a")], Task.TEXT_MATCHING, Want.SINGLE)


BLOCKER = """
import sys
from importlib.machinery import PathFinder

class Hidden(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in {missing} else super().find_spec(name, path, target)

sys.meta_path[:] = [Hidden if finder is PathFinder else finder for finder in sys.meta_path]
from es_jina import EsJinaError
from es_jina.providers import describe, open_provider, open_tokenizer
for use in (describe, open_provider, open_tokenizer):
    try:
        use("local", {folder!r})
    except EsJinaError as error:
        print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("missing", "named"),
    [({"torch"}, "torch"), ({"torch", "transformers"}, "torch and transformers")],
)
def test_without_the_extra(missing: set[str], named: str, checkpoint: Path) -> None:
    code = BLOCKER.format(missing=missing, folder=str(checkpoint))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 3, done.stderr
    for line in lines:
        assert line.startswith(f"RequestError the local model needs {named}: ")
        assert "pip install 'es_jina[local]'" in line


def test_the_defaults_of_a_profile() -> None:
    profile = profile_for(V4)
    assert (profile.model, profile.revision) == (V4.name, None)
    assert profile.dims == (1024,)
    assert profile.multi_vector == MultiVectorProfile("binary", "bit", 128)
    assert profile.max_pixels == 602_112
    assert profile.dense == dense_profiles(1024)


@pytest.mark.parametrize(
    ("sizes", "default"),
    [((128, 256), 256), ((128, 384), 128), ((2048,), 2048), ((1024, 2048), 1024)],
)
def test_the_default_dims_are_the_largest_up_to_1024(sizes: tuple[int, ...], default: int) -> None:
    assert profile_for(replace(V4, dims=sizes)).dims == (default,)


def test_what_was_asked_for() -> None:
    profile = profile_for(
        replace(V4, revision="abc", multi_dims=64),
        dense=(DenseProfile.of(2048, "flat"), *dense_profiles(128, 128)),
        store="rank_vectors",
        element_type="byte",
        max_pixels=5000,
    )
    assert profile.revision == "abc"
    assert profile.dims == (128, 2048)
    assert profile.finest.index_type == "flat"
    assert profile.multi_vector == MultiVectorProfile("rank_vectors", "byte", 64)
    assert profile.max_pixels == 5000
    assert profile_for(V4, store=None).multi_vector is None


def test_dims_that_the_model_does_not_have() -> None:
    small = replace(V4, dims=(128, 256))
    with pytest.raises(RequestError, match=r"has no dims 512, 1024: choose from 128, 256"):
        profile_for(small, dense=dense_profiles(512, 128, 1024))
    with pytest.raises(RequestError, match="none that an index can hold"):
        profile_for(replace(V4, dims=(96,)))


def test_a_budget_of_nothing() -> None:
    with pytest.raises(RequestError, match="max_pixels 0"):
        profile_for(V4, max_pixels=0)
