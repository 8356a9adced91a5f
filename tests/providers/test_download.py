"""The hub's model, from a double of the hub on a real socket."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from es_jina.providers.base import LICENCE, MODEL_ID
from es_jina.providers.checkpoints import HUB_REVISION

SCRIPT = """
import sys
from es_jina.errors import EsJinaError
from es_jina.inputs import Task, Text
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider
try:
    with LocalProvider(device="cpu") as provider:
        print(provider.embed([Text("fox")], Task.CODE_QUERY, Want.SINGLE)[0].tokens)
except EsJinaError as error:
    print(f"Error: {error}")
    sys.exit(error.exit_code)
"""
TOKENIZER_SCRIPT = """
import sys
from es_jina.errors import EsJinaError
from es_jina.providers import open_tokenizer
try:
    print(len(open_tokenizer("local").spans("the quick brown fox")))
except EsJinaError as error:
    print(f"Error: {error}")
    sys.exit(error.exit_code)
print("torch" in sys.modules)
"""
Start = Callable[..., "subprocess.CompletedProcess[str]"]


class Hub:
    """Serves one repository at one revision, as the hub does; ``asked`` holds what was fetched."""

    def __init__(self, server: HTTPServer, folder: Path) -> None:
        self.url = server.url_for("").rstrip("/")
        self.folder = folder
        self.asked: list[str] = []
        self.broken: str | None = None
        listing = f"/api/models/{MODEL_ID}/revision/{HUB_REVISION}"
        server.expect_request(listing).respond_with_handler(self._list)
        tree = f"/api/models/{MODEL_ID}/tree/{HUB_REVISION}"
        server.expect_request(tree).respond_with_handler(self._tree)
        for path in self._files():
            address = f"/{MODEL_ID}/resolve/{HUB_REVISION}/{path}"
            server.expect_request(address).respond_with_handler(self._file)

    def _files(self) -> list[str]:
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return sorted(str(path.relative_to(self.folder)) for path in found)

    def _list(self, request: Request) -> Response:
        body = {
            "id": MODEL_ID,
            "modelId": MODEL_ID,
            "sha": HUB_REVISION,
            "tags": [],
            "siblings": [{"rfilename": name} for name in [*self._files(), "modeling.py", "x.bin"]],
        }
        return Response(json.dumps(body), content_type="application/json")

    def _tree(self, request: Request) -> Response:
        body = [
            {"type": "file", "path": name, "size": size, "oid": "0" * 40}
            for name, size in [
                *((name, (self.folder / name).stat().st_size) for name in self._files()),
                ("modeling.py", 9),
                ("pytorch_model.bin", 9),
            ]
        ]
        return Response(json.dumps(body), content_type="application/json")

    def _file(self, request: Request) -> Response:
        name = request.path.partition(f"{HUB_REVISION}/")[2]
        content = (self.folder / name).read_bytes()
        if request.method == "GET":
            self.asked.append(name)
        headers = {
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "X-Repo-Commit": HUB_REVISION,
        }
        if name == self.broken and request.method == "GET":
            return Response("gone", 404)
        return Response(content, headers=headers)  # without the body where it is HEAD


@pytest.fixture
def hub(httpserver: HTTPServer, checkpoint: Path) -> Hub:
    return Hub(httpserver, checkpoint)


@pytest.fixture
def start(hub: Hub, tmp_path: Path) -> Start:
    """Load the hub's model in a process of its own, with a cache of its own."""

    def start(script: str = SCRIPT, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={
                **{
                    name: value for name, value in os.environ.items() if "proxy" not in name.lower()
                },
                "HF_ENDPOINT": hub.url,
                "HF_HOME": str(tmp_path / "cache"),
                "HF_HUB_DISABLE_XET": "1",
                "OMP_NUM_THREADS": "1",
                **environment,
            },
        )

    return start


def test_the_licence_is_said_once_when_the_weights_are_fetched(hub: Hub, start: Start) -> None:
    first = start()
    assert first.returncode == 0, first.stderr
    assert first.stderr.count(LICENCE) == 1
    assert set(hub.asked) == {
        "config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors",
        "adapters/adapter_config.json", "adapters/adapter_model.safetensors",
    }  # fmt: skip
    hub.asked.clear()
    second = start()
    assert second.stdout == first.stdout
    assert LICENCE not in second.stderr
    assert hub.asked == []
    offline = start(HF_HUB_OFFLINE="1", HF_ENDPOINT="http://127.0.0.1:9")
    assert offline.stdout == first.stdout


def test_a_download_that_was_cut_off_goes_on(hub: Hub, start: Start) -> None:
    hub.broken = "adapters/adapter_model.safetensors"
    cut_off = start()
    assert cut_off.returncode == 5
    assert cut_off.stdout.startswith(f"Error: {MODEL_ID} cannot be downloaded (")
    assert cut_off.stdout.count("\n") == 1
    hub.broken = None
    hub.asked.clear()
    again = start()
    assert again.returncode == 0, again.stdout + again.stderr
    # The others were fetched before the first run gave up, or are fetched now.
    assert "adapters/adapter_model.safetensors" in hub.asked


def test_offline_with_nothing_there(start: Start) -> None:
    done = start(HF_HUB_OFFLINE="1")
    assert done.returncode == 5
    assert done.stdout.count("\n") == 1
    assert "download it elsewhere and give the folder" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_tokenizer_is_one_file_and_no_torch(hub: Hub, start: Start) -> None:
    first = start(TOKENIZER_SCRIPT)
    assert first.stdout == "4\nFalse\n", first.stdout + first.stderr
    assert hub.asked == ["tokenizer.json"]
    hub.asked.clear()
    offline = start(TOKENIZER_SCRIPT, HF_HUB_OFFLINE="1", HF_ENDPOINT="http://127.0.0.1:9")
    assert offline.stdout == first.stdout
    assert hub.asked == []


def test_the_tokenizer_offline_with_nothing_there(start: Start) -> None:
    done = start(TOKENIZER_SCRIPT, HF_HUB_OFFLINE="1")
    assert done.returncode == 5
    assert done.stdout.startswith(f"Error: the tokenizer of {MODEL_ID} cannot be downloaded (")
    assert "give the folder, or use the hosted API" in done.stdout
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
