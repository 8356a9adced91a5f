"""What the local provider could run, and its tokenizer, without its weights and without torch."""

import os
from dataclasses import replace
from pathlib import Path

from es_jina.errors import CheckpointError, ProviderError, first_line
from es_jina.model.checkpoint import Checkpoint
from es_jina.model.settings import read_settings
from es_jina.model.tokens import TOKENIZER_FILE, TextTokenizer
from es_jina.providers.base import MODEL_ID, V4, ModelInfo
from es_jina.providers.toy import TOY_FILE, Toy

# The commit of the hub repository that this package was written against.
HUB_REVISION = "4a58ca57710c49f51896e4bc820e202fbf64904b"


def describe_local(model: str) -> ModelInfo:
    """Say what a checkpoint folder or the hub id holds, without loading or downloading it.

    Raises:
        CheckpointError: neither a folder nor the hub id, config.json is missing, or toy.json is
            broken.
    """
    if model == MODEL_ID:
        return replace(V4, revision=HUB_REVISION)
    checkpoint = Checkpoint(_folder(model))
    config = read_settings(checkpoint)
    return ModelInfo(
        name=str(checkpoint.folder),
        revision=checkpoint.digest(),
        dims=config.dims,
        multi_dims=config.multi_dims,
        max_pixels=config.images.max_pixels,
        toy=_toy(checkpoint),
    )


def open_local_tokenizer(model: str) -> TextTokenizer:
    """Open the tokenizer of a checkpoint folder or of the hub id, of which one file is downloaded.

    Raises:
        CheckpointError: neither a folder nor the hub id, or tokenizer.json is missing or broken.
        ProviderError: it is not there and cannot be downloaded.
    """
    return TextTokenizer(_downloaded_tokenizer() if model == MODEL_ID else _folder(model))


def _toy(checkpoint: Checkpoint) -> Toy | None:
    """Return what a toy says of itself; that changes no vector, so it is no part of the digest."""
    place = checkpoint.folder / TOY_FILE
    return Toy.read(checkpoint.json(TOY_FILE), str(place)) if place.exists() else None


def _folder(model: str) -> Path:
    folder = Path(os.path.expanduser(model))  # noqa: PTH111 - Path's own raises on "~nobody"
    if not folder.is_dir():
        raise CheckpointError(
            f"{model!r} is neither a folder nor {MODEL_ID}: give the path of a checkpoint folder"
        )
    return folder.resolve()


def _downloaded_tokenizer() -> Path:
    """Return the folder that holds the hub's tokenizer, downloaded unless it is there already."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(MODEL_ID, TOKENIZER_FILE, revision=HUB_REVISION)).parent
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ProviderError(
            f"the tokenizer of {MODEL_ID} cannot be downloaded ({first_line(error)}); download the "
            "model elsewhere and give the folder, or use the hosted API with a key in JINA_API_KEY"
        ) from error
