"""The RUN steps of the Dockerfile, run here: the same command lines, in folders of the test."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from es_jina import __version__
from tests.docker.dockerfile import ROOT, stages

# What is built once serves all of it.
pytestmark = pytest.mark.xdist_group("image")


class Builder:
    """Follows a stage as Docker would, its folders moved below one of ours.

    Python here is the one of the tests; packages may come from uv's cache, and byte code is left
    out: the image does without the first and wants the second, and neither changes what is there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.build = root / "build"
        self.build.mkdir()
        # With a pip, which the image's Python has; not every Python here brings one.
        uv = shutil.which("uv") or str(ROOT / ".uv/bin/uv")
        python = ["--python", sys.executable, str(root / "python")]
        subprocess.run([uv, "venv", "--quiet", "--seed", *python], check=True)
        self.environment = {
            **os.environ,
            "PATH": f"{root / 'python/bin'}:{os.environ['PATH']}",
            "PYTHONPATH": "",
            "UV_COMPILE_BYTECODE": "0",
            "VIRTUAL_ENV": str(root / "opt/venv"),
        }

    def follow(self, stage: str, *more: str) -> str:
        """Copy what the stage copies and run what it runs; return what was said.

        Args:
            stage: its name.
            more: arguments behind the first command.
        """
        said = ""
        for each in stages()[stage].instructions:
            if each.keyword == "COPY" and not each.value.startswith("--from"):
                self._copy(each.value.split())
            elif each.keyword == "RUN":
                said += self._run(" ".join([each.value, *more]))
                if more:
                    break
        return said

    def _copy(self, names: list[str]) -> None:
        *sources, target = names
        for source in sources:
            link = self.build / (source if target == "./" else target)
            link.symlink_to(ROOT / source)

    def _run(self, command: str) -> str:
        for folder in ("/opt/venv", "/dist"):
            command = command.replace(f" {folder}", f" {self.root}{folder}")
        told = subprocess.run(
            ["sh", "-euc", command],
            cwd=self.build,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        assert told.returncode == 0, f"{command}\n{told.stdout}"
        return told.stdout


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    made = Builder(tmp_path_factory.mktemp("image"))
    made.follow("builder")
    return made


def test_the_hosted_image_has_what_it_needs_and_no_torch(builder: Builder) -> None:
    builder.follow("wheel")
    builder.follow("hosted-packages")
    bin_folder = builder.root / "opt/venv/bin"

    def told(*arguments: str) -> str:
        # From elsewhere: the repository must be no part of it.
        return subprocess.run(
            arguments,
            cwd=bin_folder,
            env={},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    assert told(str(bin_folder / "es-jina"), "--version") == f"es-jina, version {__version__}\n"
    assert "--provider" in told(str(bin_folder / "es-jina"), "serve", "--help")
    script = """
import importlib.util as u
from importlib.resources import files
from es_jina.cli.serve import require_server_extra
require_server_extra()
print([name for name in ("torch", "transformers", "pytest") if u.find_spec(name)])
print([name for name in ("pyarrow", "pillow_heif") if u.find_spec(name)])
print(*(files("es_jina").joinpath(each).is_dir() for each in ("mappings", "pipelines")))
"""
    assert told(str(bin_folder / "python"), "-c", script) == (
        "[]\n['pyarrow', 'pillow_heif']\nTrue True\n"
    )
    frozen = told(
        str(builder.root / "python/bin/uv"), "pip", "freeze", "--python", str(bin_folder / "python")
    )
    pinned = (ROOT / "constraints.txt").read_text("utf-8")
    others = [line for line in frozen.splitlines() if not line.startswith("es-jina @ ")]
    assert len(others) > 20
    assert set(others) <= {line.partition(" ;")[0] for line in pinned.splitlines()}


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_the_packages_of_the_others_are_to_be_had(builder: Builder, target: str) -> None:
    """For the image's own Python, as wheels alone: it has no compiler.

    Without the index of torch's builds for CPUs: its version there is the same.
    """
    (arg,) = [each for each in stages()[f"{target}-packages"].instructions if each.keyword == "ARG"]
    assert arg.value == {"cpu": "TORCH_BACKEND=cpu", "gpu": "TORCH_BACKEND"}[target]
    base = stages()["python"].base
    version = base.removeprefix("python:").partition("-")[0]
    builder.environment["TORCH_BACKEND"] = ""
    asked = ("--dry-run", "--only-binary=:all:", f"--python-version={version}")
    said = builder.follow(f"{target}-packages", *asked)
    for package in ("torch==", "transformers==", "pyarrow==", "pillow-heif=="):
        assert f" + {package}" in said
