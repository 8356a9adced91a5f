"""How well each mode of search answers the sample's queries, with the demo's toy model.

    python benchmarks/relevance.py [--url URL] [--model FOLDER] > benchmarks/results/relevance.md

Ingests the sample into an index of its own, which is removed again, and prints Markdown: for each
kind of query nDCG@10 by the sample's judgements (exponential gain, as trec_eval's `ndcg_cut` with
powers), the peer being BM25 over the same index, and the ratio to it.
"""

import argparse
import math
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from urllib.parse import unquote

from elasticsearch import Elasticsearch

from es_jina.demo import truth
from es_jina.demo.run import SAMPLE, demo_checkpoint
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.client import Cluster
from es_jina.elastic.node import Node
from es_jina.elastic.setup import set_up
from es_jina.ingest.run import Ingest
from es_jina.ingest.targets import Setting, Targets
from es_jina.inputs import Text
from es_jina.providers import profile_for
from es_jina.providers.checkpoints import open_local_tokenizer
from es_jina.providers.local import LocalProvider
from es_jina.search.hits import Hit
from es_jina.search.request import Mode
from es_jina.search.searcher import Searcher

MODES: tuple[Mode, ...] = ("text", "dense", "late", "hybrid")
BEST = 10


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", help="of a node; by default one is started")
    parser.add_argument("--model", default=str(demo_checkpoint()), help="a checkpoint folder")
    asked = parser.parse_args()
    with (
        _node(asked.url) as url,
        Cluster(url).connect() as client,
        LocalProvider(asked.model) as provider,
        _index(client, provider) as searcher,
    ):
        gains = {
            mode: [_ndcg(searcher, query, mode) for query in truth.queries()] for mode in MODES
        }
    _print(gains)


def _ndcg(searcher: Searcher, query: truth.Query, mode: Mode) -> float:
    grades = truth.judgements()[query.id]
    hits = searcher.search(Text(query.text), mode, BEST).hits
    found = _discounted([grades.get(_unit(hit), 0) for hit in hits])
    return found / _discounted(sorted(grades.values(), reverse=True)[:BEST])


def _discounted(grades: Sequence[int]) -> float:
    return math.fsum((2**grade - 1) / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))


def _unit(hit: Hit) -> str:
    path = Path(unquote(hit.uri.removeprefix("file://"))).relative_to(SAMPLE)
    return truth.unit_id(path.as_posix(), hit.page or 1)


def _print(gains: dict[Mode, list[float]]) -> None:
    kinds = [query.kind for query in truth.queries()]
    print(f"| query | queries | {' | '.join(MODES)} | hybrid to text |")
    print("|---" * (len(MODES) + 3) + "|")
    for kind in [*dict.fromkeys(kinds), "all"]:
        chosen = [place for place, each in enumerate(kinds) if kind in (each, "all")]
        means = {mode: mean(gains[mode][place] for place in chosen) for mode in MODES}
        ratio = f"{means['hybrid'] / means['text']:.2f}" if means["text"] else "text finds none"
        cells = " | ".join(f"{means[mode]:.2f}" for mode in MODES)
        print(f"| {kind} | {len(chosen)} | {cells} | {ratio} |")


@contextmanager
def _node(url: str | None) -> Iterator[str]:
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="es-jina-") as folder:
        Path(folder).chmod(0o755)
        with Node(Path(folder) / "node") as node:
            yield node.url


@contextmanager
def _index(client: Elasticsearch, provider: LocalProvider) -> Iterator[Searcher]:
    name = f"bench-{uuid.uuid4().hex[:8]}"
    profile, capabilities = profile_for(provider.model), Capabilities.detect(client)
    set_up(client, name, profile, capabilities)
    try:
        ingest = Ingest(
            client,
            name,
            profile,
            capabilities,
            open_provider=lambda: provider,
            open_tokenizer=lambda: open_local_tokenizer(provider.model.name),
        )
        with tempfile.TemporaryDirectory(prefix="es-jina-") as scratch:
            ingest.run(Targets([str(SAMPLE)], Setting(client, Path(scratch))))
        yield Searcher(client, name, profile, capabilities, provider)
    finally:
        client.indices.delete(index=f"{name}-000001")


if __name__ == "__main__":
    main()
