"""The ingest engine against what people use otherwise.

    python benchmarks/ingest.py [row ...]

Each row measures ours and a peer in one run, alternating, and prints medians and ratios. The loader
rows write precomputed vectors to one embedded node; `client CPU` is of this process alone, all its
threads included. Rows:

lists       the bulk loader against helpers.parallel_bulk with lists, as notebooks do
packed      against helpers.parallel_bulk with pack_dense_vector and orjson, its fastest form
hnsw        the loader into bbq_hnsw, where the node's graph is what takes the time; ours alone
serialise   bit multi-vectors of pages as our bulk lines, against lists of numbers as JSON
render      PDF pages at the pixel budget, against pdf2image at 300 dpi and then resized
again       a second run over 10,000 unchanged files, against the first one without embedding
memory      the peak of a run over 50,000 small documents, against one over 1,000
long_pdf    a PDF of 5,000 pages: when the first one is found, and the peak against 500 pages
"""

import json
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pdf
from elasticsearch import Elasticsearch, OrjsonSerializer, helpers
from ingesting import runs

from es_jina.dense import DenseProfile, IndexType
from es_jina.elastic.bulk import Action, BulkWriter
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.node import Node
from es_jina.elastic.setup import set_up
from es_jina.elastic.vectors import dense_value, pack
from es_jina.embedding import Vector
from es_jina.profile import IndexProfile

DOCUMENTS, DIMS = 20_000, 2048
PAGES, TOKENS, TOKEN_DIMS = 2_000, 747, 128
FIELD = DenseProfile.of(DIMS)
# The peer takes a tenth of a second for a page: it is given some, and its figures are scaled.
PEER_PAGES = 100


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one load: seconds on the clock, and of this process's CPU."""

    wall: float
    cpu: float


def measure(work: Callable[[], None]) -> Cost:
    """Run once."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def unit_rows(rows: int, dims: int, seed: int = 0) -> Vector:
    """Return random float32 rows of length 1."""
    found = np.random.default_rng(seed).standard_normal((rows, dims), dtype=np.float32)
    unit: Vector = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


class Loads:
    """Loads of the same vectors into new indices of one node."""

    def __init__(self, node: Node) -> None:
        self._url = node.url
        self._client = Cluster(node.url).connect()
        self._capabilities = Capabilities.detect(self._client)
        self._vectors = unit_rows(DOCUMENTS, DIMS)
        self._field = f"embedding_{DIMS}"
        self.measured(self.ours)  # the first load warms the node up

    def measured(self, load: Callable[[str], None], index_type: IndexType = "bbq_flat") -> Cost:
        """Measure one load, and check that everything has arrived."""
        profile = IndexProfile(
            "bench", "bench", (DenseProfile.of(DIMS, index_type),), None, 602_112
        )
        set_up(self._client, "bench", profile, self._capabilities)
        cost = measure(lambda: load("bench"))
        self._client.options(request_timeout=600).indices.refresh(index="bench")
        assert self._client.count(index="bench")["count"] == DOCUMENTS
        self._client.indices.delete(index="bench-000001")
        return cost

    def ours(self, index: str) -> None:
        """Write as the ingester does."""
        base64 = bool(self._capabilities.base64_documents)
        actions = (
            Action(str(number), {self._field: dense_value(vector, FIELD, base64_allowed=base64)})
            for number, vector in enumerate(self._vectors)
        )
        with Cluster(self._url).connect() as client, BulkWriter(client, index) as writer:
            assert all(outcome.error is None for outcome in writer.write(actions))

    def lists(self, index: str) -> None:
        """Write as notebooks do."""
        self._helper(Elasticsearch(self._url, request_timeout=120), index, lambda v: v.tolist())

    def packed(self, index: str) -> None:
        """Write as the client's own advice for speed says."""
        client = Elasticsearch(self._url, request_timeout=120, serializer=OrjsonSerializer())
        self._helper(client, index, helpers.pack_dense_vector)

    def _helper(self, client: Elasticsearch, index: str, value: Callable[[Vector], Any]) -> None:
        actions = (
            {"_id": str(number), self._field: value(vector)}
            for number, vector in enumerate(self._vectors)
        )
        with client:
            exhaust(
                helpers.parallel_bulk(client, actions, index=index, thread_count=4, chunk_size=500)
            )


