"""Late interaction's kernels against maxsim-cpu, in one run, alternating.

    python benchmarks/maxsim.py [--pages 100] [--rounds 30]

Pages of 747 vectors of 128 dims and a query of 20, as random unit vectors; for each kernel the
median and the least time of scoring all pages. maxsim-cpu reads floats alone.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import get_args

import numpy as np
from maxsim_cpu import maxsim_scores_variable

from es_jina.dense import ElementType
from es_jina.elastic.vectors import encode
from es_jina.embedding import Vector, unit
from es_jina.search.maxsim import maxsim, maxsim_of_bits

TOKENS, DIMS, QUERY = 747, 128, 20


def random_units(rng: np.random.Generator, rows: int) -> Vector:
    """Return vectors of length 1."""
    return unit(rng.standard_normal((rows, DIMS), np.float32))


def kernels(pages: int) -> dict[str, Callable[[], object]]:
    """Return what is measured by its name, all over the same vectors."""
    rng = np.random.default_rng(0)
    query = random_units(rng, QUERY)
    documents = [random_units(rng, TOKENS) for _ in range(pages)]
    kinds: tuple[ElementType, ...] = get_args(ElementType)
    stored = {kind: [encode(each, kind) for each in documents] for kind in kinds}
    bits = encode(query, "bit")

    def ours(kind: ElementType) -> Callable[[], object]:
        return lambda: maxsim(query, stored[kind], kind)

    assert np.allclose(
        maxsim(query, documents), np.array(maxsim_scores_variable(query, documents)) / QUERY,
        atol=1e-5,
    )  # fmt: skip
    return {
        "maxsim-cpu, float": lambda: maxsim_scores_variable(query, documents),
        **{f"ours, {kind}": ours(kind) for kind in kinds},
        "ours, bit x bit": lambda: maxsim_of_bits(bits, stored["bit"]),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    measured = kernels(asked.pages)
    times: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(asked.rounds):
        for name, kernel in measured.items():
            start = time.perf_counter()
            kernel()
            times[name].append((time.perf_counter() - start) * 1000)
    floats = median(times["ours, float"])
    print(f"{asked.pages} pages of {TOKENS} x {DIMS}, a query of {QUERY}; {asked.rounds} rounds")
    for name, taken in times.items():
        middle = median(taken)
        print(f"  {name:18} {middle:6.2f} ms (least {min(taken):6.2f})  {middle / floats:4.2f}x")


if __name__ == "__main__":
    main()
