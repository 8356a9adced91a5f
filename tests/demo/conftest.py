"""The sample, drawn once for all tests of a worker."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from es_jina.demo.make_sample import make_sample


@dataclass(frozen=True)
class Made:
    sample: Path
    truth: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    make_sample(folder / "sample", folder / "truth")
    return Made(folder / "sample", folder / "truth")
