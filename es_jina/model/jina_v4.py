"""The network of jina-embeddings-v4: Qwen2.5-VL, three adapters, a projector to 128 dims.

Rows of any length, texts and images, lie packed end to end: nothing is computed for padding. Of
Qwen2.5-VL only what embeddings need is here: no language-model head, no cache.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from es_jina.embedding import Vector
from es_jina.errors import RequestError
from es_jina.model.attention import Segments
from es_jina.model.checkpoint import Checkpoint
from es_jina.model.config import read_config
from es_jina.model.decoder import Decoder
from es_jina.model.device import default_device, default_dtype
from es_jina.model.images import normalised
from es_jina.model.lora import AdaptedLinear, Router
from es_jina.model.positions import decoder_rotation
from es_jina.model.settings import read_settings
from es_jina.model.vision import Grid, VisionTower


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One forward pass over packed rows.

    Attributes:
        input_ids: (tokens,).
        position_ids: (3, tokens), see :mod:`es_jina.model.positions`.
        lengths: the tokens of each row.
        adapters: the adapter of each row.
        pools: first token and the one behind the last of each mean that is asked for.
        pixels: (patches, 3 * patch * patch), the patches of all images in row order; uint8, or
            floats that are normalised already. ``None`` without images.
        grids: rows and columns of patches of each image; those behind the last row's are fillers.
    """

    input_ids: Tensor
    position_ids: Tensor
    lengths: Sequence[int]
    adapters: Sequence[str]
    pools: Sequence[tuple[int, int]]
    pixels: Tensor | None = None
    grids: Sequence[Grid] = ()


# Waits for the host's copies of an output: its means and its multi-vectors.
Fetched = Callable[[], tuple[Vector, Vector | None]]


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """float32 on the model's device.

    Attributes:
        means: (pools, hidden), not normalised.
        multi: (tokens, 128), each vector of length 1; ``None`` where it was not asked for.
    """

    means: Tensor
    multi: Tensor | None

    def fetch(self) -> Fetched:
        """Start the one copy to the host's memory, and return what waits for it.

        The copy is queued behind this batch, not behind the next one that the GPU is given.
        """
        multi = self.multi
        if self.means.device.type != "cuda":
            means, vectors = self.means.cpu(), None if multi is None else multi.cpu()
            return lambda: (means.numpy(), None if vectors is None else vectors.numpy())
        device, shape, border = self.means.device, self.means.shape, self.means.numel()
        parts = [self.means.flatten()] if multi is None else [self.means.flatten(), multi.flatten()]
        # Lands in pinned memory.
        flat = torch.cat(parts).to("cpu", non_blocking=True)
        arrived = torch.cuda.current_stream(device).record_event()
        multi_shape = None if multi is None else multi.shape

        def wait() -> tuple[Vector, Vector | None]:
            arrived.synchronize()
            means = flat[:border].view(shape).numpy()
            return means, None if multi_shape is None else flat[border:].view(multi_shape).numpy()

        return wait


class Network(nn.Module):
    """The modules that hold weights, under the names of these."""

    def __init__(self, config: Any, multi_dims: int) -> None:
        super().__init__()
        self.language_model = Decoder(config.text_config)
        self.visual = VisionTower(config.vision_config)
        self.multi_vector_projector = AdaptedLinear(config.text_config.hidden_size, multi_dims)


