"""The local model against the way its model card runs it, with the same random weights.

    python benchmarks/model.py [--size small|full] [--device cuda|cpu] [--dtype ...] [--rounds 3]

Ours and the peer take turns over the same inputs; printed are the medians and their ratio, and, on
a GPU, the achieved TFLOP/s with its share of the chip's peak and the memory that the largest inputs
take. ``small`` is for a CPU. ``full`` has the sizes of jina-embeddings-v4 itself, 3.75 billion
parameters: for a GPU, or 20 GB of memory and patience. No weights are downloaded.
"""

import argparse
import gc
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from peers.stock import Stock
from PIL import Image as PilImages

from es_jina.demo.checkpoint import Shape, make_checkpoint
from es_jina.embedding import Embedding
from es_jina.inputs import Image, Input, Task, Text
from es_jina.model.attention import implementation
from es_jina.model.device import default_device, device_of, dtype_of
from es_jina.providers.base import Want
from es_jina.providers.local import LocalProvider

SIZES = {
    "small": Shape(
        hidden=512, layers=6, heads=8, kv_heads=2, ffn=2752, vision_width=320, vision_depth=8,
        vision_heads=4, vision_ffn=856, full_attention=(3, 7), rank=32, alpha=32,
        max_pixels=602_112, dtype="bfloat16",
    ),
    "full": Shape(
        hidden=2048, layers=36, heads=16, kv_heads=2, ffn=11008, vision_width=1280,
        vision_depth=32, vision_heads=16, vision_ffn=3420, full_attention=(7, 15, 23, 31),
        rank=32, alpha=32, embeddings=151_936, max_pixels=602_112, dtype="bfloat16",
    ),
}  # fmt: skip
# bf16 without sparsity, from the makers' data sheets.
PEAK_TFLOPS = {"H200": 989, "H100": 989, "A100": 312, "L40S": 362, "L4": 121, "4090": 165}
# Pages as they come: A4 at 150 dpi, a slide, a photo, a receipt, a spread.
SHAPES = ((1240, 1754), (1280, 720), (1600, 1200), (480, 1400), (2000, 1414))
TASK, SINGLE, BOTH = Task.RETRIEVAL_PASSAGE, Want.SINGLE, Want.SINGLE | Want.MULTI
WORDS = ("the", "river", "carried", "old", "letters", "past", "quiet", "harbours", "where", "gulls")


@dataclass(frozen=True)
class Inputs:
    """What is embedded, how many tokens it has and what it costs."""

    texts: list[str]
    pictures: list[Path]
    long_text: str


