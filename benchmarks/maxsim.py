"""Late interaction's kernels against maxsim-cpu, in one run, alternating.

    python benchmarks/maxsim.py [--pages 100] [--rounds 30] > benchmarks/results/maxsim.md

Pages of 747 vectors of 128 dims and a query of 20, as random unit vectors; for each kernel the
median and the least time of scoring all pages. maxsim-cpu reads floats alone.
"""

import argparse
from statistics import median
from typing import get_args

import numpy as np
from maxsim_cpu import maxsim_scores_variable
from shared.report import machine, verdict
from shared.turns import Work, in_turns

from es_jina.dense import ElementType
from es_jina.elastic.vectors import encode
from es_jina.embedding import Vector, unit
from es_jina.search.maxsim import maxsim, maxsim_of_bits

TOKENS, DIMS, QUERY = 747, 128, 20
# Kernel -> (what its time is divided by, at most this).
TARGETS = {
    "float": ("maxsim-cpu, float", 1.0),
    "bit": ("float", 1.5),
    "bit x bit": ("float", 1.0),
}


def random_units(rng: np.random.Generator, rows: int) -> Vector:
    """Return vectors of length 1."""
    return unit(rng.standard_normal((rows, DIMS), np.float32))


def kernels(pages: int) -> dict[str, Work]:
    """Return what is measured by its name, all over the same vectors."""
    rng = np.random.default_rng(0)
    query = random_units(rng, QUERY)
    documents = [random_units(rng, TOKENS) for _ in range(pages)]
    kinds: tuple[ElementType, ...] = get_args(ElementType)
    stored = {kind: [encode(each, kind) for each in documents] for kind in kinds}
    bits = encode(query, "bit")

    def ours(kind: ElementType) -> Work:
        return lambda _: maxsim(query, stored[kind], kind)

    assert np.allclose(
        maxsim(query, documents), np.array(maxsim_scores_variable(query, documents)) / QUERY,
        atol=1e-5,
    )  # fmt: skip
    return {
        "maxsim-cpu, float": lambda _: maxsim_scores_variable(query, documents),
        **{kind: ours(kind) for kind in kinds},
        "bit x bit": lambda _: maxsim_of_bits(bits, stored["bit"]),
    }


def row(name: str, times: dict[str, list[float]]) -> str:
    """Return a line of the table."""
    taken = times[name]
    figures = f"| {name} | {median(taken):.2f} | {min(taken):.2f} |"
    if name not in TARGETS:
        return f"{figures} | |"
    other, most = TARGETS[name]
    # Within a round, what else the machine does slows both.
    ratio = median(a / b for a, b in zip(taken, times[other], strict=True))
    return f"{figures} {ratio:.2f}x of {other} | at most {most}x: {verdict(ratio, most)} |"


def main() -> None:
    """Measure and print, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    where = machine("numpy", "maxsim-cpu")
    times = in_turns(kernels(asked.pages), asked.rounds)
    print(f"# MaxSim kernels\n\n{where}.\n")
    print(f"{asked.pages} pages of {TOKENS} x {DIMS}, a query of {QUERY} vectors in floats except")
    print(f"in the last row; {asked.rounds} rounds, alternating.\n")
    print("| pages in | median, ms | least, ms | ratio | target |\n|---|--:|--:|--:|---|")
    for name in times:
        print(row(name, times))


if __name__ == "__main__":
    main()
