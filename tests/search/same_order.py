"""A search whose order is the same on every release of Elasticsearch."""

from typing import Any

import numpy as np
from elasticsearch import Elasticsearch

from es_jina.dense import DenseProfile
from es_jina.elastic.bulk import Action, BulkWriter
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.elastic.vectors import dense_value, pack
from es_jina.embedding import Embedding, unit
from es_jina.inputs import Text
from es_jina.profile import IndexProfile, MultiVectorProfile
from es_jina.providers.base import ModelInfo, Want
from es_jina.search.searcher import Searcher

MODEL = ModelInfo("order", "1", (128, 256), 128, 1000)
# Not quantised: how that rounds is a matter of the release.
DENSE = (DenseProfile.of(128, "hnsw"), DenseProfile.of(256, "hnsw"))
PROFILE = IndexProfile("order", "1", DENSE, MultiVectorProfile("binary", "bit"), 1000)
WORDS = ("heat", "pump", "solar", "roof", "coffee", "river", "clinic", "wolf")
QUERY = Text("solar pump coffee")

SEARCHES: dict[str, dict[str, Any]] = {
    "text": {"mode": "text"},
    "dense": {"mode": "dense"},
    "late": {"mode": "late", "window": 20},
    "hybrid": {"mode": "hybrid", "window": 20},
    "bits": {"mode": "late", "bits": True},
    "coarse": {"mode": "dense", "coarse": 128},
    "collapsed": {"mode": "hybrid", "collapse": True, "size": 5},
    "second page": {"mode": "hybrid", "offset": 6, "window": 20},
    "filtered": {"mode": "hybrid", "filters": [{"range": {"page": {"lte": 20}}}]},
}
# By the numbers of the documents, best first.
EXPECTED: dict[str, list[int]] = {
    "text": [17, 27, 30, 37, 19, 22],
    "dense": [20, 18, 14, 35, 1, 17],
    "late": [0, 35, 39, 21, 3, 20],
    "hybrid": [2, 35, 39, 21, 3, 20],
    "bits": [22, 35, 19, 26, 18, 39],
    "coarse": [20, 18, 14, 35, 1, 17],
    "collapsed": [35, 39, 3, 20, 19],
    "second page": [19, 18, 29, 7, 24, 22],
    "filtered": [0, 2, 13, 11, 3, 20],
}


class Fixed:
    """A provider of the one query's vectors."""

    model = MODEL

    def embed(self, inputs: Any, task: Any, want: Want, **_: Any) -> list[Embedding]:
        numbers = np.random.RandomState(1)
        return [_embedding(numbers)]


def orders(client: Elasticsearch, capabilities: Capabilities, index: str) -> dict[str, list[int]]:
    """Load 40 documents and return what each search finds, by the number of the document."""
    set_up(client, index, PROFILE, capabilities)
    numbers = np.random.RandomState(0)
    actions = [Action(f"{number:02}", _document(number, numbers)) for number in range(40)]
    outcomes = list(BulkWriter(client, index).write(actions))
    assert [outcome for outcome in outcomes if outcome.error] == []
    client.indices.refresh(index=index)
    provider: Any = Fixed()
    searcher = Searcher(client, index, PROFILE, capabilities, provider)
    return {
        name: [int(hit.id) for hit in searcher.search(QUERY, **{"size": 6, **asked}).hits]
        for name, asked in SEARCHES.items()
    }


def nearest() -> list[int]:
    """Return what is nearest to the query by our own arithmetic, best first."""
    query = _embedding(np.random.RandomState(1)).single
    numbers = np.random.RandomState(0)
    vectors = []
    for number in range(40):
        vectors.append(_embedding(numbers).single)
        numbers.randint(0, len(WORDS), 3 + number)
    assert query is not None
    order: list[int] = np.argsort(-np.array(vectors) @ query).tolist()
    return order


def _embedding(numbers: np.random.RandomState) -> Embedding:
    single, multi = numbers.standard_normal(256), numbers.standard_normal((9, 128))
    return Embedding(unit(single.astype(np.float32)), unit(multi.astype(np.float32)), 9)


def _document(number: int, numbers: np.random.RandomState) -> dict[str, Any]:
    vectors = _embedding(numbers)
    assert vectors.single is not None
    assert vectors.multi is not None
    # Texts of many lengths, so that no two score the same.
    words = [WORDS[place] for place in numbers.randint(0, len(WORDS), 3 + number)]
    return {
        "source": {"uri": f"file:///{number % 7}"},
        "title": f"Report {number}",
        "text": " ".join(words),
        "page": number,
        "multi_vector": pack(vectors.multi, "bit"),
        **{
            dense.field: dense_value(vectors.single, dense, base64_allowed=False) for dense in DENSE
        },
    }
