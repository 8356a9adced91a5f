"""What the JSON files of a checkpoint say."""

from dataclasses import dataclass
from typing import Any

from es_jina.errors import CheckpointError
from es_jina.model.checkpoint import Checkpoint
from es_jina.model.images import ImageSpec

PREPROCESSOR = "preprocessor_config.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """The numbers that the code around the network needs.

    Attributes:
        tasks: the adapters' names.
        dims: the Matryoshka sizes of the single vector, ascending, the full size last.
        multi_dims: the size of each vector of a multi-vector.
        images: how pictures are prepared.
    """

    tasks: tuple[str, ...]
    dims: tuple[int, ...]
    multi_dims: int
    images: ImageSpec


def read_settings(checkpoint: Checkpoint) -> Settings:
    """Read a checkpoint's settings.

    Raises:
        CheckpointError: config.json is missing or is not that of a jina-embeddings-v4.
    """
    config = checkpoint.json("config.json")
    # The preprocessor's file may be missing: its defaults are then those of v4.
    has_file = (checkpoint.folder / PREPROCESSOR).exists()
    preprocessor = checkpoint.json(PREPROCESSOR) if has_file else {}
    try:
        return Settings(
            tasks=tuple(config["task_names"]),
            dims=_dims(config),
            multi_dims=config.get("multi_vector_projector_dim", 128),
            images=ImageSpec.from_config(preprocessor, config["vision_config"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{checkpoint.folder / 'config.json'} is not that of a jina-embeddings-v4: {error!r}"
        ) from error


def _dims(config: dict[str, Any]) -> tuple[int, ...]:
    full: int = config["text_config"]["hidden_size"]
    return tuple(sorted({d for d in config.get("matryoshka_dims", []) if d < full} | {full}))