class Bench:
    """What the rows share; the node is started by the first row that needs it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    @cached_property
    def node(self) -> Node:
        """A node that runs until the benchmark ends."""
        folder = self.folder()
        folder.chmod(0o711)
        return self._stack.enter_context(Node(folder / "node", heap="1g"))

    @cached_property
    def loads(self) -> Loads:
        """The loads of precomputed vectors."""
        return Loads(self.node)

    @cached_property
    def runs(self) -> runs.Runs:
        """Whole runs."""
        return runs.Runs(self.node.url)

    def folder(self) -> Path:
        """Return a new folder that goes when the benchmark ends."""
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="es-jina-")))


def exhaust(results: Iterable[object]) -> None:
    """Run an iterator to its end."""
    deque(results, maxlen=0)


def compare_loads(loads: Loads, peer: Callable[[str], None], rounds: int) -> None:
    """Print the figures of loads in turn."""
    print(f"  {DOCUMENTS:,} documents x {DIMS} dims into bbq_flat, {rounds} rounds")
    turns = [(loads.measured(loads.ours), loads.measured(peer)) for _ in range(rounds)]
    for name, side in (("ours", [turn[0] for turn in turns]), ("peer", [t[1] for t in turns])):
        print_load(name, side)
    faster = [theirs.wall / mine.wall for mine, theirs in turns]
    cpu = median(mine.cpu / theirs.cpu for mine, theirs in turns)
    each = ", ".join(f"{ratio:.2f}" for ratio in faster)
    print(f"  {median(faster):.2f}x documents/s (each round: {each}); {cpu:.2f}x client CPU")


def print_load(name: str, costs: list[Cost]) -> None:
    """Print the medians of one side."""
    rate = DOCUMENTS / median(cost.wall for cost in costs)
    print(f"  {name} {rate:8,.0f}/s, client CPU {median(cost.cpu for cost in costs):6.2f} s")


def row_lists(bench: Bench) -> None:
    """To reach: 12x documents/s."""
    compare_loads(bench.loads, bench.loads.lists, rounds=3)


def row_packed(bench: Bench) -> None:
    """To reach: 1.2x documents/s with 0.7x the client's CPU."""
    compare_loads(bench.loads, bench.loads.packed, rounds=9)


def row_hnsw(bench: Bench) -> None:
    """To be known: what the graph adds."""
    costs = [bench.loads.measured(bench.loads.ours, "bbq_hnsw") for _ in range(2)]
    print(f"  {DOCUMENTS:,} documents x {DIMS} dims into bbq_hnsw, 2 rounds")
    print_load("ours", costs)


def row_serialise(bench: Bench) -> None:
    """To reach: 50x less CPU, 40x fewer bytes."""
    pages = [unit_rows(TOKENS, TOKEN_DIMS, seed) for seed in range(2)]

    def ours(count: int) -> Iterator[int]:
        for number in range(count):
            fields = {"multi_vector": pack(pages[number % 2], "bit")}
            yield len(Action(str(number), fields).lines())

    def peer(count: int) -> Iterator[int]:
        for number in range(count):
            fields = {"multi_vector": pages[number % 2].tolist()}
            yield len(json.dumps({"index": {"_id": str(number)}})) + len(json.dumps(fields)) + 2

    print(f"  {PAGES:,} pages of {TOKENS} x {TOKEN_DIMS} bits; the peer {PEER_PAGES}, scaled")
    turns = [
        (measure(lambda: exhaust(ours(PAGES))), measure(lambda: exhaust(peer(PEER_PAGES))))
        for _ in range(3)
    ]
    scale = PAGES / PEER_PAGES
    sizes = sum(ours(PAGES)), sum(peer(2)) * PAGES / 2
    mine, theirs = median(t[0].cpu for t in turns), median(t[1].cpu * scale for t in turns)
    print(f"  ours CPU {mine:8.2f} s, {sizes[0] / 1e6:8,.1f} MB")
    print(f"  peer CPU {theirs:8.2f} s, {sizes[1] / 1e6:8,.1f} MB")
    print(f"  {theirs / mine:.0f}x less CPU, {sizes[1] / sizes[0]:.0f}x fewer bytes")


def row_render(_: Bench) -> None:
    """To reach: 4x pages/s."""
    if pdf.poppler_missing():
        sys.exit(pdf.MISSING)
    rates = pdf.measure()
    print(f"  ours {rates.ours:.1f} pages/s, pdf2image {rates.theirs:.1f} pages/s")
    print(f"  {rates.ratio:.1f}x pages/s")


def row_again(bench: Bench) -> None:
    """To reach: 5 % of the time, and nothing embedded."""
    runs.again(bench.runs, bench.folder())


def row_memory(bench: Bench) -> None:
    """To reach: within 150 MB."""
    runs.memory(bench.runs, bench.folder())


def row_long_pdf(bench: Bench) -> None:
    """To reach: the first page within 10 s, and flat memory."""
    runs.long_pdf(bench.runs, bench.folder())


ROWS: dict[str, Callable[[Bench], None]] = {
    "lists": row_lists,
    "packed": row_packed,
    "hnsw": row_hnsw,
    "serialise": row_serialise,
    "render": row_render,
    "again": row_again,
    "memory": row_memory,
    "long_pdf": row_long_pdf,
}


def main() -> None:
    """Print the rows that are asked for, or all."""
    wanted = sys.argv[1:] or [*ROWS]
    if unknown := [name for name in wanted if name not in ROWS]:
        sys.exit(f"no row {', '.join(unknown)}: choose from {', '.join(ROWS)}")
    with ExitStack() as stack:
        bench = Bench(stack)
        for name in wanted:
            print(f"{name}. {ROWS[name].__doc__}", flush=True)
            ROWS[name](bench)


if __name__ == "__main__":
    main()