class JinaV4:
    """A loaded checkpoint."""

    def __init__(
        self,
        folder: Path,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
        merge: str | None = None,
    ) -> None:
        """Load a folder in the layout of jinaai/jina-embeddings-v4.

        Args:
            folder: config.json, model*.safetensors and adapters/.
            device: by default cuda, else mps, else cpu.
            dtype: by default what :func:`es_jina.model.device.default_dtype` says.
            merge: fold the adapter of this one task into the weights; the model is then faster and
                serves no other task.

        Raises:
            CheckpointError: a file is missing, or a tensor missing, one too many or misshapen.
            RequestError: there is no adapter of that name to merge.
        """
        self.checkpoint = Checkpoint(folder)
        self.settings = read_settings(self.checkpoint)
        self.config = read_config(folder)
        self.device = device or default_device()
        self.dtype = dtype or default_dtype(self.device, self.checkpoint.stored_dtype())
        if merge is not None and merge not in self.settings.tasks:
            raise RequestError(
                f"{folder} has no adapter {merge!r} to merge: choose from "
                f"{', '.join(self.settings.tasks)}"
            )
        self.merged = merge
        self._network, self._router = self._load(merge)

    @property
    def tasks(self) -> Sequence[str]:
        """The adapters that can be asked for."""
        return self._router.tasks

    def forward(self, batch: Batch, *, multi: bool = True) -> Output:
        """Run one batch; on a GPU it has only been queued when this returns.

        Args:
            batch: on any device; it is moved to the model's.
            multi: whether the multi-vectors are wanted.

        Raises:
            ValueError: an adapter that is not there.
        """
        net = self._network
        route = self._router.route(batch.adapters, batch.lengths, net.multi_vector_projector.weight)
        with torch.inference_mode():
            text = self.config.text_config
            rotation = decoder_rotation(
                self._here(batch.position_ids),
                text.hidden_size // text.num_attention_heads,
                text.rope_parameters["rope_theta"],
                text.rope_parameters["mrope_section"],
                self.dtype,
            )
            hidden = net.language_model(
                self._embedded(batch), rotation, Segments(tuple(batch.lengths)), route
            )
            means = [hidden[first:end].float().mean(0) for first, end in batch.pools]
            pooled = torch.stack(means) if means else hidden.new_empty(0, hidden.shape[1])
            if not multi:
                return Output(pooled.float(), None)
            projected = net.multi_vector_projector(hidden, route).float()
            return Output(pooled.float(), nn.functional.normalize(projected, dim=-1))

    def _embedded(self, batch: Batch) -> Tensor:
        """Return (tokens, hidden): words, and the vision tower's tokens in their places."""
        net = self._network
        ids = self._here(batch.input_ids)
        embedded: Tensor = net.language_model.embed_tokens(ids)
        if batch.pixels is not None:
            patches = self._here(batch.pixels)
            if patches.dtype == torch.uint8:
                patches = normalised(patches, self.settings.images)
            # Found on the host: a mask on the device would have to wait for it.
            [places] = torch.nonzero(batch.input_ids == self.config.image_token_id, as_tuple=True)
            # A picture behind the last is a filler, without a place.
            seen = net.visual(patches.to(self.dtype), batch.grids)[: len(places)]
            embedded[self._here(places)] = seen
        return embedded

    def _here(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, non_blocking=True)

    def _load(self, merge: str | None) -> tuple[Network, Router]:
        """Load the weights, once everything that the files lack has been told."""
        with torch.device("meta"):
            network = Network(self.config, self.settings.multi_dims)
        shapes = {name: tuple(weight.shape) for name, weight in network.state_dict().items()}
        self.checkpoint.check_base(shapes)
        adapted = {
            name: module
            for name, module in network.named_modules()
            if isinstance(module, AdaptedLinear)
        }
        adapters = self.checkpoint.adapters(
            {name: (module.out_features, module.in_features) for name, module in adapted.items()},
            self.settings.tasks,
        )
        weights = {
            name: weight.to(self.device, self.dtype)
            for name, weight in self.checkpoint.base_weights()
        }
        network.load_state_dict(weights, assign=True)
        network.requires_grad_(requires_grad=False).eval()
        for name, module in adapted.items():
            if merge:
                module.merge(name, adapters, merge)
            else:
                module.adapt(name, adapters, self.settings.tasks)
        return network, Router(self.settings.tasks, adapters.rank, merge)
