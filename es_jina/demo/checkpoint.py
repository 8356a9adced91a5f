"""A tiny checkpoint in the exact layout of jina-embeddings-v4, made from a seed: UNTRAINED.

It lets everything run offline, from the tokenizer to the index, but knows nothing about language or
pictures. Token embeddings are large beside what the random layers add, so texts that share words
come out alike; pictures come out as noise.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.trainers import BpeTrainer
from torch import Tensor

from es_jina.model.checkpoint import PROJECTOR

TASK_NAMES = ("retrieval", "text-matching", "code")
SPECIAL_TOKENS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>",
    "<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>",
    "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
# Words, single digits, punctuation and white space apart, as Qwen2's tokenizer splits them.
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a checkpoint; the defaults are the demo's."""

    hidden: int = 256
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    ffn: int = 512
    vision_width: int = 64
    vision_depth: int = 3
    vision_heads: int = 4
    vision_ffn: int = 96
    full_attention: tuple[int, ...] = (1,)
    rank: int = 4
    alpha: int = 4
    vocabulary: int = 4096
    # Rows of the token embedding; 0 for as many as the tokenizer has tokens.
    embeddings: int = 0
    dtype: str = "float32"
    max_pixels: int = 256 * 28 * 28
    rope_theta: float = 1_000_000.0
    dims: tuple[int, ...] = (128, 256, 512, 1024, 2048)

    @property
    def mrope_section(self) -> tuple[int, int, int]:
        """Half the head's size in the shares of v4: a quarter time, the rest height and width."""
        half = self.hidden // self.heads // 2
        side = 3 * half // 8
        return half - 2 * side, side, side


def make_checkpoint(
    folder: Path, texts: Iterable[str], shape: Shape | None = None, seed: int = 0
) -> Path:
    """Write a checkpoint folder, unless it is there already.

    Args:
        folder: where it goes; it appears whole or not at all.
        texts: what the tokenizer learns its words from.
        shape: its sizes.
        seed: of every random number.

    Returns:
        The folder.
    """
    chosen = shape or Shape()

    def write(unfinished: Path) -> None:
        tokenizer = train_tokenizer(texts, chosen.vocabulary)
        _write_settings(unfinished, chosen, tokenizer)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            base = _base_weights(unfinished, chosen)
            _write_weights(unfinished, base, _adapter_weights(base, chosen, 0.02))

    return _whole(folder, write)


def write_checkpoint(
    folder: Path, shape: Shape, tokenizer: Tokenizer, base: dict[str, Tensor]
) -> Path:
    """Write trained weights as a checkpoint whose adapters add nothing.

    Args:
        folder: where it goes; it appears whole, and must not be there yet.
        shape: its sizes.
        tokenizer: that it was trained with.
        base: the weights, under the names of the original's base checkpoint.

    Returns:
        The folder.
    """

    def write(unfinished: Path) -> None:
        _write_settings(unfinished, shape, tokenizer)
        stored = _stored(base, shape)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            _write_weights(unfinished, stored, _adapter_weights(stored, shape, 0.0))

    return _whole(folder, write)


def _whole(folder: Path, write: Callable[[Path], None]) -> Path:
    """Write a folder that appears whole or not at all, unless it is there already."""
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        unfinished.chmod(0o755)
        write(unfinished)
        unfinished.rename(folder)
    except OSError:
        # Another process was faster; its checkpoint came from the same seed.
        if not folder.exists():
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _write_settings(folder: Path, shape: Shape, tokenizer: Tokenizer) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_json(folder / "config.json", _config(shape, tokenizer))
    _write_json(folder / "preprocessor_config.json", _preprocessor(shape))
    (folder / "adapters").mkdir()
    _write_json(folder / "adapters/adapter_config.json", _adapter_config(shape))


def _write_weights(folder: Path, base: dict[str, Tensor], adapters: dict[str, Tensor]) -> None:
    for name, weights in (
        ("model.safetensors", base),
        ("adapters/adapter_model.safetensors", adapters),
    ):
        save_file(weights, folder / name, {"format": "pt"})
        (folder / name).chmod(0o644)  # the library writes it for its owner alone


def train_tokenizer(texts: Iterable[str], vocabulary: int, *, plain: bool = False) -> Tokenizer:
    """Train a byte-level BPE of at most `vocabulary` tokens, special tokens last, as Qwen2's.

    Args:
        texts: what it learns from.
        vocabulary: the most tokens.
        plain: whether large letters are read as small ones, and a word behind a mark ("cheese",
            cheese/bread) as one behind a blank; Qwen2's tells them apart.
    """
    tokenizer = Tokenizer(models.BPE())
    composed = normalizers.NFC()
    tokenizer.normalizer = (
        normalizers.Sequence([composed, normalizers.Lowercase(), _spaced()]) if plain else composed
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=vocabulary - len(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in SPECIAL_TOKENS])
    return tokenizer


