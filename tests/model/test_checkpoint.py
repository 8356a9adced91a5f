"""Checkpoints that are not what they must be, and the digest that tells good ones apart."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from es_jina.demo.checkpoint import Shape, make_checkpoint
from es_jina.errors import CheckpointError
from es_jina.model.checkpoint import Checkpoint
from es_jina.providers.local import LocalProvider

from .checkpoints import ADAPTER, BASE, Tensors, copied, edit_json, edit_tensors, shard

Q = "model.layers.0.self_attn.q_proj"
LOW = "base_model.model.model.language_model.layers.0.self_attn.q_proj"
PROJECTOR_LOW = "base_model.model.multi_vector_projector"
CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
ADAPTER_CONFIG = "adapters/adapter_config.json"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shape = Shape(hidden=64, layers=1, ffn=64, vision_width=32, vision_depth=1, vision_ffn=32)
    return make_checkpoint(tmp_path_factory.mktemp("good") / "checkpoint", ["one two"], shape)


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    return copied(good, tmp_path / "checkpoint")


@dataclass(frozen=True)
class Damage:
    """What is done to a checkpoint, and the words the message must have."""

    do: Callable[[Path], object]
    says: tuple[str, ...]


def gone(name: str, *says: str) -> Damage:
    return Damage(lambda folder: (folder / name).unlink(), (name.rpartition("/")[2], *says))


def cut_off(name: str) -> Damage:
    def do(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) * 2 // 3])

    return Damage(do, (name.rpartition("/")[2],))


def written(name: str, content: bytes, *says: str) -> Damage:
    return Damage(lambda folder: (folder / name).write_bytes(content), (name, *says))


def tensors(name: str, change: Callable[[Tensors], object], *says: str) -> Damage:
    return Damage(lambda folder: edit_tensors(folder / name, change), says)


def config(change: Callable[[dict[str, Any]], object], *says: str, name: str = CONFIG) -> Damage:
    return Damage(lambda folder: edit_json(folder / name, change), (name, *says))


def index(content: object, *says: str) -> Damage:
    def do(folder: Path) -> None:
        shard(folder)
        (folder / "model.safetensors.index.json").write_text(json.dumps(content))

    return Damage(do, says)


def shard_gone(folder: Path) -> None:
    shard(folder)
    (folder / "model-00002-of-00002.safetensors").unlink()


def short(key: str) -> Callable[[Tensors], object]:
    """Cut the last column, or the last number, off a tensor."""
    return lambda t: t.update({key: t[key][..., :-1].contiguous()})


def fewer_rows(key: str) -> Callable[[Tensors], object]:
    return lambda t: t.update({key: t[key][:-1].contiguous()})


def as_directory(folder: Path) -> None:
    (folder / BASE).unlink()
    (folder / BASE).mkdir()


DAMAGES = {
    "config-gone": gone(CONFIG),
    "tokenizer-gone": gone("tokenizer.json"),
    "base-gone": gone(BASE),
    "adapters-gone": gone(ADAPTER),
    "adapter-config-gone": gone(ADAPTER_CONFIG),
    "shard-gone": Damage(shard_gone, ("model-00002-of-00002.safetensors",)),
    "index-empty": index({}, "model.safetensors.index.json", "weight_map"),
    "index-no-object": index([], "model.safetensors.index.json"),
    "index-odd": index({"weight_map": {"a": 7}}, "7"),
    "base-is-a-folder": Damage(as_directory, (BASE,)),
    "base-cut-off": cut_off(BASE),
    "adapters-cut-off": cut_off(ADAPTER),
    "base-empty": written(BASE, b""),
    "base-garbage": written(BASE, b"\xff" * 200),
    "tokenizer-cut-off": cut_off("tokenizer.json"),
    "tokenizer-other": written("tokenizer.json", b"{}"),
    "config-no-json": written(CONFIG, b"{model: 4}"),
    "config-not-utf-8": written(CONFIG, b"\xff\xfe\x00"),
    "config-a-list": written(CONFIG, b"[1]"),
    "config-empty": written(CONFIG, b"{}", "lacks"),
    "preprocessor-no-json": written(PREPROCESSOR, b"{"),
    "adapter-config-no-json": written(ADAPTER_CONFIG, b"r=4"),
    "no-task-names": config(lambda c: c.pop("task_names"), "task_names"),
    "task-names-a-string": config(lambda c: c.update(task_names="retrieval"), "task_names"),
    "no-vision-config": config(lambda c: c.pop("vision_config"), "vision_config"),
    "vision-config-null": config(lambda c: c.update(vision_config=None), "vision_config"),
    "no-text-config": config(lambda c: c.pop("text_config"), "hidden_size"),
    "text-config-a-number": config(lambda c: c.update(text_config=4), "text_config"),
    "no-hidden-size": config(lambda c: c["text_config"].pop("hidden_size"), "hidden_size"),
    "hidden-size-a-word": config(lambda c: c["text_config"].update(hidden_size="wide")),
    "odd-heads": config(lambda c: c["text_config"].update(num_attention_heads=5)),
    "heads-a-word": config(lambda c: c["text_config"].update(num_attention_heads="many")),
    "no-heads": config(lambda c: c["text_config"].update(num_attention_heads=0)),
    "no-rope-scaling": config(lambda c: c["text_config"].pop("rope_scaling"), "mrope_section"),
    "mrope-of-another-head": config(
        lambda c: c["text_config"]["rope_scaling"].update(mrope_section=[16, 24, 24]),
        "mrope_section is [16, 24, 24]", "sum 8",
    ),
    "unknown-activation": config(lambda c: c["text_config"].update(hidden_act="sine"), "sine"),
    "other-patch": config(
        lambda c: c.update(patch_size=16), "patch_size is 14", "16", name=PREPROCESSOR
    ),
    "size-a-number": config(lambda c: c.update(max_pixels="big"), "big", name=PREPROCESSOR),
    "no-pixels": config(lambda c: c.update(max_pixels=0), "max_pixels 0", name=PREPROCESSOR),
    "mean-of-one": config(lambda c: c.update(image_mean=[0.5]), "image_mean", name=PREPROCESSOR),
    "mean-a-number": config(lambda c: c.update(image_mean=0.5), name=PREPROCESSOR),
    "no-rank": config(lambda c: c.pop("r"), "None", name=ADAPTER_CONFIG),
    "rank-zero": config(lambda c: c.update(r=0), "above 0", name=ADAPTER_CONFIG),
    "no-alpha": config(lambda c: c.pop("lora_alpha"), "lora_alpha", name=ADAPTER_CONFIG),
    "dora": Damage(lambda f: edit_json(f / ADAPTER_CONFIG, lambda c: c.update(use_dora=True)),
                   ("adapters", "use_dora")),
    "no-lora": Damage(lambda f: edit_json(f / ADAPTER_CONFIG, lambda c: c.update(peft_type="IA3")),
                      ("adapters", "IA3")),
    "rank-of-another": Damage(
        lambda f: edit_json(f / ADAPTER_CONFIG, lambda c: c.update(r=8)), ("4 x 64, not 8 x 64",)
    ),
    "base-missing": tensors(
        BASE, lambda t: t.pop(f"{Q}.weight"), "1 missing", "layers.0.self_attn.q_proj.weight"
    ),
    "vision-missing": tensors(
        BASE, lambda t: t.pop("visual.merger.ln_q.weight"), "visual.merger.ln_q.weight"
    ),
    "projector-missing": tensors(
        BASE, lambda t: t.pop("multi_vector_projector.bias"), "multi_vector_projector.bias"
    ),
    "base-extra": tensors(
        BASE, lambda t: t.update({"model.layers.9.x": torch.ones(1)}), "1 not known", "layers.9.x"
    ),
    "head-extra": tensors(BASE, lambda t: t.update({"lm_head.weight": torch.ones(1)}), "lm_head"),
    "base-narrow": tensors(BASE, short(f"{Q}.weight"), "q_proj.weight is 64 x 63, not 64 x 64"),
    "base-flat": tensors(
        BASE, lambda t: t.update({"model.norm.weight": torch.ones(8, 8)}), "norm.weight is 8 x 8"
    ),
    "projector-narrow": tensors(
        BASE, short("multi_vector_projector.weight"), "multi_vector_projector.weight", "128 x 63"
    ),
    "projector-bias-short": tensors(
        BASE, short("multi_vector_projector.bias"), "multi_vector_projector.bias", "127"
    ),
    "adapter-missing": tensors(
        ADAPTER, lambda t: [t.pop(f"{LOW}.lora_{side}.code.weight") for side in "AB"],
        "2 missing", "q_proj.lora_A.code.weight",
    ),
    "half-missing": tensors(
        ADAPTER, lambda t: t.pop(f"{LOW}.lora_B.code.weight"), "1 missing", "q_proj.lora_B.code"
    ),
    "projector-adapter-missing": tensors(
        ADAPTER, lambda t: t.pop(f"{PROJECTOR_LOW}.lora_A.retrieval.weight"),
        "multi_vector_projector.lora_A.retrieval",
    ),
    "adapter-extra-task": tensors(
        ADAPTER, lambda t: t.update({f"{LOW}.lora_A.poetry.weight": torch.ones(4, 64)}),
        "1 not known", "poetry",
    ),
    "adapter-without-task": tensors(
        ADAPTER, lambda t: t.update({f"{LOW}.lora_A.weight": torch.ones(4, 64)}),
        "q_proj.lora_A.weight",
    ),
    "adapter-of-vision": tensors(
        ADAPTER,
        lambda t: t.update({"base_model.model.visual.x.lora_A.code.weight": torch.ones(4, 64)}),
        "visual.x.lora_A.code",
    ),
    "a-narrow": tensors(
        ADAPTER, short(f"{LOW}.lora_A.code.weight"), "lora_A.code.weight is 4 x 63"
    ),
    "a-lower-rank": tensors(
        ADAPTER, fewer_rows(f"{LOW}.lora_A.code.weight"), "is 3 x 64, not 4 x 64"
    ),
    "b-short": tensors(
        ADAPTER, fewer_rows(f"{LOW}.lora_B.code.weight"), "lora_B.code.weight is 63 x 4"
    ),
    "projector-b-short": tensors(
        ADAPTER, fewer_rows(f"{PROJECTOR_LOW}.lora_B.code.weight"), "lora_B.code.weight is 127 x 4"
    ),
}  # fmt: skip


def test_the_undamaged_checkpoint_loads(folder: Path) -> None:
    assert LocalProvider(str(folder), device="cpu").model.dims == (64,)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_checkpoint_is_refused_by_name(name: str, folder: Path) -> None:
    damage = DAMAGES[name]
    damage.do(folder)
    with pytest.raises(CheckpointError) as caught:
        LocalProvider(str(folder), device="cpu")
    message = str(caught.value)
    assert "\n" not in message
    for part in (str(folder), *damage.says):
        assert part in message


def test_a_folder_without_preprocessor_reads_pictures_as_the_shipped_model(folder: Path) -> None:
    (folder / PREPROCESSOR).unlink()
    assert LocalProvider(str(folder), device="cpu").model.max_pixels == 602_112


def test_many_missing_tensors_are_counted_and_the_first_named(folder: Path) -> None:
    edit_tensors(folder / BASE, lambda t: [t.pop(k) for k in list(t) if "visual" in k])
    with pytest.raises(CheckpointError, match=r"(\d+) missing: visual.*, .* and \d+ more$"):
        LocalProvider(str(folder), device="cpu")


def test_the_digest_stays_when_the_folder_moves(good: Path, folder: Path) -> None:
    assert Checkpoint(folder).digest() == Checkpoint(good).digest()
    assert len(Checkpoint(folder).digest()) == 16


@pytest.mark.parametrize("name", [BASE, ADAPTER])
def test_the_digest_changes_with_one_weight(name: str, good: Path, folder: Path) -> None:
    def change(tensors: Tensors) -> None:
        tensors[sorted(tensors)[-1]].view(-1)[3] += 1

    edit_tensors(folder / name, change)
    assert Checkpoint(folder).digest() != Checkpoint(good).digest()


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        (CONFIG, "never_heard_of", 1),
        (ADAPTER_CONFIG, "lora_alpha", 64),
        (PREPROCESSOR, "image_mean", [0.5, 0.5, 0.5]),
        ("tokenizer.json", "normalizer", None),
    ],
)
def test_the_digest_changes_with_the_settings(
    name: str, key: str, value: object, good: Path, folder: Path
) -> None:
    edit_json(folder / name, lambda content: content.update({key: value}))
    assert Checkpoint(folder).digest() != Checkpoint(good).digest()


def test_the_digest_of_a_large_file_samples_all_of_it(folder: Path) -> None:
    large = folder / BASE
    size = 40 << 20

    def digest(marked: int | None) -> str:
        with large.open("wb") as file:
            file.truncate(size)
            if marked is not None:
                file.seek(marked)
                file.write(b"\x01" * min(4 << 20, size - marked))
        return Checkpoint(folder).digest()

    blank = digest(None)
    for marked in (0, size // 2, size - 1):
        assert digest(marked) != blank


@pytest.mark.parametrize("name", [CONFIG, BASE, ADAPTER])
def test_the_digest_of_an_incomplete_folder(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=name.rpartition("/")[2]):
        Checkpoint(folder).digest()
