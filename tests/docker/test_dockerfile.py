"""The Dockerfile, read: linted, pinned, not root, and of files that reach the builder."""

import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import pytest

from es_jina import __version__
from tests.docker.dockerfile import ROOT, Instruction, stages

TARGETS = ("hosted", "cpu", "gpu")
PINNED = re.compile(r"[a-z]+:\d+\.\d+\.\d+-[a-z-]+@sha256:[0-9a-f]{64}")


def is_ignored(path: str) -> bool:
    """Say whether .dockerignore keeps a path from the builder: the last line about it decides.

    Unlike in .gitignore, a line is of the whole path, or of that of a folder which it is in.
    """
    ignored = False
    whole = PurePosixPath(path)
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        folders = [whole, *whole.parents][:-1]
        deep = "**/" in line
        if not line.startswith("#") and any(
            fnmatchcase(each.name if deep else str(each), pattern)
            for each in folders
            if deep or "/" not in str(each)
        ):
            ignored = not line.startswith("!")
    return ignored


def values(stage: str, keyword: str) -> list[str]:
    return [each.value for each in stages()[stage].instructions if each.keyword == keyword]


def test_hadolint_has_nothing_to_say() -> None:
    binary = Path(sys.executable).with_name("hadolint")
    told = subprocess.run(
        [binary, "--no-color", "--failure-threshold", "style", ROOT / "docker/Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (told.returncode, told.stdout) == (0, "")
    assert "hadolint ignore" not in (ROOT / "docker/Dockerfile").read_text("utf-8")


def test_base_images_are_pinned() -> None:
    found = stages()
    bases = {stage.base for stage in found.values()} - found.keys()
    assert len(bases) == 1
    (base,) = bases
    assert PINNED.fullmatch(base)
    assert f'base.name="{base.partition("@")[0]}"' in values("runtime", "LABEL")[0]


def test_the_label_is_of_this_version() -> None:
    assert f'image.version="{__version__}"' in values("runtime", "LABEL")[0]


@pytest.mark.parametrize("target", TARGETS)
def test_targets_are_small_and_not_root(target: str) -> None:
    stage = stages()[target]
    assert stage.base == "runtime"
    assert [each.keyword for each in stage.instructions if each.keyword != "ENV"] == ["COPY"]
    assert values(target, "COPY") == [f"--from={target}-packages /opt/venv /opt/venv"]
    assert values("runtime", "USER") == ["10001:10001"]
    script = (ROOT / "docker/stack/secrets.sh").read_text("utf-8")
    assert f"ES_JINA_USER={values('runtime', 'USER')[0]}\n" in script


def test_signals_reach_the_server() -> None:
    assert values("runtime", "ENTRYPOINT") == ['["es-jina"]']
    (check,) = values("runtime", "HEALTHCHECK")
    assert "/health" in check
    assert "curl" not in check


def test_what_is_copied_reaches_the_builder_and_nothing_else_does() -> None:
    copied = {
        source
        for stage in stages().values()
        for each in stage.instructions
        if each.keyword == "COPY" and not each.value.startswith("--from")
        for source in each.value.split()[:-1]
    }
    top = {each.name for each in ROOT.iterdir()}
    assert copied <= top
    assert {name for name in top if not is_ignored(name)} == copied
    assert is_ignored("es_jina/__pycache__/x.cpython-313.pyc")
    assert not is_ignored("es_jina/cli/main.py")


def test_it_is_read_as_docker_reads_it() -> None:
    found = stages("FROM a:1 AS b\n# told\nRUN x \\\n  # between\n  && y\nENV A=1\n")
    assert found["b"].instructions == [Instruction("RUN", "x && y"), Instruction("ENV", "A=1")]
