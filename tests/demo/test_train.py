"""Training, from nothing to a folder that the package runs."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pictures

from es_jina.demo.train import Trainer
from es_jina.demo.training.batches import STRIP, strips
from es_jina.demo.training.stages import Plan
from es_jina.demo.training.texts import QUERY
from es_jina.embedding import Embedding, PatchGrid
from es_jina.inputs import Image, Task, Text
from es_jina.model.images import normalised
from es_jina.model.settings import ImageSpec
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider

PLAN = Plan(strips=1, texts=1, pages=2, strip_batch=2, page_batch=2, text_batch=16)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trainer, Path]:
    folder = tmp_path_factory.mktemp("trained")
    trainer = Trainer(folder / "kept", seed=3)
    trainer.run(PLAN)
    trainer.write(folder / "checkpoint")
    return trainer, folder / "checkpoint"


def test_what_was_trained_is_what_the_package_computes(trained: tuple[Trainer, Path]) -> None:
    trainer, folder = trained
    batch = strips(9, 1)
    height, width = batch.grid
    pixels = normalised(torch.from_numpy(batch.patches[0]), ImageSpec())[None]
    blocks = batch.patches[0].reshape(height, width, 2, 2, 3, 14, 14)
    picture = blocks.transpose(0, 2, 5, 1, 3, 6, 4).reshape(STRIP[1], STRIP[0], 3)
    ids = trainer.tokenizer.encode(QUERY + "Coffee 咖啡 report", add_special_tokens=False).ids
    with torch.no_grad():
        _, _, states = trainer.net.pictures(pixels, batch.grid)
        of_picture = trainer.joint.vectors(states)[0].numpy()
        of_text = trainer.joint.vectors(trainer.net.texts(torch.tensor([ids])))[0].numpy()

    with LocalProvider(str(folder)) as provider:
        shown, told = provider.embed(
            [Image(Pictures.fromarray(picture)), Text("Coffee 咖啡 report")],
            Task.RETRIEVAL_QUERY,
            Want.SINGLE | Want.MULTI,
        )

    assert isinstance(shown, Embedding)
    assert isinstance(told, Embedding)
    assert shown.multi is not None
    assert told.multi is not None
    # Weights are stored in half precision.
    np.testing.assert_allclose(shown.multi, of_picture, atol=5e-3)
    np.testing.assert_allclose(told.multi, of_text, atol=5e-3)
    assert isinstance(shown.layout, PatchGrid)
    assert (shown.layout.height, shown.layout.width) == batch.grid


def test_the_checkpoint_calls_itself_a_toy(trained: tuple[Trainer, Path]) -> None:
    toy = json.loads((trained[1] / "toy.json").read_text("utf-8"))

    assert "toy" in toy["about"]
    assert {"bicycle", "fahrrad", "单车", "the"} <= set(toy["words"])
    assert "unicorn" not in toy["words"]


def test_a_run_that_was_cut_off_goes_on_behind_its_last_stage(
    trained: tuple[Trainer, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    trainer, folder = trained

    again = Trainer(folder.parent / "kept", seed=4)
    again.run(PLAN)

    assert capsys.readouterr().out.count("taken from") == 3
    for name, weight in again.net.state_dict().items():
        assert torch.equal(weight, trainer.net.state_dict()[name])
