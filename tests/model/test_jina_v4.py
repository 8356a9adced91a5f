"""Checkpoints of other sizes and other habits, held against an independent computation."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from es_jina.demo.checkpoint import Shape, make_checkpoint
from es_jina.embedding import Embedding, unit
from es_jina.errors import CheckpointError, RequestError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.model.device import dtype_of
from es_jina.model.jina_v4 import JinaV4
from es_jina.model.rows import Row, RowBuilder
from es_jina.model.tokens import TextTokenizer
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider

from .checkpoints import (
    ADAPTER,
    BASE,
    PROJECTOR,
    Oracle,
    Tensors,
    Vector,
    copied,
    edit_json,
    edit_tensors,
    randomise,
    shard,
)

Config = dict[str, Any]
BOTH = Want.SINGLE | Want.MULTI
WORDS = ["the quick brown fox jumps over the lazy dog", "Strom aus der Sonne, el café, 日本語"] * 4
TEXTS = ["the quick fox", "", "Strom aus der Sonne, 日本語! " * 9]
SMALL = Shape(hidden=128, layers=1, ffn=128, vision_width=32, vision_depth=2, vision_ffn=48)
TOLERANCE = 1e-5


def noise(width: int, height: int) -> Pillow.Image:
    pixels = np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3))
    return Pillow.fromarray(pixels.astype(np.uint8))


# One merged patch in a row, an odd grid, one that no window divides, one to shrink, one to grow.
PICTURES = [noise(56, 56), noise(84, 140), noise(300, 200), noise(560, 610), noise(9, 70)]


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


@pytest.fixture(scope="module")
def random_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(Case(), tmp_path_factory.mktemp("random") / "checkpoint")


def load(folder: Path) -> tuple[JinaV4, RowBuilder]:
    model = JinaV4(folder, torch.device("cpu"))
    return model, RowBuilder(model, TextTokenizer(folder))


def assert_near(found: Vector | None, expected: Vector) -> None:
    assert found is not None
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() <= TOLERANCE


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


def test_the_oracle_tells_adapters_apart(random_checkpoint: Path) -> None:
    vectors = [
        Oracle(random_checkpoint, name).text("the quick fox")[0]
        for name in ("retrieval", "text-matching", "code")
    ]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(vectors[one] - vectors[other]).max() > 100 * TOLERANCE


def rows_of(builder: RowBuilder, texts: Sequence[str], adapters: Sequence[str]) -> list[Row]:
    found = []
    for text, adapter in zip(texts, adapters, strict=True):
        [row] = builder.texts([(text, Task.CODE_QUERY)], spans=False, truncate=False)
        assert isinstance(row, Row)
        found.append(replace(row, adapter=adapter))
    return found


def run(model: JinaV4, builder: RowBuilder, rows: Sequence[Row]) -> list[tuple[Vector, Vector]]:
    """Return the single vector and the multi-vector of each row of one batch."""
    means, multi = model.forward(builder.batch(rows)).fetch()()
    assert multi is not None
    lengths = [len(row.input_ids) for row in rows]
    parts = np.split(multi, np.cumsum(lengths))[: len(rows)]
    return list(zip(unit(means), parts, strict=True))


@pytest.mark.parametrize("pictures", [0, 2, 4])
def test_adapters_mix_in_one_batch(pictures: int, random_checkpoint: Path) -> None:
    model, builder = load(random_checkpoint)
    texts = [*TEXTS, "fox"][: 4 - pictures]
    adapters = ["code", "retrieval", "text-matching", "code"]
    rows = rows_of(builder, texts, adapters[: len(texts)])
    rows += [
        builder.image(picture, adapter, None)
        for picture, adapter in zip(PICTURES, adapters[len(texts) :], strict=False)
    ]
    inputs: list[str | Pillow.Image] = [*texts, *PICTURES[:pictures]]
    for item, adapter, (single, multi) in zip(
        inputs, adapters, run(model, builder, rows), strict=True
    ):
        oracle = Oracle(random_checkpoint, adapter)
        expected = oracle.text(f"Query: {item}") if isinstance(item, str) else oracle.image(item)
        assert_near(single, expected[0])
        assert_near(multi, expected[1])


def test_a_row_alone_equals_the_row_in_a_batch(random_checkpoint: Path) -> None:
    model, builder = load(random_checkpoint)
    rows = rows_of(builder, TEXTS, ["retrieval"] * 3)
    rows += [builder.image(picture, "retrieval", None) for picture in PICTURES]
    for row, together in zip(rows, run(model, builder, rows), strict=True):
        [alone] = run(model, builder, [row])
        assert np.abs(together[0] - alone[0]).max() <= 1e-6
        assert np.abs(together[1] - alone[1]).max() <= 1e-6


def test_multi_vectors_are_left_out_when_not_wanted(random_checkpoint: Path) -> None:
    model, builder = load(random_checkpoint)
    batch = builder.batch(rows_of(builder, ["fox"], ["code"]))
    with_multi, without = model.forward(batch), model.forward(batch, multi=False)
    assert without.multi is None
    assert torch.equal(without.means, with_multi.means)


@pytest.mark.parametrize("task", [Task.RETRIEVAL_PASSAGE, Task.TEXT_MATCHING, Task.CODE_QUERY])
def test_a_merged_adapter_gives_the_same_numbers(task: Task, random_checkpoint: Path) -> None:
    items: list[Input] = [*map(Text, TEXTS), *map(Image, PICTURES)]
    beside = LocalProvider(str(random_checkpoint), device="cpu")
    merged = LocalProvider(str(random_checkpoint), device="cpu", merge=task.adapter)
    assert merged.model == beside.model
    for one, other in zip(
        merged.embed(items, task, BOTH), beside.embed(items, task, BOTH), strict=True
    ):
        assert isinstance(one, Embedding)
        assert isinstance(other, Embedding)
        assert other.single is not None
        assert other.multi is not None
        assert_near(one.single, other.single)
        assert_near(one.multi, other.multi)


def test_a_merged_model_serves_no_other_task(random_checkpoint: Path) -> None:
    merged = LocalProvider(str(random_checkpoint), device="cpu", merge="code")
    with pytest.raises(RequestError, match=r"no adapter for retrieval\.query here: it was loaded"):
        merged.embed([Text("fox")], Task.RETRIEVAL_QUERY, BOTH)
    model = JinaV4(random_checkpoint, torch.device("cpu"), merge="code")
    builder = RowBuilder(model, TextTokenizer(random_checkpoint))
    with pytest.raises(ValueError, match="no adapter for retrieval"):
        model.forward(builder.batch(rows_of(builder, ["fox"], ["retrieval"])))


def test_an_adapter_that_is_not_there_cannot_be_merged(random_checkpoint: Path) -> None:
    with pytest.raises(RequestError, match="no adapter 'poetry' to merge: choose from retrieval"):
        LocalProvider(str(random_checkpoint), device="cpu", merge="poetry")


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


def test_runs_in_bfloat16(random_checkpoint: Path) -> None:
    provider = LocalProvider(str(random_checkpoint), device="cpu", dtype="bfloat16")
    oracle = Oracle(random_checkpoint, "retrieval")
    items: list[Input] = [Text(TEXTS[2]), Image(PICTURES[2])]
    expected = [oracle.text(f"Query: {TEXTS[2]}"), oracle.image(PICTURES[2])]
    for found, (single, multi) in zip(
        provider.embed(items, Task.RETRIEVAL_QUERY, BOTH), expected, strict=True
    ):
        assert isinstance(found, Embedding)
        assert found.single is not None
        assert found.multi is not None
        assert found.single.dtype == found.multi.dtype == np.float32
        assert float(found.single @ single) > 0.999
        assert float((found.multi * multi).sum(1).min()) > 0.99
        assert np.allclose(np.linalg.norm(found.multi, axis=1), 1, atol=1e-5)


def test_batches_in_half_precision_have_usual_sizes(random_checkpoint: Path) -> None:
    """Each new size of a batch costs memory for good, on a CPU."""
    model = JinaV4(random_checkpoint, torch.device("cpu"), torch.bfloat16)
    builder = RowBuilder(model, TextTokenizer(random_checkpoint))
    tokens, patches = set(), set()
    for count in range(1, 400, 3):
        rows = rows_of(builder, ["1" * count], ["code"])
        rows.append(builder.image(noise(28 * count + 30, 60), "code", 28 * 28 * count))
        batch = builder.batch(rows)
        assert len(batch.input_ids) == sum(batch.lengths) == batch.position_ids.shape[1]
        assert sum(map(len, (row.input_ids for row in rows))) <= len(batch.input_ids)
        tokens.add(len(batch.input_ids))
        assert batch.pixels is not None
        patches.add(len(batch.pixels))
    assert len(tokens) <= 40
    assert len(patches) <= 60
    full = JinaV4(random_checkpoint, torch.device("cpu"), torch.float32)
    for (half, _), (whole, _) in zip(
        run(model, builder, rows), run(full, builder, rows), strict=True
    ):
        assert float(half @ whole) > 0.999


def test_an_unknown_adapter_is_never_a_model_without_one(random_checkpoint: Path) -> None:
    model, builder = load(random_checkpoint)
    with pytest.raises(ValueError, match="no adapter for poetry"):
        model.forward(builder.batch(rows_of(builder, ["fox"], ["poetry"])))


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
