"""The volumes of the stack."""

import shutil
from pathlib import Path

import pytest

from tests.docker.scripts import SECRETS, run


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The volumes after a first start."""
    folder = tmp_path_factory.mktemp("stack")
    run(SECRETS, STACK=str(folder), JINA_API_KEY="jina_key")
    return folder


@pytest.fixture
def volumes(stack: Path, tmp_path: Path) -> Path:
    """A copy of them, to be spoilt."""
    return Path(shutil.copytree(stack, tmp_path / "stack"))
