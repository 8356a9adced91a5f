"""Batches on devices: memory that is too small, several devices, work done ahead."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from es_jina.embedding import Embedding
from es_jina.errors import ItemError, ProviderError
from es_jina.inputs import Image, Input, Task, Text
from es_jina.model.batching import Budget
from es_jina.model.jina_v4 import Batch, JinaV4, Output
from es_jina.pictures import open_picture
from es_jina.providers import local
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider

BOTH = Want.SINGLE | Want.MULTI
TASK = Task.RETRIEVAL_PASSAGE


def noise(width: int, height: int) -> Pillow.Image:
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3))
    return Pillow.fromarray(pixels.astype(np.uint8))


MIXED: list[Input] = [
    *(Text("fox " * count) for count in (3, 90, 1, 40, 40, 7)),
    *(Image(noise(56 * count, 84)) for count in (1, 3, 2)),
]


@pytest.fixture
def opened(checkpoint: Path) -> Iterator[LocalProvider]:
    """A provider of this test alone: what it learns about its memory is nobody else's."""
    with LocalProvider(str(checkpoint), device="cpu") as provider:
        yield provider


def same(one: Embedding | ItemError, other: Embedding | ItemError) -> bool:
    assert isinstance(one, Embedding)
    assert isinstance(other, Embedding)
    pairs = ((one.single, other.single), (one.multi, other.multi))
    return all(
        a is not None and b is not None and float(np.abs(a - b).max()) <= 1e-6 for a, b in pairs
    )


class SmallMemory:
    """A network that cannot take more than some tokens at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tokens: int, error: Exception) -> None:
        self.sizes: list[int] = []
        forward = JinaV4.forward

        def limited(network: JinaV4, batch: Batch, *, multi: bool = True) -> Output:
            self.sizes.append(len(batch.input_ids))
            if len(batch.input_ids) > tokens:
                raise error
            return forward(network, batch, multi=multi)

        monkeypatch.setattr(JinaV4, "forward", limited)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"),
        MemoryError(),
    ],
)
def test_a_batch_over_the_memory_is_split_and_the_next_ones_are_smaller(
    error: Exception, opened: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = opened.embed(MIXED, TASK, BOTH)
    memory = SmallMemory(monkeypatch, 120, error)
    found = opened.embed(MIXED, TASK, BOTH)
    assert all(map(same, found, expected))
    assert memory.sizes[0] > 120
    assert opened._engine.budget.tokens <= memory.sizes[0] // 2
    memory.sizes.clear()
    again = opened.embed(MIXED, TASK, BOTH)
    assert all(map(same, again, expected))
    assert max(memory.sizes) <= 120


def test_an_input_over_the_memory_fails_alone(
    opened: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = opened.embed(MIXED, TASK, BOTH)
    SmallMemory(monkeypatch, 90, torch.OutOfMemoryError("out of memory"))
    found = opened.embed(MIXED, TASK, BOTH)
    failed = [number for number, result in enumerate(found) if isinstance(result, ItemError)]
    assert failed == [1]
    assert "the memory of cpu is too small for this input of " in str(found[1])
    assert all(same(found[n], expected[n]) for n in range(len(MIXED)) if n not in failed)


REAL = """
import resource, sys
import numpy as np
from es_jina.inputs import Task, Text
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider

provider = LocalProvider(sys.argv[1], device="cpu")
texts = [Text("1" * length) for length in range(200, 4200, 100)]
def embed():
    return [found.single for found in provider.embed(texts, Task.CODE_QUERY, Want.SINGLE)]
expected = embed()
provider._engine.budget.tokens = 10**6
[size] = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize")]
resource.setrlimit(resource.RLIMIT_AS, (size * 1024 + 75_000_000,) * 2)
found = embed()
print(provider._engine.budget.tokens, max(np.abs(a - b).max() for a, b in zip(found, expected)))
"""


def test_a_memory_that_is_really_too_small(narrow_checkpoint: Path) -> None:
    """The kernel refuses memory over a limit; every text still gets its vector."""
    done = subprocess.run(
        [sys.executable, "-c", REAL, str(narrow_checkpoint)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"},
    )
    assert done.returncode == 0, done.stderr
    tokens, difference = done.stdout.split()
    assert int(tokens) < 88_000
    assert float(difference) <= 1e-6


def test_several_devices_share_the_work(
    checkpoint: Path, opened: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr(local, "devices_of", lambda name: [cpu, cpu])
    expected = opened.embed(MIXED, TASK, BOTH)
    used: set[int] = set()
    both_run = threading.Barrier(2, timeout=60)
    forward = JinaV4.forward

    def recorded(network: JinaV4, batch: Batch, *, multi: bool = True) -> Output:
        if id(network) not in used:
            used.add(id(network))
            both_run.wait()  # fails the test unless the other one runs at the same time
        return forward(network, batch, multi=multi)

    with LocalProvider(str(checkpoint)) as several:
        assert several.device == "2 x cpu, float32"
        several._engine.budget = Budget(tokens=64)
        monkeypatch.setattr(JinaV4, "forward", recorded)
        found = several.embed(MIXED, TASK, BOTH)
    assert len(used) == 2
    assert all(map(same, found, expected))


def test_a_device_that_fails_ends_the_call(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr(local, "devices_of", lambda name: [cpu, cpu])

    def forward(network: JinaV4, batch: Batch, *, multi: bool = True) -> Output:
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nmore")

    with LocalProvider(str(checkpoint)) as several:
        monkeypatch.setattr(JinaV4, "forward", forward)
        with pytest.raises(ProviderError, match="illegal memory access was encountered"):
            several.embed(MIXED, TASK, BOTH)


def test_pictures_are_opened_a_few_batches_ahead_and_no_further(
    opened: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call with a thousand pictures must not hold a thousand decoded pictures."""
    lead: list[int] = []
    opened_so_far: list[int] = []
    run_so_far = 0
    forward = JinaV4.forward

    def opening(image: Image) -> Pillow.Image:
        opened_so_far.append(1)
        return open_picture(image)

    def running(network: JinaV4, batch: Batch, *, multi: bool = True) -> Output:
        nonlocal run_so_far
        lead.append(len(opened_so_far) - run_so_far)
        run_so_far += len(batch.lengths)
        return forward(network, batch, multi=multi)

    monkeypatch.setattr(local, "open_picture", opening)
    monkeypatch.setattr(JinaV4, "forward", running)
    opened._engine.budget = Budget(2048, patches=32)  # two pictures
    pictures: Sequence[Input] = [Image(noise(56, 56)) for _ in range(40)]
    opened.embed(pictures, TASK, BOTH)
    assert len(opened_so_far) == 40
    assert len(lead) == 20
    assert max(lead) <= 6
