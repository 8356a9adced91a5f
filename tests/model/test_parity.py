"""The vectors that the reference computed, and the script that compares with them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from safetensors.torch import load_file

from tests.conftest import GOLDEN

from .checkpoints import BASE, Tensors, copied, edit_tensors
from .parity import differences, main


class Done(NamedTuple):
    """What a run of the script came to."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]
EXPECTED = sorted(n for n in load_file(GOLDEN / "golden.safetensors") if n.startswith("expected."))
ONE = "expected.code.text.single"


@pytest.fixture(scope="module")
def found() -> dict[str, float]:
    return dict(differences(GOLDEN))


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    return copied(GOLDEN, tmp_path / "golden")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the script inside this process: torch takes seconds to start."""

    def run(folder: Path, *options: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["parity.py", str(folder), *options])
        code = main()
        return Done(code, *capsys.readouterr())

    return run


def run_apart(folder: Path) -> Done:
    done = subprocess.run(
        [sys.executable, "tests/model/parity.py", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("name", EXPECTED)
def test_equals_the_reference(name: str, found: dict[str, float]) -> None:
    assert found[name] <= 1e-5


def test_the_script_passes() -> None:
    done = run_apart(GOLDEN)
    assert done.code == 0, done.err
    assert done.out.endswith("13 tensors, tolerance 1e-05: passed\n")
    assert all(f"ok      {name}\n" in done.out for name in EXPECTED)
    assert not done.err


def test_the_script_without_a_folder(tmp_path: Path) -> None:
    done = run_apart(tmp_path / "nowhere")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "nowhere" in done.err


@pytest.mark.parametrize("wrong", [2e-5, float("nan")])
def test_the_script_finds_one_wrong_number(wrong: float, golden: Path, run: Run) -> None:
    def spoil(tensors: Tensors) -> None:
        tensors[ONE][1, 5] += wrong

    edit_tensors(golden / "golden.safetensors", spoil)
    done = run(golden)
    assert done.code == 1
    [line] = [line for line in done.out.splitlines() if "TOO FAR" in line]
    assert line.endswith(ONE)
    assert done.out.endswith("FAILED\n")


def test_a_wrong_shape_is_found(golden: Path) -> None:
    edit_tensors(golden / "golden.safetensors", lambda t: t.update({ONE: t[ONE][:, :7].clone()}))
    assert dict(differences(golden))[ONE] == float("inf")


def test_no_expected_tensor_is_no_pass(golden: Path, run: Run) -> None:
    edit_tensors(golden / "golden.safetensors", lambda t: [t.pop(name) for name in EXPECTED])
    assert run(golden).code == 1


def test_wrong_weights_are_found(golden: Path) -> None:
    def change(tensors: Tensors) -> None:
        tensors["model.layers.0.self_attn.k_proj.bias"] += torch.linspace(-0.5, 0.5, 128)

    edit_tensors(golden / BASE, change)
    distances = dict(differences(golden))
    assert min(distances.values()) > 1e-5


def missing_golden(folder: Path) -> None:
    (folder / "golden.safetensors").unlink()


def broken_golden(folder: Path) -> None:
    (folder / "golden.safetensors").write_bytes(b"not a tensor in it")


def missing_input(folder: Path) -> None:
    edit_tensors(folder / "golden.safetensors", lambda t: t.pop("input.text.attention_mask"))


def strange_name(folder: Path) -> None:
    edit_tensors(folder / "golden.safetensors", lambda t: t.update({"expected.x": t[ONE].clone()}))


def unknown_adapter(folder: Path) -> None:
    edit_tensors(
        folder / "golden.safetensors",
        lambda t: t.update({"expected.poetry.text.single": t[ONE].clone()}),
    )


def missing_tensor(folder: Path) -> None:
    edit_tensors(folder / BASE, lambda t: t.pop("model.norm.weight"))


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (missing_golden, "golden.safetensors"),
        (broken_golden, "header"),
        (missing_input, "input.text.attention_mask"),
        (strange_name, "expected.x"),
        (unknown_adapter, "poetry"),
        (missing_tensor, "language_model.norm.weight"),
    ],
)
def test_the_script_says_in_one_line_what_it_cannot_do(
    damage: Callable[[Path], None], named: str, golden: Path, run: Run
) -> None:
    damage(golden)
    done = run(golden)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert done.err.startswith("Error: ")
    assert named in done.err


@pytest.mark.parametrize("options", [("--dtype", "float12"), ("--device", "nowhere")])
def test_the_script_refuses_options_it_does_not_know(options: tuple[str, str], run: Run) -> None:
    done = run(GOLDEN, *options)
    assert done.code == 2
    assert options[1] in done.err
