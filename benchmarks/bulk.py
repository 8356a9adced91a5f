"""Bulk loading of dense and multi-vectors: ours against elasticsearch.helpers.bulk.

    python benchmarks/bulk.py [documents]

Both sides write the same vectors (1024 dims, and 128-bit multi-vectors of 747 tokens) into indices
of the same mapping on one embedded node, alternating; ours as the ingester does, the helper with
lists of numbers, as its documentation shows. Prints documents a second and the median ratio.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch, helpers

from es_jina.elastic.bulk import Action, BulkWriter
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.node import Node
from es_jina.elastic.setup import set_up
from es_jina.elastic.vectors import dense_value, pack
from es_jina.embedding import Vector
from es_jina.profile import IndexProfile, MultiVectorProfile

ROUNDS, TOKENS = 5, 747
PROFILE = IndexProfile("bench", "bench", (1024,), MultiVectorProfile("binary", "bit"), 602_112)


def unit_rows(rng: np.random.Generator, rows: int, dims: int) -> Vector:
    """Return random float32 rows of length 1."""
    found = rng.standard_normal((rows, dims), dtype=np.float32)
    unit: Vector = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


def ours(client: Elasticsearch, index: str, dense: Vector, multi: Vector, base64: bool) -> None:
    """Write as the ingester does."""
    actions = (
        Action(
            str(number),
            {
                "embedding_1024": dense_value(vector, base64_allowed=base64),
                "multi_vector": pack(multi, "bit"),
            },
        )
        for number, vector in enumerate(dense)
    )
    with BulkWriter(client, index) as writer:
        assert all(outcome.error is None for outcome in writer.write(actions))


def helper(client: Elasticsearch, index: str, dense: Vector, multi: Vector) -> None:
    """Write as the helper's documentation shows."""

    def actions() -> Iterator[dict[str, Any]]:
        for number, vector in enumerate(dense):
            yield {
                "_id": str(number),
                "embedding_1024": vector.tolist(),
                "multi_vector": pack(multi, "bit"),
            }

    helpers.bulk(client, actions(), index=index)


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    rng = np.random.default_rng(0)
    dense, multi = unit_rows(rng, count, 1024), unit_rows(rng, TOKENS, 128)
    with tempfile.TemporaryDirectory(prefix="es-jina-bench-") as folder:
        Path(folder).chmod(0o711)
        with Node(Path(folder) / "node", heap="1g") as node:
            client = Cluster(node.url).connect()
            capabilities = Capabilities.detect(client)
            times: dict[str, list[float]] = {"ours": [], "helper": []}
            for turn in range(ROUNDS + 1):
                for side, seconds in times.items():
                    index = f"{side}-{turn}"
                    set_up(client, index, PROFILE, capabilities)
                    start = time.perf_counter()
                    if side == "ours":
                        ours(client, index, dense, multi, capabilities.base64_documents)
                    else:
                        helper(client, index, dense, multi)
                    seconds.append(time.perf_counter() - start)
                    client.indices.delete(index=f"{index}-000001")
    # The first round warms the node up.
    rates = {side: count / median(seconds[1:]) for side, seconds in times.items()}
    ratio = median(b / a for a, b in zip(times["ours"][1:], times["helper"][1:], strict=True))
    print(f"bulk, {count} documents: ours {rates['ours']:.0f}/s, helper {rates['helper']:.0f}/s")
    print(f"  ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
