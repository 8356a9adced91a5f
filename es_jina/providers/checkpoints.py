"""What the local provider could run, told without loading it and without torch."""

import os
from dataclasses import replace
from pathlib import Path

from es_jina.errors import CheckpointError
from es_jina.model.checkpoint import Checkpoint
from es_jina.model.settings import read_settings
from es_jina.providers.base import MODEL_ID, V4, ModelInfo

# The commit of the hub repository that this package was written against.
HUB_REVISION = "4a58ca57710c49f51896e4bc820e202fbf64904b"


def describe_local(model: str) -> ModelInfo:
    """Say what a checkpoint folder or the hub id holds, without loading or downloading it.

    Raises:
        CheckpointError: neither a folder nor the hub id, or config.json is missing.
    """
    if model == MODEL_ID:
        return replace(V4, revision=HUB_REVISION)
    folder = Path(os.path.expanduser(model))  # noqa: PTH111 - Path's own raises on "~nobody"
    if not folder.is_dir():
        raise CheckpointError(
            f"{model!r} is neither a folder nor {MODEL_ID}: give the path of a checkpoint folder"
        )
    checkpoint = Checkpoint(folder.resolve())
    config = read_settings(checkpoint)
    return ModelInfo(
        name=str(checkpoint.folder),
        revision=checkpoint.digest(),
        dims=config.dims,
        multi_dims=config.multi_dims,
        max_pixels=config.images.max_pixels,
    )
