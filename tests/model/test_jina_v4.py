"""One network: its adapters, its batches and its precision."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from es_jina.embedding import Embedding
from es_jina.errors import RequestError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.model.jina_v4 import JinaV4
from es_jina.model.rows import RowBuilder
from es_jina.model.tokens import TextTokenizer
from es_jina.providers.local import LocalProvider

from .checkpoints import Oracle
from .networks import BOTH, PICTURES, TEXTS, TOLERANCE, assert_near, load, noise, rows_of, run

if TYPE_CHECKING:
    from PIL import Image as Pillow


def test_the_oracle_tells_adapters_apart(random_checkpoint: Path) -> None:
    vectors = [
        Oracle(random_checkpoint, name).text("the quick fox")[0]
        for name in ("retrieval", "text-matching", "code")
    ]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(vectors[one] - vectors[other]).max() > 100 * TOLERANCE


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
