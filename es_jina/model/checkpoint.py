"""A checkpoint folder in the layout of jina-embeddings-v4, and an account of every tensor in it."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from es_jina.errors import CheckpointError

if TYPE_CHECKING:
    # A folder can be described without torch, which takes two seconds to load.
    from torch import Tensor

PROJECTOR = "multi_vector_projector"
# The base file has the older names, the adapter file the newer ones (jina-embeddings-v4, 2025); a
# base file that a newer transformers wrote has these too.
_BASE_PREFIXES = (
    ("model.language_model.", "language_model."),
    ("model.visual.", "visual."),
    ("model.", "language_model."),
    ("visual.", "visual."),
    (PROJECTOR, PROJECTOR),
)
_ADAPTER_FILE = "adapters/adapter_model.safetensors"
_ADAPTER_CONFIG = "adapters/adapter_config.json"
_ADAPTER_PREFIX = "base_model.model."
_ADAPTER_KEY = re.compile(r"^(?P<module>.+)\.lora_(?P<side>[AB])\.(?P<task>[^.]+)\.weight$")
_SAMPLE = 1 << 20
_SAMPLES = 16
# Small files that change the vectors too; those that are there count for the digest.
_SETTINGS = ("preprocessor_config.json", "tokenizer.json", _ADAPTER_CONFIG)

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LoraWeights:
    """The low-rank pair of one module and one task: a (rank, in) and b (out, rank)."""

    a: "Tensor"
    b: "Tensor"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The files of one checkpoint folder."""

    folder: Path

    def json(self, name: str) -> dict[str, Any]:
        """Read a JSON file of the folder.

        Raises:
            CheckpointError: the file is missing or is not a JSON object.
        """
        path = self.folder / name
        try:
            content = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise CheckpointError(
                f"{self.folder} is not a jina-embeddings-v4 checkpoint: {name} is missing"
            ) from None
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{path} cannot be read as JSON: {error}") from error
        if not isinstance(content, dict):
            raise CheckpointError(f"{path} must hold a JSON object")
        return content

    def weight_files(self) -> list[Path]:
        """Return the safetensors files of the base model: the one, or those the index names.

        Raises:
            CheckpointError: one of them is missing, or the index is none.
        """
        single = self.folder / "model.safetensors"
        # Where both are there transformers loads the single file, so that is what counts.
        if single.is_file():
            return [single]
        index = self.folder / "model.safetensors.index.json"
        if not index.exists():
            raise CheckpointError(
                f"{self.folder} is not a jina-embeddings-v4 checkpoint: neither "
                "model.safetensors nor model.safetensors.index.json is there"
            )
        weight_map = self.json(index.name).get("weight_map")
        if not isinstance(weight_map, dict) or not weight_map:
            raise CheckpointError(
                f"{index} has no weight_map: it names no shard; download it again"
            )
        shards = [self.folder / name for name in sorted({str(n) for n in weight_map.values()})]
        missing = [shard.name for shard in shards if not shard.is_file()]
        if missing:
            raise CheckpointError(f"{self.folder} lacks {listed(missing)}; download it again")
        return shards

    def check_files(self) -> None:
        """See that no file is missing, without a look into any.

        Raises:
            CheckpointError: one is.
        """
        self.weight_files()
        for name in ("config.json", "tokenizer.json", _ADAPTER_FILE, _ADAPTER_CONFIG):
            self._file(name)

    def check_base(self, expected: Mapping[str, Shape]) -> None:
        """Account for every tensor of the base files.

        Args:
            expected: the names the network has, projector included, and their shapes.

        Raises:
            CheckpointError: a tensor is missing, one too many or of another shape; the message
                lists them.
        """
        found: dict[str, Shape] = {}
        for path in self.weight_files():
            with _open(path) as tensors:
                for key in tensors.keys():  # noqa: SIM118 - it is no mapping
                    found[_native_name(key)] = tuple(tensors.get_slice(key).get_shape())
        account(self.folder, "the base weights", expected, found)

    def base_weights(self) -> "Iterator[tuple[str, Tensor]]":
        """Yield the network's name and the weight of every base tensor, memory-mapped."""
        for path in self.weight_files():
            with _open(path) as tensors:
                for key in tensors.keys():  # noqa: SIM118 - it is no mapping
                    yield _native_name(key), tensors.get_tensor(key)

    def stored_dtype(self) -> str:
        """Return the precision that the base weights are stored in, as safetensors names it: BF16.

        Where they are mixed, that of the first.
        """
        with _open(self.weight_files()[0]) as tensors:
            key = next(iter(tensors.keys()), None)
            return str(tensors.get_slice(key).get_dtype()) if key else ""

    def adapters(self, modules: Mapping[str, Shape], tasks: Iterable[str]) -> "Adapters":
        """Read the adapters of all tasks and account for every tensor.

        Args:
            modules: the modules that must have a pair for each task, and their (out, in) shapes.
            tasks: the task names the model was made with.

        Raises:
            CheckpointError: an unsupported kind of adapter, or missing, extra or misshapen tensors.
        """
        path = self._file(_ADAPTER_FILE)
        rank, scaling = _rank_and_scaling(
            self.json(_ADAPTER_CONFIG), path.with_name("adapter_config.json")
        )
        pairs = [(task, module) for task in tasks for module in modules]
        expected: dict[str, Shape] = {}
        for task, module in pairs:
            size_out, size_in = modules[module]
            expected[_half(module, "A", task)] = (rank, size_in)
            expected[_half(module, "B", task)] = (size_out, rank)
        with _open(path) as tensors:
            keys = {_adapter_name(key): key for key in tensors.keys()}  # noqa: SIM118 - no mapping
            found = {name: tuple(tensors.get_slice(key).get_shape()) for name, key in keys.items()}
            account(self.folder, "the adapters", expected, found)
            weights = {
                (task, module): LoraWeights(
                    *(tensors.get_tensor(keys[_half(module, side, task)]) for side in "AB")
                )
                for task, module in pairs
            }
        return Adapters(weights, rank, scaling)

    def digest(self) -> str:
        """Return what tells these weights from others of the same shape, as 16 hex digits.

        Whole files would take a minute for the real model, so each file counts with its size and
        up to 16 MiB of evenly spaced samples.

        Raises:
            CheckpointError: a file is missing.
        """
        total = hashlib.sha256()
        settings = [path for name in _SETTINGS if (path := self.folder / name).exists()]
        needed = [self._file("config.json"), *self.weight_files(), self._file(_ADAPTER_FILE)]
        for path in [*needed, *settings]:
            size = path.stat().st_size
            total.update(f"{path.name} {size}\n".encode())
            with path.open("rb") as file:
                for start in _sample_starts(size):
                    file.seek(start)
                    total.update(file.read(_SAMPLE))
        return total.hexdigest()[:16]

    def _file(self, name: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise CheckpointError(f"{self.folder} lacks {name}; download it again")
        return path


@dataclass(frozen=True, slots=True)
class Adapters:
    """All adapters of a checkpoint.

    Attributes:
        weights: the pair for each (task, module).
        rank: rows of `a` in each pair.
        scaling: the factor of the low-rank product.
    """

    weights: dict[tuple[str, str], LoraWeights]
    rank: int
    scaling: float


def listed(names: Iterable[str], limit: int = 8) -> str:
    """Write names for a message, the first few whole and the rest as a count."""
    ordered = sorted(names)
    rest = len(ordered) - limit
    return ", ".join(ordered[:limit]) + (f" and {rest} more" if rest > 0 else "")


def account(
    folder: Path, what: str, expected: Mapping[str, Shape], found: Mapping[str, Shape]
) -> None:
    """Raise a :class:`CheckpointError` that lists missing, extra and misshapen tensors, if any."""
    parts = []
    if absent := expected.keys() - found.keys():
        parts.append(f"{len(absent)} missing: {listed(absent)}")
    if surplus := found.keys() - expected.keys():
        parts.append(f"{len(surplus)} not known: {listed(surplus)}")
    misshapen = [
        f"{name} is {_times(found[name])}, not {_times(shape)}"
        for name, shape in expected.items()
        if found.get(name, shape) != shape
    ]
    if misshapen:
        parts.append(f"{len(misshapen)} of another shape: {listed(misshapen)}")
    if parts:
        raise CheckpointError(f"{what} in {folder} do not fit the model; {'; '.join(parts)}")


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); download it again") from error


