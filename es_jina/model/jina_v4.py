"""The network of jina-embeddings-v4: Qwen2.5-VL, three adapters, a projector to 128 dims."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from es_jina.errors import CheckpointError
from es_jina.model.checkpoint import PROJECTOR, Adapters, Checkpoint
from es_jina.model.device import default_device, default_dtype
from es_jina.model.lora import TaskRows, adapt
from es_jina.model.settings import read_settings

_ADAPTED = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class Batch:
    """One forward pass, padded on the right.

    Attributes:
        input_ids: (rows, length).
        attention_mask: (rows, length), 1 on real tokens.
        position_ids: (3, rows, length), see :mod:`es_jina.model.positions`.
        pool_mask: (rows, length), 1 on the tokens whose mean is the single vector: all real tokens
            of a text, the image tokens with their two brackets of an image.
        adapters: the adapter of each row.
        pixel_values: the patches of all images in row order, or ``None``.
        image_grid_thw: (images, 3), the patch grid of each image, or ``None``.
    """

    input_ids: Tensor
    attention_mask: Tensor
    position_ids: Tensor
    pool_mask: Tensor
    adapters: Sequence[str]
    pixel_values: Tensor | None = None
    image_grid_thw: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """float32 on the model's device.

    Attributes:
        single: (rows, dims), each of length 1.
        multi: (rows, length, 128), each vector of length 1, those of padding 0.
    """

    single: Tensor
    multi: Tensor | None


class JinaV4:
    """A loaded checkpoint."""

    def __init__(
        self, folder: Path, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> None:
        """Load a folder in the layout of jinaai/jina-embeddings-v4.

        Args:
            folder: config.json, model*.safetensors and adapters/.
            device: by default cuda, else mps, else cpu.
            dtype: by default bfloat16 on cuda and mps, float32 on cpu.

        Raises:
            CheckpointError: a file is missing, or a tensor missing, one too many or misshapen.
        """
        self.checkpoint = Checkpoint(folder)
        self.device = device or default_device()
        self.dtype = dtype or default_dtype(self.device)
        self.settings = read_settings(self.checkpoint)
        self.config = _read_config(folder)
        self.rows = TaskRows(self.settings.tasks)
        self.backbone, self.projector = self._load()

    def forward(self, batch: Batch, *, multi: bool = True) -> Output:
        """Run one batch.

        Args:
            batch: on any device; it is moved to the model's.
            multi: whether the multi-vectors are wanted too.
        """
        mask = batch.attention_mask.to(self.device)
        with torch.inference_mode(), self.rows.set(batch.adapters, self.device):
            hidden = self._hidden(batch, mask)
            pooled = batch.pool_mask.to(self.device, torch.float32)
            mean = (hidden.float() * pooled[..., None]).sum(1) / pooled.sum(1, keepdim=True)
            single = nn.functional.normalize(mean, dim=-1)
            if not multi:
                return Output(single, None)
            projected = nn.functional.normalize(self.projector(hidden).float(), dim=-1)
            return Output(single, projected * mask[..., None])

    def _hidden(self, batch: Batch, mask: Tensor) -> Tensor:
        """Return the states behind the final norm, (rows, length, hidden)."""
        images: dict[str, Tensor] = {}
        if batch.pixel_values is not None and batch.image_grid_thw is not None:
            images = {
                "pixel_values": batch.pixel_values.to(self.device, self.dtype),
                "image_grid_thw": batch.image_grid_thw.to(self.device),
            }
        hidden: Tensor = self.backbone(
            input_ids=batch.input_ids.to(self.device),
            # Without padding the causal mask alone is right, and attention is faster for it.
            attention_mask=None if bool(batch.attention_mask.all()) else mask,
            position_ids=batch.position_ids.to(self.device),
            use_cache=False,
            **images,
        ).last_hidden_state
        return hidden

    def _load(self) -> tuple[nn.Module, Any]:
        """Load the weights, once everything that the files lack has been told."""
        from transformers import Qwen2_5_VLModel

        blank = _blank(self.config, self.checkpoint.folder)
        projector = (self.settings.multi_dims, self.settings.dims[-1])
        shapes = {name: tuple(tensor.shape) for name, tensor in blank.state_dict().items()}
        self.checkpoint.check_base(
            shapes | {f"{PROJECTOR}.weight": projector, f"{PROJECTOR}.bias": projector[:1]}
        )
        linear = {name: shape for name, shape in _linear(blank) if name.endswith(_ADAPTED)}
        adapters = self.checkpoint.adapters(linear | {PROJECTOR: projector}, self.settings.tasks)
        with _quiet():
            backbone = Qwen2_5_VLModel.from_pretrained(
                self.checkpoint.folder,
                config=self.config,
                dtype=self.dtype,
                local_files_only=True,
            )
        backbone = backbone.to(self.device).eval()
        adapt(backbone, list(linear), adapters, self.rows)
        return backbone, self._adapted_projector(adapters)

    def _adapted_projector(self, adapters: Adapters) -> Any:
        tensors = self.checkpoint.projector()
        size_out, size_in = tensors["weight"].shape
        projector = nn.Linear(size_in, size_out, device=self.device, dtype=self.dtype)
        projector.load_state_dict(tensors)
        holder = nn.Module()
        holder.add_module(PROJECTOR, projector.requires_grad_(requires_grad=False))
        adapt(holder, [PROJECTOR], adapters, self.rows)
        return holder.get_submodule(PROJECTOR)


def span_mask(input_ids: Tensor, start: int, end: int) -> Tensor:
    """Return 1 from each row's first `start` token to its first `end` token, both included."""
    opened = (input_ids == start).cumsum(1) > 0
    closed_before = (input_ids == end).cumsum(1) - (input_ids == end).long() > 0
    return (opened & ~closed_before).long()


def _linear(backbone: nn.Module) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the name and the (out, in) shape of every linear layer of the language model."""
    language = backbone.get_submodule("language_model")
    for name, module in language.named_modules(prefix="language_model"):
        if isinstance(module, nn.Linear):
            yield name, (module.out_features, module.in_features)


def _read_config(folder: Path) -> Any:
    from transformers import Qwen2_5_VLConfig

    try:
        with _quiet():
            config = Qwen2_5_VLConfig.from_pretrained(folder, local_files_only=True)
        text = config.text_config
        half = text.hidden_size // text.num_attention_heads // 2
        section = text.rope_parameters.get("mrope_section")
    except Exception as error:  # transformers checks the fields with exceptions of several kinds
        raise CheckpointError(_unusable(folder, error)) from error
    # The shipped config.json asks for flash attention, which few machines have.
    config._attn_implementation = "sdpa"
    if not isinstance(section, list | tuple) or len(section) != 3 or sum(section) != half:
        raise CheckpointError(
            f"{folder / 'config.json'}: mrope_section is {section}, it must be three numbers with "
            f"the sum {half}, half the size of a head"
        )
    return config


def _blank(config: Any, folder: Path) -> nn.Module:
    """Return the network without memory for its weights, to learn their names and shapes."""
    from transformers import Qwen2_5_VLModel

    try:
        with torch.device("meta"), _quiet():
            blank: nn.Module = Qwen2_5_VLModel(config)
    except Exception as error:  # as above: sizes that do not go together show in many ways
        raise CheckpointError(_unusable(folder, error)) from error
    return blank


def _unusable(folder: Path, error: Exception) -> str:
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"{folder / 'config.json'} does not describe a network: {reason}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' notes about a config it did not write away from the user's screen."""
    from transformers.utils import logging as log

    level, bar = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity(logging.ERROR)
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bar:
            log.enable_progress_bar()
