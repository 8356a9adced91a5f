"""Torch with one thread: networks this small lose ten times more to a busy second core."""

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Leave the other cores to the other tests."""
    torch.set_num_threads(1)
