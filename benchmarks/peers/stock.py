"""jina-embeddings-v4 as its model card runs it: stock transformers, PEFT, batches of eight.

Kinder than the card in one thing: no language-model head over every token.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from peft import LoraConfig, get_peft_model
from PIL import Image as PilImages
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLModel,
    Qwen2VLImageProcessorPil,
)

BATCH = 8
PROJECTOR = "multi_vector_projector"
IMAGE_PROMPT = (
    "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Describe the image.<|im_end|>\n"
)
Vectors = list[NDArray[np.float32]]


class WithProjector(nn.Module):
    """The backbone and the projector beside it."""

    base_model_prefix = "model"

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__()
        self.config = Qwen2_5_VLConfig.from_pretrained(folder)
        self.model = Qwen2_5_VLModel.from_pretrained(
            folder, config=self.config, dtype=dtype, attn_implementation="sdpa"
        ).to(device)
        hidden, dims = self.config.text_config.hidden_size, self.config.multi_vector_projector_dim
        self.multi_vector_projector = nn.Linear(hidden, dims, device=device, dtype=dtype)
        weights = load_file(folder / "model.safetensors")
        self.multi_vector_projector.load_state_dict(
            {part: weights[f"{PROJECTOR}.{part}"] for part in ("weight", "bias")}
        )


class Stock:
    """The peer."""

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        self.device, self.dtype = device, dtype
        self.network = _with_adapters(WithProjector(folder, device, dtype), folder)
        self.config = self.network.base_model.model.config
        self.tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=str(folder / "tokenizer.json"),
            pad_token="<|endoftext|>",  # noqa: S106 - a token of text
        )
        sizes = json.loads((folder / "preprocessor_config.json").read_text())
        self.pictures = Qwen2VLImageProcessorPil(
            min_pixels=sizes["min_pixels"], max_pixels=sizes["max_pixels"]
        )
        self.image_prompt = self.tokenizer(IMAGE_PROMPT, add_special_tokens=False).input_ids

    def encode_text(self, texts: Sequence[str], *, multi: bool = False) -> Vectors:
        """Embed passages, eight at a time in the order given, padded to the longest."""
        found: Vectors = []
        for start in range(0, len(texts), BATCH):
            prompted = [f"Passage: {text}" for text in texts[start : start + BATCH]]
            batch = self.tokenizer(
                prompted, return_tensors="pt", padding="longest", truncation=True, max_length=32768
            )
            mask = batch["attention_mask"]
            found += self._run(mask, mask, multi, input_ids=batch["input_ids"])
        return found

    def encode_image(self, paths: Sequence[Path], *, multi: bool = False) -> Vectors:
        """Embed pictures, eight at a time in the order given."""
        found: Vectors = []
        for start in range(0, len(paths), BATCH):
            opened = [PilImages.open(path).convert("RGB") for path in paths[start : start + BATCH]]
            batch = self.pictures(opened, return_tensors="pt")
            ids = [self._image_ids(int(grid.prod())) for grid in batch["image_grid_thw"]]
            longest = max(map(len, ids))
            padded = torch.tensor([row + [0] * (longest - len(row)) for row in ids])
            mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
            first, last = self.config.vision_start_token_id, self.config.vision_end_token_id
            opened_span = (padded == first).cumsum(1) - (padded == last).cumsum(1)
            found += self._run(
                mask,
                mask * (opened_span + (padded == last)),
                multi,
                input_ids=padded,
                mm_token_type_ids=(padded == self.config.image_token_id).int(),
                **batch,
            )
        return found

    def _image_ids(self, patches: int) -> list[int]:
        ids: list[int] = []
        for token in self.image_prompt:
            ids += [token] * (patches // 4 if token == self.config.image_token_id else 1)
        return ids

    def _run(self, mask: Tensor, pool: Tensor, multi: bool, **inputs: Tensor) -> Vectors:
        """Run one batch; both kinds of vectors are computed, one is returned, as in the card."""
        half = self.dtype == torch.bfloat16
        cast = torch.autocast(self.device.type, torch.bfloat16) if half else nullcontext()
        wrapped = self.network.base_model.model
        with torch.inference_mode(), cast:
            hidden = wrapped.model(
                attention_mask=mask.to(self.device),
                **{name: tensor.to(self.device) for name, tensor in inputs.items()},
            ).last_hidden_state
            weights = pool.to(self.device)[..., None]
            single = normalize((hidden * weights).sum(1) / weights.sum(1), dim=-1)
            projected = normalize(wrapped.multi_vector_projector(hidden), dim=-1)
        if not multi:
            return list(single.float().cpu().numpy())
        rows = zip(projected.float().cpu(), mask, strict=True)
        return [row[: int(kept.sum())].numpy() for row, kept in rows]


def _with_adapters(model: WithProjector, folder: Path) -> Any:
    said = json.loads((folder / "adapters/adapter_config.json").read_text())
    config = LoraConfig(
        r=said["r"],
        lora_alpha=said["lora_alpha"],
        target_modules=said["target_modules"],
        exclude_modules=said["exclude_modules"],
    )
    network = get_peft_model(model, config, adapter_name="retrieval", autocast_adapter_dtype=False)
    for name, tensor in _adapter_weights(folder):
        network.get_parameter(name).data = tensor.to(model.model.device, model.model.dtype)
    network.set_adapter("retrieval")
    return network.eval()


def _adapter_weights(folder: Path) -> Iterator[tuple[str, Tensor]]:
    for key, tensor in load_file(folder / "adapters/adapter_model.safetensors").items():
        if ".retrieval." in key:
            yield key, tensor
