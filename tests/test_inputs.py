"""Tasks, their adapters and prompts; the model card's table."""

from pathlib import Path

import pytest
from safetensors.torch import load_file

from es_jina.inputs import IMAGE_PROMPT, Image, Task, Text
from tests.conftest import GOLDEN


@pytest.mark.parametrize(
    ("name", "adapter", "prompt"),
    [
        ("retrieval.query", "retrieval", "Query: "),
        ("retrieval.passage", "retrieval", "Passage: "),
        ("text-matching", "text-matching", "Query: "),
        ("code.query", "code", "Query: "),
        ("code.passage", "code", "Passage: "),
    ],
)
def test_the_prompt_table(name: str, adapter: str, prompt: str) -> None:
    task = Task(name)
    assert (task.adapter, task.prompt) == (adapter, prompt)


def test_there_are_no_other_tasks() -> None:
    assert len(Task) == 5
    assert {task.adapter for task in Task} == {
        name.split(".")[1]
        for name in load_file(GOLDEN / "golden.safetensors")
        if name.startswith("expected.") and "mixed" not in name
    }


def test_the_image_prompt_is_the_reference_s() -> None:
    assert IMAGE_PROMPT == (
        "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>"
        "Describe the image.<|im_end|>\n"
    )


def test_texts_are_values_and_images_are_not() -> None:
    assert Text("a") == Text("a") != Text("b")
    assert len({Text("a"), Text("a"), Text("b")}) == 2
    image = Image(Path("a.png"))
    assert image != Image(Path("a.png"))
    assert len({image, image}) == 1
