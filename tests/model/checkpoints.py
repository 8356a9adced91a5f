"""Checkpoint folders for the tests: copies that are changed, and what they must give."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image as PilImage
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

Tensors = dict[str, Tensor]
Vector = NDArray[np.float32]
BASE = "model.safetensors"
ADAPTER = "adapters/adapter_model.safetensors"
IMAGE_PROMPT = (
    "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Describe the image.<|im_end|>\n"
)


def copied(folder: Path, to: Path) -> Path:
    """Copy a checkpoint folder."""
    shutil.copytree(folder, to)
    return to


def edit_json(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON file in place."""
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")


def edit_tensors(path: Path, change: Callable[[Tensors], object]) -> None:
    """Change a safetensors file in place."""
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, {"format": "pt"})


def shard(folder: Path) -> None:
    """Split the base weights in two, as large checkpoints are."""
    tensors = load_file(folder / BASE)
    (folder / BASE).unlink()
    names = sorted(tensors)
    weight_map: dict[str, str] = {}
    for number, part in enumerate((names[: len(names) // 2], names[len(names) // 2 :]), 1):
        file = f"model-0000{number}-of-00002.safetensors"
        save_file({name: tensors[name] for name in part}, folder / file, {"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def randomise(folder: Path, seed: int = 1) -> None:
    """Give every tensor other numbers, for the sizes of config.json: biases, norms, adapters too.

    A fresh network has no bias and neutral norms: whoever dropped them would not be found out.
    """
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLModel

    config = Qwen2_5_VLConfig.from_pretrained(folder)
    config._attn_implementation = "eager"
    generator = torch.Generator().manual_seed(seed)

    def noise(shape: torch.Size, scale: float) -> Tensor:
        return torch.randn(shape, generator=generator) * scale

    with torch.device("meta"):
        blank = Qwen2_5_VLModel(config)
    weights = {
        f"{PROJECTOR}.{part}": noise(tensor.shape, 0.05)
        for part, tensor in projector(load_file(folder / BASE)).items()
    }
    for name, tensor in blank.state_dict().items():
        key = name.replace("language_model.", "model.", 1)
        is_norm = "norm" in name or "ln_q" in name
        weights[key] = noise(tensor.shape, 0.2 if is_norm else 0.05) + float(is_norm)
    save_file(weights, folder / BASE, {"format": "pt"})
    edit_tensors(
        folder / ADAPTER,
        lambda tensors: tensors.update({k: noise(v.shape, 0.05) for k, v in tensors.items()}),
    )


PROJECTOR = "multi_vector_projector"


def projector(weights: Tensors) -> Tensors:
    """Return the two tensors of the projector."""
    return {part: weights[f"{PROJECTOR}.{part}"] for part in ("weight", "bias")}


class Oracle:
    """The same vectors on another way: adapters merged by hand, everything else transformers' own.

    One row at a time, without padding; positions by transformers, patches by its processor, eager
    attention.
    """

    def __init__(self, folder: Path, adapter: str) -> None:
        from transformers import Qwen2_5_VLConfig, Qwen2_5_VLModel, Qwen2VLImageProcessorPil

        config = Qwen2_5_VLConfig.from_pretrained(folder)
        weights = _merged(folder, adapter)
        self.head = projector(weights)
        self.network = Qwen2_5_VLModel._from_config(
            config, attn_implementation="eager", dtype=torch.float32
        ).eval()
        self.network.load_state_dict(
            {
                name.replace("model.", "language_model.", 1)
                if name.startswith("model.")
                else name: (tensor)
                for name, tensor in weights.items()
                if not name.startswith(PROJECTOR)
            },
            strict=True,
        )
        self.config = config
        sizes = json.loads((folder / "preprocessor_config.json").read_text())
        self.pictures = Qwen2VLImageProcessorPil(
            patch_size=config.vision_config.patch_size,
            merge_size=config.vision_config.spatial_merge_size,
            temporal_patch_size=config.vision_config.temporal_patch_size,
            **{key: sizes[key] for key in ("min_pixels", "max_pixels", "size") if key in sizes},
        )
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def text(self, text: str) -> tuple[Vector, Vector]:
        """Return the single vector and the multi-vector of a text, prompt included."""
        ids = torch.tensor([self.tokenizer.encode(text, add_special_tokens=False).ids])
        hidden = self._hidden(input_ids=ids)
        return self._unit(hidden.mean(0)), self._multi(hidden)

    def image(self, picture: PilImage) -> tuple[Vector, Vector]:
        """Return the single vector and the multi-vector of a picture."""
        patches = self.pictures(picture, return_tensors="pt")
        grid = patches["image_grid_thw"]
        merge = self.config.vision_config.spatial_merge_size
        image = self.config.image_token_id
        ids: list[int] = []
        for token in self.tokenizer.encode(IMAGE_PROMPT, add_special_tokens=False).ids:
            ids += [token] * (int(grid.prod()) // merge**2 if token == image else 1)
        hidden = self._hidden(
            input_ids=torch.tensor([ids]),
            mm_token_type_ids=(torch.tensor([ids]) == image).int(),
            pixel_values=patches["pixel_values"],
            image_grid_thw=grid,
        )
        start = ids.index(self.config.vision_start_token_id)
        end = ids.index(self.config.vision_end_token_id)
        return self._unit(hidden[start : end + 1].mean(0)), self._multi(hidden)

    def _hidden(self, **inputs: Tensor) -> Tensor:
        mask = torch.ones_like(inputs["input_ids"])
        with torch.no_grad():
            hidden: Tensor = self.network(attention_mask=mask, **inputs).last_hidden_state[0]
        return hidden

    def _multi(self, hidden: Tensor) -> Vector:
        return self._unit(hidden @ self.head["weight"].T + self.head["bias"])

    def _unit(self, rows: Tensor) -> Vector:
        vector: Vector = (rows / rows.norm(dim=-1, keepdim=True)).numpy()
        return vector


def _merged(folder: Path, adapter: str) -> Tensors:
    """Return the base weights with W + scale * B A in place of W."""
    weights = {name: tensor.float() for name, tensor in load_file(folder / BASE).items()}
    low = load_file(folder / ADAPTER)
    config = json.loads((folder / "adapters/adapter_config.json").read_text())
    rank, alpha = config["r"], config["lora_alpha"]
    scale = alpha / (rank**0.5 if config["use_rslora"] else rank)
    merged = 0
    for name, weight in weights.items():
        module = name.removesuffix(".weight").replace("model.layers", "model.language_model.layers")
        key = f"base_model.model.{module}.lora_{{}}.{adapter}.weight"
        if key.format("A") in low:
            product = low[key.format("B")].float() @ low[key.format("A")].float()
            weights[name] = weight + scale * product
            merged += 1
    assert merged * 2 == sum(f".{adapter}." in key for key in low)
    return weights
