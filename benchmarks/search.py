"""Search against what its parts take, on an embedded node, with vectors that are made up.

    python benchmarks/search.py [part ...] [--documents 2000] [--pages 400] [--rounds 50]
    python benchmarks/search.py late > benchmarks/results/search-late.md

Prints Markdown, and on stderr how far it is. Parts, by default all of them:

late    late interaction from request to ranked list, against the bare fetch of the multi-vectors,
        and by window, element type and pooling
fusion  hybrid search without multi-vectors, against the two searches that it fuses
knn     recall and time of nearest neighbours, by size, index type and oversampling
"""

import argparse

from searching import fusion, knn, late
from searching.corpus import KINDS
from searching.indices import Indices, new_indices


def part_late(indices: Indices, asked: argparse.Namespace) -> None:
    """To reach: 2x the bare fetch; ahead of rank_vectors' 20 ms."""
    late.measure(indices, asked.pages, asked.rounds)


def part_fusion(indices: Indices, asked: argparse.Namespace) -> None:
    """To reach: 3 ms more than the two searches."""
    fusion.measure(indices, asked.documents, asked.rounds)


def part_knn(indices: Indices, asked: argparse.Namespace) -> None:
    """To be known."""
    knn.measure(indices, asked.documents, asked.queries, asked.kind or KINDS)


PARTS = {"late": part_late, "fusion": part_fusion, "knn": part_knn}


def main() -> None:
    """Print the parts that are asked for, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--pages", type=int, default=400, help="of the part late")
    parser.add_argument("--documents", type=int, default=50_000, help="of fusion and knn")
    parser.add_argument("--rounds", type=int, default=50, help="of late and fusion")
    parser.add_argument("--queries", type=int, default=100, help="of knn")
    parser.add_argument("--kind", choices=KINDS, action="append", help="of knn's vectors")
    asked = parser.parse_args()
    if unknown := [name for name in asked.parts if name not in PARTS]:
        parser.error(f"no part {', '.join(unknown)}: choose from {', '.join(PARTS)}")
    with new_indices() as indices:
        for name in asked.parts or PARTS:
            PARTS[name](indices, asked)


if __name__ == "__main__":
    main()
