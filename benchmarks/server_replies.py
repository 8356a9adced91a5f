"""What it costs to write vectors into an answer, in one run, alternating.

    python benchmarks/server_replies.py > benchmarks/results/server-replies.md

An answer of multi-vectors of pages, 747 x 128 each, down to its last byte: each way of writing it
with the median and the least of this process's CPU time.
"""

import argparse
from collections.abc import Callable, Iterator
from statistics import median
from typing import cast, get_args

import numpy as np
import orjson
from shared.report import machine, paragraph, row, table, verdict
from shared.turns import Cost, Work, costs_in_turns

from es_jina.embedding import Vector, unit
from es_jina.providers.encodings import EmbeddingType, encode
from es_jina.server.vector_json import rows_json

TOKENS, DIMS = 747, 128
OURS, FLOATS = "base64", "float"
# Times the CPU of ours that floats should cost at least.
TARGET = 10.0

Write = Callable[[Vector], bytes]


def pieces(pages: list[Vector], write: Write) -> Iterator[bytes]:
    """Yield an answer in pieces, one for each page.

    In one piece it would be as much memory as the system has to hand out anew: for base64 that
    costs more than the writing.

    Args:
        pages: the multi-vectors.
        write: what writes one.
    """
    yield b'{"model":"jina-embeddings-v4","object":"list","usage":{"total_tokens":47808},"data":['
    for index, page in enumerate(pages):
        head = b'{"object":"embeddings","index":%d,"embeddings":' % index
        yield b"".join([b"," if index else b"", head, write(page), b"}"])
    yield b"]}"


def in_one(pages: list[Vector]) -> bytes:
    """Return an answer as orjson writes it from arrays."""
    data = [
        {"object": "embeddings", "index": index, "embeddings": page}
        for index, page in enumerate(pages)
    ]
    head = {"model": "jina-embeddings-v4", "object": "list", "usage": {"total_tokens": 47_808}}
    return orjson.dumps({**head, "data": data}, option=orjson.OPT_SERIALIZE_NUMPY)


def ours(form: EmbeddingType) -> Write:
    """Return our way to write a form."""
    return lambda page: rows_json(page, form)


def plain(page: Vector) -> bytes:
    """Write base64 row by row."""
    return orjson.dumps([encode(row, "base64") for row in page])


def ways(pages: list[Vector]) -> dict[str, Work]:
    """Return what is measured by its name; each returns the bytes of the answer."""

    def written(write: Write) -> Work:
        return lambda _: sum(map(len, pieces(pages, write)))

    forms: tuple[EmbeddingType, ...] = get_args(EmbeddingType)
    return {
        **{form: written(ours(form)) for form in forms},
        "base64, row by row": written(plain),
        "float, in one piece": lambda _: len(in_one(pages)),
        "base64, in one piece": lambda _: len(b"".join(pieces(pages, ours("base64")))),
    }


def less(name: str, costs: dict[str, list[Cost]]) -> float:
    """Return how many times our CPU a way takes; within a round, what else runs slows both."""
    pairs = zip(costs[OURS], costs[name], strict=True)
    return median(other.cpu / own.cpu for own, other in pairs)


def line(name: str, costs: dict[str, list[Cost]], size: int) -> str:
    """Return a line of the table."""
    taken = [1000 * cost.cpu for cost in costs[name]]
    times = f"{less(name, costs):.1f}x"
    return row(name, f"{size / 1e6:.1f}", f"{median(taken):.1f}", f"{min(taken):.1f}", times)


def measure(rounds: int, count: int = 64) -> None:
    """Print the table.

    Args:
        rounds: how many.
        count: pages of an answer.
    """
    rng = np.random.default_rng(0)
    pages = [unit(rng.standard_normal((TOKENS, DIMS), np.float32)) for _ in range(count)]
    assert b"".join(pieces(pages, plain)) == b"".join(pieces(pages, ours("base64")))
    assert in_one(pages) == b"".join(pieces(pages, ours("float")))
    works = ways(pages)
    costs = costs_in_turns(works, rounds)
    print(
        paragraph(
            f"Multi-vectors of {count} pages of {TOKENS} x {DIMS} written as one answer; "
            f"{rounds} rounds, alternating. CPU is that of this process. An answer is made "
            "in pieces, a page each, as it can be sent; in one piece the system has to hand out so "
            "much memory anew. `x base64` is how many times the CPU of base64, in the median of "
            "the rounds."
        )
    )
    print(table("form", "MB", "median, CPU ms", "least, CPU ms", "x base64"))
    for name, work in works.items():
        print(line(name, costs, cast("int", work(0))))
    outcome = verdict(TARGET, less(FLOATS, costs))
    print(f"\n`{FLOATS}` costs at least {TARGET:.0f}x: {outcome}.")


def main() -> None:
    """Measure and print, as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    print(f"# Answers of the server\n\n{machine('numpy', 'orjson', 'pybase64')}.\n")
    measure(asked.rounds, asked.pages)


if __name__ == "__main__":
    main()
