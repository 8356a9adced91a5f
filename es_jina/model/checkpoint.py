"""A checkpoint folder in the layout of jina-embeddings-v4, and an account of every tensor in it."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from es_jina.errors import CheckpointError

PROJECTOR = "multi_vector_projector"
# The base file has the older names, the adapter file the newer ones (jina-embeddings-v4, 2025).
_BASE_PREFIXES = (("model.", "language_model."), ("visual.", "visual."), (PROJECTOR, PROJECTOR))
_ADAPTER_PREFIX = "base_model.model."
_ADAPTER_KEY = re.compile(r"^(?P<module>.+)\.lora_(?P<side>[AB])\.(?P<task>[^.]+)\.weight$")
_SAMPLE = 1 << 20
_SAMPLES = 16


@dataclass(frozen=True, slots=True)
class LoraWeights:
    """The low-rank pair of one module and one task: a (rank, in) and b (out, rank)."""

    a: Tensor
    b: Tensor


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
        """Return the safetensors files of the base model: the one, or those the index names."""
        index = self.folder / "model.safetensors.index.json"
        if not index.exists():
            single = self.folder / "model.safetensors"
            if not single.exists():
                raise CheckpointError(
                    f"{self.folder} is not a jina-embeddings-v4 checkpoint: neither "
                    "model.safetensors nor model.safetensors.index.json is there"
                )
            return [single]
        shards = [
            self.folder / n for n in sorted(set(self.json(index.name)["weight_map"].values()))
        ]
        missing = [shard.name for shard in shards if not shard.exists()]
        if missing:
            raise CheckpointError(f"{self.folder} lacks {listed(missing)}; download it again")
        return shards

    def check_base(self, expected: Iterable[str]) -> None:
        """Account for every tensor of the base files.

        Args:
            expected: the names the network has, projector included.

        Raises:
            CheckpointError: a tensor is missing or one is too many; the message lists them.
        """
        found: set[str] = set()
        strange: list[str] = []
        for path in self.weight_files():
            with _open(path) as tensors:
                for key in tensors.keys():  # noqa: SIM118 - it is no mapping
                    name = _native_name(key)
                    if name is None:
                        strange.append(key)
                    else:
                        found.add(name)
        wanted = set(expected)
        account(self.folder, "the base weights", wanted - found, [*strange, *(found - wanted)])

    def projector(self) -> dict[str, Tensor]:
        """Return the weight and the bias of the multi-vector projector."""
        found = {}
        for path in self.weight_files():
            with _open(path) as tensors:
                for key in tensors.keys():  # noqa: SIM118 - it is no mapping
                    if key.startswith(f"{PROJECTOR}."):
                        found[key.removeprefix(f"{PROJECTOR}.")] = tensors.get_tensor(key)
        return found

    def adapters(self, modules: Iterable[str], tasks: Iterable[str]) -> "Adapters":
        """Read the adapters of all tasks and account for every tensor.

        Args:
            modules: the names of the modules that must have a pair for each task.
            tasks: the task names the model was made with.

        Raises:
            CheckpointError: an unsupported kind of adapter, or missing or extra tensors.
        """
        config = self.json("adapters/adapter_config.json")
        path = self.folder / "adapters" / "adapter_model.safetensors"
        if not path.exists():
            raise CheckpointError(f"{self.folder} lacks adapters/adapter_model.safetensors")
        pairs: dict[tuple[str, str], dict[str, Tensor]] = {}
        strange: list[str] = []
        with _open(path) as tensors:
            for key in tensors.keys():  # noqa: SIM118 - it is no mapping
                match = _ADAPTER_KEY.match(key)
                if match is None or not key.startswith(_ADAPTER_PREFIX):
                    strange.append(key)
                    continue
                module = match["module"].removeprefix(_ADAPTER_PREFIX).removeprefix("model.")
                pair = pairs.setdefault((match["task"], module), {})
                pair[match["side"]] = tensors.get_tensor(key)
        wanted = {(task, module) for task in tasks for module in modules}
        halves = {key for key, pair in pairs.items() if len(pair) < 2}
        account(
            self.folder,
            "the adapters",
            {f"{module} ({task})" for task, module in (wanted - pairs.keys()) | halves},
            [*strange, *(f"{module} ({task})" for task, module in pairs.keys() - wanted)],
        )
        weights = {key: LoraWeights(pair["A"], pair["B"]) for key, pair in pairs.items()}
        return Adapters(weights, _scaling(config, path))

    def digest(self) -> str:
        """Return what tells these weights from others of the same shape, as 16 hex digits.

        Whole files would take a minute for the real model, so each file counts with its size and
        up to 16 MiB of evenly spaced samples.
        """
        total = hashlib.sha256()
        adapter = self.folder / "adapters" / "adapter_model.safetensors"
        for path in [self.folder / "config.json", *self.weight_files(), adapter]:
            size = path.stat().st_size
            total.update(f"{path.name} {size}\n".encode())
            with path.open("rb") as file:
                for start in _sample_starts(size):
                    file.seek(start)
                    total.update(file.read(_SAMPLE))
        return total.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Adapters:
    """All adapters of a checkpoint.

    Attributes:
        weights: the pair for each (task, module).
        scaling: the factor of the low-rank product.
    """

    weights: dict[tuple[str, str], LoraWeights]
    scaling: float


def listed(names: Iterable[str], limit: int = 8) -> str:
    """Write names for a message, the first few whole and the rest as a count."""
    ordered = sorted(names)
    rest = len(ordered) - limit
    return ", ".join(ordered[:limit]) + (f" and {rest} more" if rest > 0 else "")


def account(folder: Path, what: str, missing: Iterable[str], extra: Iterable[str]) -> None:
    """Raise a :class:`CheckpointError` that lists the missing and the extra tensors, if any."""
    parts = []
    if absent := list(missing):
        parts.append(f"{len(absent)} missing: {listed(absent)}")
    if surplus := list(extra):
        parts.append(f"{len(surplus)} not known: {listed(surplus)}")
    if parts:
        raise CheckpointError(f"{what} in {folder} do not fit the model; {'; '.join(parts)}")


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); download it again") from error


def _native_name(key: str) -> str | None:
    for prefix, native in _BASE_PREFIXES:
        if key.startswith(prefix):
            return native + key.removeprefix(prefix)
    return None


def _scaling(config: dict[str, Any], path: Path) -> float:
    unsupported = [
        name
        for name in ("use_dora", "rank_pattern", "alpha_pattern", "lora_bias")
        if config.get(name)
    ]
    if unsupported or config.get("peft_type", "LORA") != "LORA":
        raise CheckpointError(
            f"{path.parent} holds adapters of a kind that is not supported "
            f"({', '.join(unsupported) or config.get('peft_type')})"
        )
    rank, alpha = float(config["r"]), float(config["lora_alpha"])
    return alpha / (rank**0.5 if config.get("use_rslora") else rank)


def _sample_starts(size: int) -> Iterator[int]:
    blocks = -(-size // _SAMPLE)
    if blocks <= _SAMPLES:
        yield from range(0, size, _SAMPLE)
    else:
        yield from (i * (size - _SAMPLE) // (_SAMPLES - 1) for i in range(_SAMPLES))


def dtype_of(name: str) -> torch.dtype:
    """Return the torch dtype for ``float32``, ``bfloat16`` or ``float16``."""
    dtype: torch.dtype = getattr(torch, name)
    return dtype