def _spaced() -> normalizers.Normalizer:
    """Return what puts a blank between a mark and a word, but not into a word such as "don't"."""
    between = Regex(r"(?<=[^\s\p{L}\p{M}\p{N}])(?<!\p{L}['\u2019])(?=\p{L})")
    return normalizers.Replace(between, " ")


def _config(shape: Shape, tokenizer: Tokenizer) -> dict[str, Any]:
    ids = {token: tokenizer.token_to_id(token) for token in SPECIAL_TOKENS}
    text = {
        "model_type": "qwen2_5_vl_text",
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "intermediate_size": shape.ffn,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-6,
        "rope_theta": shape.rope_theta,
        "rope_scaling": {
            "type": "default",
            "rope_type": "default",
            "mrope_section": list(shape.mrope_section),
        },
        "max_position_embeddings": 128_000,
        "use_sliding_window": False,
        "sliding_window": None,
        "tie_word_embeddings": True,
        "vocab_size": max(tokenizer.get_vocab_size(), shape.embeddings),
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
    }
    vision = {
        "model_type": "qwen2_5_vl",
        "hidden_size": shape.vision_width,
        "depth": shape.vision_depth,
        "num_heads": shape.vision_heads,
        "intermediate_size": shape.vision_ffn,
        "fullatt_block_indexes": list(shape.full_attention),
        "out_hidden_size": shape.hidden,
        "hidden_act": "silu",
        "in_channels": 3,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "tokens_per_second": 2,
        "window_size": 112,
    }
    return {
        "architectures": ["JinaEmbeddingsV4Model"],
        "text_config": text,
        "vision_config": vision,
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
        "tie_word_embeddings": True,
        "torch_dtype": shape.dtype,
        "task_names": list(TASK_NAMES),
        "matryoshka_dims": [size for size in shape.dims if size <= shape.hidden],
        "multi_vector_projector_dim": 128,
        "single_vector_pool_strategy": "mean",
        "truncate_dim": None,
    }


def _base_weights(folder: Path, shape: Shape) -> dict[str, Tensor]:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLModel

    config = Qwen2_5_VLConfig.from_pretrained(folder, local_files_only=True)
    named = Qwen2_5_VLModel._from_config(config, dtype=getattr(torch, shape.dtype)).state_dict()
    weights = {_old_name(name): tensor for name, tensor in named.items()}
    # One-sigma embeddings keep a token's identity visible behind the random layers.
    weights["model.embed_tokens.weight"].normal_(std=1.0)
    weights[f"{PROJECTOR}.weight"] = torch.randn(128, shape.hidden) / shape.hidden**0.5
    weights[f"{PROJECTOR}.bias"] = torch.zeros(128)
    return _stored(weights, shape)


def _old_name(name: str) -> str:
    return re.sub(r"^language_model\.", "model.", name)


def _adapter_weights(base: dict[str, Tensor], shape: Shape, spread: float) -> dict[str, Tensor]:
    adapted = re.compile(rf"^(model\.layers\..+_proj|{PROJECTOR})\.weight$")
    weights = {}
    for key, tensor in base.items():
        if not (match := adapted.match(key)):
            continue
        name = re.sub(r"^model\.layers\.", "model.language_model.layers.", match[1])
        out_size, in_size = tensor.shape
        for task in TASK_NAMES:
            prefix = f"base_model.model.{name}.lora_"
            weights[f"{prefix}A.{task}.weight"] = torch.randn(shape.rank, in_size) / in_size**0.5
            weights[f"{prefix}B.{task}.weight"] = torch.randn(out_size, shape.rank) * spread
    return _stored(weights, shape)


def _stored(weights: dict[str, Tensor], shape: Shape) -> dict[str, Tensor]:
    return {name: tensor.to(getattr(torch, shape.dtype)) for name, tensor in weights.items()}


def _adapter_config(shape: Shape) -> dict[str, Any]:
    return {
        "peft_type": "LORA",
        "r": shape.rank,
        "lora_alpha": shape.alpha,
        "lora_dropout": 0.1,
        "bias": "none",
        "use_dora": False,
        "use_rslora": False,
        "target_modules": "(.*(model).*(down_proj|gate_proj|up_proj|k_proj|q_proj|v_proj|o_proj).*$"
        "|.*(multi_vector_projector).*$)",
        "exclude_modules": ".*visual.*",
        "task_type": "FEATURE_EXTRACTION",
    }


def _preprocessor(shape: Shape) -> dict[str, Any]:
    return {
        "image_processor_type": "Qwen2VLImageProcessor",
        "min_pixels": 3136,
        "max_pixels": shape.max_pixels,
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
