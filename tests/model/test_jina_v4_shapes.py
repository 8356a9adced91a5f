"""Checkpoints of other sizes and other habits, held against an independent computation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from es_jina.demo.checkpoint import Shape, make_checkpoint
from es_jina.embedding import Embedding
from es_jina.inputs import Image, Input, Task, Text
from es_jina.providers.local import LocalProvider

from .checkpoints import Oracle, edit_json, randomise
from .networks import BOTH, PICTURES, SMALL, TEXTS, WORDS, assert_near

Config = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A checkpoint that differs from the demo's."""

    shape: Shape = SMALL
    config: Callable[[Config], object] | None = None
    preprocessor: Config = field(default_factory=dict)
    adapter: Config = field(default_factory=dict)


def flat(config: Config) -> None:
    config.update(config.pop("text_config"))
    del config["model_type"]


def rope_parameters(config: Config) -> None:
    text = config["text_config"]
    text["rope_parameters"] = text.pop("rope_scaling") | {"rope_theta": text.pop("rope_theta")}


def as_shipped(config: Config) -> None:
    """Add what the real config.json has and this code has no use for."""
    config |= {key: value for key, value in config["text_config"].items() if key != "model_type"}
    config["_attn_implementation"] = "flash_attention_2"
    config["text_config"]["_attn_implementation"] = "flash_attention_2"
    config["auto_map"] = {"AutoModel": "modeling_jina_embeddings_v4.JinaEmbeddingsV4Model"}
    config["vision_config"] |= {"in_chans": 3, "spatial_patch_size": 14}
    config["torch_dtype"] = "bfloat16"
    config["never_heard_of"] = {"a": 1}
    config["text_config"]["never_heard_of"] = 7


def old_rope_type(config: Config) -> None:
    scaling = config["text_config"]["rope_scaling"]
    del scaling["rope_type"]
    scaling["type"] = "mrope"


CASES = {
    "demo": Case(Shape()),
    "grouped-heads": Case(
        Shape(
            hidden=384, layers=3, heads=6, kv_heads=3, ffn=256, vision_width=96, vision_depth=4,
            vision_heads=6, vision_ffn=128, full_attention=(0, 2), rank=8, alpha=16,
            rope_theta=1000.0,
        )
    ),
    "one-kv-head": Case(
        Shape(
            hidden=512, layers=1, kv_heads=1, vision_depth=2, full_attention=(), rank=2, alpha=1,
            max_pixels=40 * 28 * 28,
        )
    ),
    "narrow": Case(
        Shape(
            hidden=128, heads=8, kv_heads=8, ffn=64, vision_width=32, vision_heads=2,
            full_attention=(0, 1, 2), rank=16,
        )
    ),
    "rank-stabilised": Case(adapter={"use_rslora": True, "lora_alpha": 8}),
    "tasks-reordered": Case(config=lambda c: c["task_names"].reverse()),
    "flat": Case(config=flat),
    "rope-parameters": Case(config=rope_parameters),
    "mrope-type": Case(config=old_rope_type),
    "as-shipped": Case(config=as_shipped),
    "windows-56": Case(config=lambda c: c["vision_config"].update(window_size=56)),
    "patch-16": Case(config=lambda c: c["vision_config"].update(patch_size=16)),
    "merge-3": Case(config=lambda c: c["vision_config"].update(spatial_merge_size=3)),
    "one-token-pictures": Case(preprocessor={"min_pixels": 1, "max_pixels": 28 * 28}),
    "sizes": Case(preprocessor={"size": {"shortest_edge": 9000, "longest_edge": 60_000}}),
    "norm-epsilon": Case(config=lambda c: c["text_config"].update(rms_norm_eps=1e-2)),
}  # fmt: skip


def build(case: Case, folder: Path) -> Path:
    make_checkpoint(folder, WORDS, case.shape)
    if case.config:
        edit_json(folder / "config.json", case.config)
    if "size" in case.preprocessor:
        edit_json(
            folder / "preprocessor_config.json",
            lambda sizes: [sizes.pop(key) for key in ("min_pixels", "max_pixels")],
        )
    edit_json(folder / "preprocessor_config.json", lambda sizes: sizes.update(case.preprocessor))
    edit_json(folder / "adapters/adapter_config.json", lambda c: c.update(case.adapter))
    randomise(folder)
    return folder


@pytest.mark.parametrize("name", CASES)
def test_equals_an_independent_computation(name: str, tmp_path: Path) -> None:
    folder = build(CASES[name], tmp_path / "checkpoint")
    provider = LocalProvider(str(folder), device="cpu")
    for task in (Task.RETRIEVAL_PASSAGE, Task.TEXT_MATCHING, Task.CODE_QUERY):
        oracle = Oracle(folder, task.adapter)
        items: list[Input] = [*map(Text, TEXTS), *map(Image, PICTURES)]
        expected = [oracle.text(task.prompt + text) for text in TEXTS]
        expected += [oracle.image(picture) for picture in PICTURES]
        for embedding, (single, multi) in zip(
            provider.embed(items, task, BOTH), expected, strict=True
        ):
            assert isinstance(embedding, Embedding)
            assert_near(embedding.single, single)
            assert_near(embedding.multi, multi)
            assert embedding.tokens == len(multi)
