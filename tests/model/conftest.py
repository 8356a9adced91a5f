"""Torch with one thread: networks this small lose ten times more to a busy second core."""

from pathlib import Path

import pytest
import torch

from es_jina.demo.checkpoint import make_checkpoint

from .checkpoints import randomise
from .networks import SMALL, WORDS


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Leave the other cores to the other tests."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def random_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint whose every weight is random."""
    folder = make_checkpoint(tmp_path_factory.mktemp("random") / "checkpoint", WORDS, SMALL)
    randomise(folder)
    return folder