def make_inputs(folder: Path, texts: int, pictures: int) -> Inputs:
    """Texts of 20 to 2,000 tokens, most of them short as in real corpora; noisy pages; one long."""
    rng = random.Random(0)
    lengths = [int(20 * 100 ** rng.random()) for _ in range(texts)]
    paths = []
    for number in range(pictures):
        width, height = SHAPES[number % len(SHAPES)]
        coarse = np.random.default_rng(number).integers(0, 256, (height // 8, width // 8, 3))
        page = PilImages.fromarray(coarse.astype(np.uint8)).resize((width, height))
        paths.append(folder / f"page-{number}.{'jpg' if number % 2 else 'png'}")
        page.save(paths[-1])
    return Inputs([words(rng, length) for length in lengths], paths, words(rng, 32_000))


def words(rng: random.Random, count: int) -> str:
    """Return a text of about as many tokens."""
    return " ".join(rng.choices(WORDS, k=count))


class Bench:
    """Ours and the peer on one device."""

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype, rounds: int) -> None:
        self.rounds = rounds
        self.device = device
        name = str(dtype).removeprefix("torch.")
        self.ours = LocalProvider(str(folder), device=str(device), dtype=name)
        self.peer = Stock(folder, device, dtype)
        print(
            f"{self.ours.device}, attention {implementation(device, dtype)}, "
            f"{torch.get_num_threads()} threads, peer: stock transformers"
        )

    def compare(
        self,
        what: str,
        unit: str,
        amount: float,
        ours: Callable[[], Any],
        peer: Callable[[], Any],
        *,
        once: bool = False,
    ) -> None:
        """Print the median rates of both and the median of their ratios.

        The first round warms up and does not count; where one run takes a minute, it does.
        """
        rounds = 1 if once else self.rounds + 1
        times = [(self.timed(ours), self.timed(peer)) for _ in range(rounds)]
        warm = times if once else times[1:]
        mine, theirs = (amount / median(side) for side in zip(*warm, strict=True))
        ratio = median(b / a for a, b in warm)
        print(
            f"  {what:34} ours {mine:9,.1f} {unit}/s   peer {theirs:9,.1f} {unit}/s   "
            f"ratio {ratio:.2f}",
            flush=True,
        )

    def timed(self, run: Callable[[], Any]) -> float:
        """Return the seconds of a run, its last kernel included."""
        gc.collect()
        start = time.perf_counter()
        run()
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    def embed(self, inputs: Sequence[Input], want: Want, **options: Any) -> list[Embedding]:
        """Embed with ours; an error ends the benchmark."""
        found = self.ours.embed(inputs, TASK, want, **options)
        wrong = [result for result in found if not isinstance(result, Embedding)]
        if wrong:
            raise SystemExit(f"{len(wrong)} inputs failed: {wrong[0]}")
        return [result for result in found if isinstance(result, Embedding)]


def check(bench: Bench, inputs: Inputs) -> None:
    """See that both compute the same vectors: a fast wrong answer is worth nothing."""
    texts, pictures = inputs.texts[:8], inputs.pictures[:4]
    found = bench.embed([*map(Text, texts), *map(Image, pictures)], SINGLE)
    expected = [*bench.peer.encode_text(texts), *bench.peer.encode_image(pictures)]
    # The peer's bfloat16 vectors are not quite of length 1.
    cosines = [
        float(e.single @ x / np.linalg.norm(x))
        for e, x in zip(found, expected, strict=True)
        if e.single is not None
    ]
    print(f"  same vectors: lowest cosine {min(cosines):.5f}")
    if min(cosines) < 0.99:
        raise SystemExit("the two do not compute the same vectors")


def compare_all(bench: Bench, inputs: Inputs) -> None:
    """Run every comparison."""
    texts: list[Input] = [Text(text) for text in inputs.texts]
    pictures: list[Input] = [Image(path) for path in inputs.pictures]
    tokens = sum(found.tokens for found in bench.embed(texts, SINGLE))
    peer = bench.peer
    bench.compare(
        f"{len(texts)} texts of 20 to 2,000 tokens", "tokens", tokens,
        lambda: bench.embed(texts, SINGLE), lambda: peer.encode_text(inputs.texts),
    )  # fmt: skip
    bench.compare(
        f"{len(pictures)} pages, single vectors", "pages", len(pictures),
        lambda: bench.embed(pictures, SINGLE), lambda: peer.encode_image(inputs.pictures),
    )  # fmt: skip
    bench.compare(
        f"{len(pictures)} pages, single and multi", "pages", len(pictures),
        lambda: bench.embed(pictures, BOTH),
        lambda: (
            peer.encode_image(inputs.pictures), peer.encode_image(inputs.pictures, multi=True)
        ),
    )  # fmt: skip
    bench.compare(
        "one text of 32,000 tokens", "tokens", 32_000,
        lambda: bench.embed([Text(inputs.long_text)], SINGLE),
        lambda: peer.encode_text([inputs.long_text]),
        once=bench.device.type == "cpu",
    )  # fmt: skip


def memory_over_time(bench: Bench, inputs: Inputs, count: int) -> None:
    """Print how the process grows over many calls with mixed inputs."""
    pool: list[Input] = [*map(Text, inputs.texts), *map(Image, inputs.pictures)]
    rng = random.Random(1)
    sizes = []
    for call in range(count // 20):
        bench.embed(rng.sample(pool, 20), BOTH if call % 2 else SINGLE, max_pixels=100_000)
        sizes.append(resident())
    settled = sizes[len(sizes) // 4]
    print(
        f"  {count} embeds in {len(sizes)} calls: resident {settled:,.0f} MB after a quarter, "
        f"{sizes[-1]:,.0f} MB at the end ({sizes[-1] - settled:+,.0f})"
    )


def resident() -> float:
    """Return the resident memory of this process that is no file, in MB."""
    pages, shared = map(int, Path("/proc/self/statm").read_text().split()[1:3])
    return (pages - shared) * os.sysconf("SC_PAGE_SIZE") / 1e6


def on_gpu(bench: Bench, shape: Shape) -> None:
    """Print throughput at the sizes to reach, the share of the peak, and the largest inputs."""
    rng = random.Random(2)
    chunks: list[Input] = [Text(words(rng, 250)) for _ in range(2000)]
    noise = np.random.default_rng(0).integers(0, 256, (672, 896, 3)).astype(np.uint8)
    pages: list[Input] = [Image(PilImages.fromarray(noise)) for _ in range(256)]  # 768 tokens
    name = torch.cuda.get_device_name(bench.device)
    peak = next((tflops for chip, tflops in PEAK_TFLOPS.items() if chip in name), None)
    for what, inputs, patches in (("250-token texts", chunks, 0), ("768-token pages", pages, 3072)):
        tokens = sum(found.tokens for found in bench.embed(inputs, SINGLE))
        seconds = median(bench.timed(lambda: bench.embed(inputs, SINGLE)) for _ in range(3))  # noqa: B023
        work = flops(shape, tokens / len(inputs), patches) * len(inputs) / seconds / 1e12
        share = f", {work / peak:.0%} of the peak of {name}" if peak else ""
        print(
            f"  {what}: {len(inputs) / seconds:,.1f}/s, {tokens / seconds:,.0f} tokens/s, "
            f"{work:,.0f} TFLOP/s{share}"
        )
    huge = PilImages.fromarray(np.zeros((4000, 5000, 3), np.uint8))
    for label, largest, budget in (
        ("32,000 tokens", Text(words(rng, 32_000)), None),
        ("20 megapixels", Image(huge), 20_000_000),
    ):
        torch.cuda.reset_peak_memory_stats()
        bench.embed([largest], BOTH, max_pixels=budget)
        print(f"  {label}: peak memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


def flops(shape: Shape, tokens: float, patches: int) -> float:
    """Return the floating point operations of one input, adapters left out."""
    head = shape.hidden // shape.heads
    layer = shape.hidden * (2 * shape.hidden + 2 * shape.kv_heads * head + 3 * shape.ffn)
    text = shape.layers * (2 * tokens * layer + 2 * tokens**2 * shape.hidden)
    block = shape.vision_width * (4 * shape.vision_width + 3 * shape.vision_ffn)
    full = len(shape.full_attention)
    seen = full * patches + (shape.vision_depth - full) * 64
    merged = 4 * shape.vision_width
    return (
        text
        + 2 * patches * (shape.vision_depth * block + 588 * shape.vision_width)
        + 4 * patches * seen * shape.vision_width
        + 2 * patches / 4 * merged * (merged + shape.hidden)
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--device", help="cuda, mps or cpu; the best one by default")
    parser.add_argument("--dtype", action="append", help="may be given again; all that make sense")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=32)
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("--embeds", type=int, default=2000, help="for the growth of memory")
    options = parser.parse_args()
    device = device_of(options.device) if options.device else default_device()
    dtypes = options.dtype or (["float32", "bfloat16"] if device.type == "cpu" else ["bfloat16"])
    with tempfile.TemporaryDirectory(prefix="es-jina-bench-") as temporary:
        folder = Path(temporary)
        print(f"Making random weights of size {options.size} ...", flush=True)
        checkpoint = make_checkpoint(
            folder / "model", [" ".join((*WORDS, *WORDS))] * 4, SIZES[options.size]
        )
        inputs = make_inputs(folder, options.texts, options.pages)
        for dtype in dtypes:
            bench = Bench(checkpoint, device, dtype_of(dtype), options.rounds)
            check(bench, inputs)
            compare_all(bench, inputs)
            if device.type == "cuda":
                on_gpu(bench, SIZES[options.size])
        memory_over_time(bench, inputs, options.embeds)


if __name__ == "__main__":
    main()
