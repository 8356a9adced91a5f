"""How weights and sizes are stored, and what is refused of them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from es_jina.demo.checkpoint import make_checkpoint
from es_jina.embedding import Embedding
from es_jina.errors import CheckpointError, RequestError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.model.device import dtype_of
from es_jina.model.jina_v4 import JinaV4
from es_jina.providers.local import LocalProvider

from .checkpoints import (
    ADAPTER,
    BASE,
    PROJECTOR,
    Oracle,
    Tensors,
    copied,
    edit_json,
    edit_tensors,
    shard,
)
from .networks import (
    BOTH,
    PICTURES,
    SMALL,
    WORDS,
    assert_near,
)

Config = dict[str, Any]


def test_shards_are_the_same_model(random_checkpoint: Path, tmp_path: Path) -> None:
    folder = copied(random_checkpoint, tmp_path / "shards")
    shard(folder)
    [whole], [split] = (
        LocalProvider(str(path), device="cpu").embed([Text("fox")], Task.CODE_QUERY, BOTH)
        for path in (random_checkpoint, folder)
    )
    assert isinstance(whole, Embedding)
    assert isinstance(split, Embedding)
    assert whole.single is not None
    assert np.array_equal(whole.single, split.single)  # type: ignore[arg-type]
    assert np.array_equal(whole.multi, split.multi)  # type: ignore[arg-type]


def test_the_newer_names_of_weights_are_the_same_model(
    random_checkpoint: Path, tmp_path: Path
) -> None:
    folder = copied(random_checkpoint, tmp_path / "newer")

    def rename(tensors: Tensors) -> None:
        for name in list(tensors):
            newer = re.sub(r"^model\.", "model.language_model.", name)
            tensors[re.sub(r"^visual\.", "model.visual.", newer)] = tensors.pop(name)

    edit_tensors(folder / BASE, rename)
    items: list[Input] = [Text("fox"), Image(PICTURES[1])]
    for one, other in zip(
        *(
            LocalProvider(str(path), device="cpu").embed(items, Task.CODE_QUERY, BOTH)
            for path in (random_checkpoint, folder)
        ),
        strict=True,
    ):
        assert isinstance(one, Embedding)
        assert isinstance(other, Embedding)
        assert np.array_equal(one.single, other.single)  # type: ignore[arg-type]


def test_the_single_file_counts_where_an_index_lies_beside_it(
    random_checkpoint: Path, tmp_path: Path
) -> None:
    folder = copied(random_checkpoint, tmp_path / "both")
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"x": "gone"}}')
    [found] = LocalProvider(str(folder), device="cpu").embed([Text("fox")], Task.CODE_QUERY, BOTH)
    assert isinstance(found, Embedding)
    assert_near(found.single, Oracle(folder, "code").text("Query: fox")[0])


@pytest.mark.parametrize("stored", [torch.bfloat16, torch.float16])
def test_weights_stored_in_half_precision(
    stored: torch.dtype, random_checkpoint: Path, tmp_path: Path
) -> None:
    folder = copied(random_checkpoint, tmp_path / "half")
    for file in (BASE, ADAPTER):
        edit_tensors(
            folder / file,
            lambda tensors: tensors.update({k: v.to(stored) for k, v in tensors.items()}),
        )
    provider = LocalProvider(str(folder), device="cpu", dtype="float32")
    assert provider.device == "cpu, float32"
    found = provider.embed([Text("fox"), Image(PICTURES[1])], Task.CODE_QUERY, BOTH)
    oracle = Oracle(folder, "code")
    for embedding, expected in zip(
        found, (oracle.text("Query: fox"), oracle.image(PICTURES[1])), strict=True
    ):
        assert isinstance(embedding, Embedding)
        assert_near(embedding.single, expected[0])
        assert_near(embedding.multi, expected[1])


@pytest.mark.parametrize("stored", [torch.float32, torch.float16, torch.bfloat16])
def test_the_precision_of_a_cpu_is_that_of_the_weights_where_it_is_fast(
    stored: torch.dtype, random_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied(random_checkpoint, tmp_path / "stored")
    edit_tensors(
        folder / BASE, lambda t: t.update({key: value.to(stored) for key, value in t.items()})
    )
    for fast in (False, True):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": fast})  # noqa: B023
        dtype = JinaV4(folder, torch.device("cpu")).dtype
        half = fast and stored is torch.bfloat16
        assert dtype is (torch.bfloat16 if half else torch.float32)


def test_a_projector_of_other_dims(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "checkpoint", WORDS, SMALL)
    edit_json(folder / "config.json", lambda c: c.update(multi_vector_projector_dim=64))
    edit_tensors(
        folder / BASE,
        lambda t: t.update({k: v[:64] for k, v in t.items() if k.startswith(PROJECTOR)}),
    )
    edit_tensors(
        folder / ADAPTER,
        lambda t: t.update(
            {k: v[:64] for k, v in t.items() if f"{PROJECTOR}.lora_B" in k},
        ),
    )
    provider = LocalProvider(str(folder), device="cpu")
    assert provider.model.multi_dims == 64
    [found] = provider.embed([Text("fox")], Task.CODE_PASSAGE, BOTH)
    assert isinstance(found, Embedding)
    assert_near(found.multi, Oracle(folder, "code").text("Passage: fox")[1])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c["text_config"].update(hidden_act="gelu"), "hidden_act 'gelu'"),
        (lambda c: c["vision_config"].update(hidden_act="gelu"), "of the vision tower 'gelu'"),
        (lambda c: c["text_config"]["rope_scaling"].update(rope_type="yarn", factor=2.0), "yarn"),
        (lambda c: c["text_config"].update(use_sliding_window=True), "use_sliding_window"),
        (lambda c: c["text_config"].update(num_key_value_heads=3), "not a multiple of 3"),
        (lambda c: c["text_config"].update(rope_theta=0), "rope_theta is 0"),
        (lambda c: c["vision_config"].update(window_size=0), "window_size 0"),
        (lambda c: c["vision_config"].update(num_heads=5), "not a multiple of 20"),
    ],
)
def test_a_network_of_another_kind_is_refused(
    change: Callable[[Config], object], says: str, checkpoint: Path, tmp_path: Path
) -> None:
    folder = copied(checkpoint, tmp_path / "other")
    edit_json(folder / "config.json", change)
    with pytest.raises(CheckpointError, match=says) as caught:
        LocalProvider(str(folder), device="cpu")
    assert "\n" not in str(caught.value)
    assert "config.json" in str(caught.value)


@pytest.mark.parametrize("name", ["float12", "nn", "float64"])
def test_an_unknown_dtype(name: str) -> None:
    with pytest.raises(RequestError, match=f"'{name}'; choose float32"):
        dtype_of(name)


def test_a_tokenizer_of_another_model(checkpoint: Path, tmp_path: Path) -> None:
    folder = copied(checkpoint, tmp_path / "mixed")
    edit_json(folder / "config.json", lambda c: c.update(image_token_id=5))
    with pytest.raises(CheckpointError, match="image_token_id"):
        LocalProvider(str(folder), device="cpu")


def test_a_tokenizer_with_more_tokens_than_the_model(tmp_path: Path) -> None:
    small = make_checkpoint(tmp_path / "small", ["one two three"], SMALL)
    large = make_checkpoint(tmp_path / "large", WORDS, SMALL)
    (small / "tokenizer.json").write_bytes((large / "tokenizer.json").read_bytes())
    with pytest.raises(CheckpointError, match="do not belong together"):
        LocalProvider(str(small), device="cpu")
