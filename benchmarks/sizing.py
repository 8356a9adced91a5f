"""Bytes that a page takes in the index, for every way to keep its vectors.

    python benchmarks/sizing.py [--documents 2000] [--pages 100] > benchmarks/results/sizing.md

Prints Markdown, and on stderr how far it is. Made-up vectors go into an embedded node, each index
is merged into one segment, and Elasticsearch is asked what each field takes (`_disk_usage`) and
what of it a search reads again and again (`_stats`), so that it had better fit into memory.
"""

import argparse

from searching import bytes_dense, bytes_multi
from searching.indices import new_indices
from shared.report import machine, paragraph


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, default=2_000, help="with single vectors")
    parser.add_argument("--pages", type=int, default=100, help="with multi-vectors")
    asked = parser.parse_args()
    with new_indices() as indices:
        print(f"# Bytes a page\n\n{machine('elasticsearch')}.\n")
        print(
            paragraph(
                f"An embedded node {indices.version}, one segment, no replica. What is counted are "
                "the bytes that stay: those set aside for replicas that have to catch up are not."
            )
        )
        bytes_dense.measure(indices, asked.documents)
        bytes_multi.measure(indices, asked.pages)


if __name__ == "__main__":
    main()