def _times(shape: Shape) -> str:
    return " x ".join(map(str, shape))


def _native_name(key: str) -> str:
    """Return the network's name for a key of the base file; a strange key stays as it is."""
    for prefix, native in _BASE_PREFIXES:
        if key.startswith(prefix):
            return native + key.removeprefix(prefix)
    return key


def _adapter_name(key: str) -> str:
    """Return the network's name for a key of the adapter file; a strange key stays as it is."""
    match = _ADAPTER_KEY.match(key)
    if match is None or not key.startswith(_ADAPTER_PREFIX):
        return key
    module = match["module"].removeprefix(_ADAPTER_PREFIX).removeprefix("model.")
    return _half(module, match["side"], match["task"])


def _half(module: str, side: str, task: str) -> str:
    return f"{module}.lora_{side}.{task}.weight"


def _rank_and_scaling(config: dict[str, Any], path: Path) -> tuple[int, float]:
    unsupported = [
        name
        for name in (
            "use_dora",
            "rank_pattern",
            "alpha_pattern",
            "lora_bias",
            "fan_in_fan_out",
            "modules_to_save",
        )
        if config.get(name)
    ]
    if config.get("bias", "none") != "none":
        unsupported.append("bias")
    if unsupported or config.get("peft_type", "LORA") != "LORA":
        raise CheckpointError(
            f"{path.parent} holds adapters of a kind that is not supported "
            f"({', '.join(unsupported) or config.get('peft_type')})"
        )
    try:
        rank, alpha = int(config["r"]), float(config["lora_alpha"])
        scaling = alpha / (rank**0.5 if config.get("use_rslora") else rank)
        if rank < 1 or not math.isfinite(scaling):
            raise ValueError(scaling)
        return rank, scaling
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        raise CheckpointError(
            f"{path} needs the numbers r, above 0, and lora_alpha; it has "
            f"{config.get('r')!r} and {config.get('lora_alpha')!r}"
        ) from None


def _sample_starts(size: int) -> Iterator[int]:
    blocks = -(-size // _SAMPLE)
    if blocks <= _SAMPLES:
        yield from range(0, size, _SAMPLE)
    else:
        yield from (i * (size - _SAMPLE) // (_SAMPLES - 1) for i in range(_SAMPLES))
