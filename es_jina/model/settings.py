"""What the JSON files of a checkpoint say."""

from dataclasses import dataclass
from typing import Any

from es_jina.errors import CheckpointError
from es_jina.model.checkpoint import Checkpoint

PREPROCESSOR = "preprocessor_config.json"
DEFAULT_MAX_PIXELS = 602_112  # 768 merged patches of 28 x 28 pixels; the checkpoint's own default


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """The numbers of a checkpoint's preprocessor_config.json; the defaults are those of v4."""

    patch: int = 14
    merge: int = 2
    temporal: int = 2
    min_pixels: int = 3136
    max_pixels: int = DEFAULT_MAX_PIXELS
    mean: tuple[float, ...] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, ...] = (0.26862954, 0.26130258, 0.27577711)

    @classmethod
    def from_config(cls, preprocessor: dict[str, Any], vision: dict[str, Any]) -> "ImageSpec":
        """Read the vision tower's numbers and the preprocessor's.

        Raises:
            ValueError: the two cut pictures differently, or a number cannot be used.
        """
        default = cls()
        size = preprocessor.get("size") or {}
        spec = cls(
            patch=_agreed("patch_size", vision, "patch_size", preprocessor, default.patch),
            merge=_agreed("spatial_merge_size", vision, "merge_size", preprocessor, default.merge),
            temporal=_agreed(
                "temporal_patch_size", vision, "temporal_patch_size", preprocessor, default.temporal
            ),
            min_pixels=_first(
                preprocessor.get("min_pixels"), size.get("shortest_edge"), default.min_pixels
            ),
            max_pixels=_first(
                preprocessor.get("max_pixels"), size.get("longest_edge"), default.max_pixels
            ),
            mean=tuple(preprocessor.get("image_mean") or default.mean),
            std=tuple(preprocessor.get("image_std") or default.std),
        )
        if spec.min_pixels < 1 or spec.max_pixels < 1:
            raise ValueError(f"min_pixels {spec.min_pixels}, max_pixels {spec.max_pixels}")
        if len(spec.mean) != 3 or len(spec.std) != 3 or not all(spec.std):
            raise ValueError(f"image_mean {spec.mean}, image_std {spec.std}")
        return spec


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
        CheckpointError: config.json is missing, or it is not that of a jina-embeddings-v4.
    """
    config = checkpoint.json("config.json")
    # The preprocessor's file may be missing: its defaults are then those of v4.
    has_file = (checkpoint.folder / PREPROCESSOR).exists()
    preprocessor = checkpoint.json(PREPROCESSOR) if has_file else {}
    path = checkpoint.folder / "config.json"
    try:
        return Settings(
            tasks=_tasks(config),
            dims=_dims(config),
            multi_dims=int(config.get("multi_vector_projector_dim", 128)),
            images=ImageSpec.from_config(preprocessor, _section(config, "vision_config")),
        )
    except KeyError as error:
        raise CheckpointError(
            f"{path} is not that of a jina-embeddings-v4: it lacks {error}"
        ) from error
    except (TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} or its {PREPROCESSOR} cannot be understood: {error}"
        ) from error


def _tasks(config: dict[str, Any]) -> tuple[str, ...]:
    tasks = config["task_names"]
    if not isinstance(tasks, list) or not tasks:
        raise TypeError(f"task_names is no list of names: {tasks!r}")
    return tuple(map(str, tasks))


def _dims(config: dict[str, Any]) -> tuple[int, ...]:
    # Where there is no text_config its fields lie at the top, as transformers reads them too.
    text = config if config.get("text_config") is None else _section(config, "text_config")
    full = int(text["hidden_size"])
    return tuple(sorted({d for d in config.get("matryoshka_dims") or () if d < full} | {full}))


def _section(config: dict[str, Any], name: str) -> dict[str, Any]:
    section = config[name]
    if not isinstance(section, dict):
        raise TypeError(f"{name} is no JSON object")
    return section


def _agreed(
    key: str, vision: dict[str, Any], other_key: str, preprocessor: dict[str, Any], default: int
) -> int:
    """Return the network's number; another one in the preprocessor would feed it nonsense."""
    number = int(vision.get(key, default))
    other = preprocessor.get(other_key)
    if other not in (None, number):
        raise ValueError(f"{key} is {number}, but the preprocessor's {other_key} is {other}")
    if number < 1:
        raise ValueError(f"{key} is {number}")
    return number


def _first(*numbers: int | None) -> int:
    return int(next(number for number in numbers if number is not None))
