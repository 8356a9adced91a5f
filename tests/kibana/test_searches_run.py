"""Search templates over a real index, as far as the small distribution understands them."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.vectors import dense_base64
from es_jina.kibana.searches import searches
from tests.kibana.library import PROFILE
from tests.kibana.library import library as library_of
from tests.kibana.mustache import render


@pytest.fixture(scope="module")
def library(client: Elasticsearch, capabilities: Capabilities) -> Iterator[str]:
    with library_of(client, capabilities) as index:
        yield index


def source(index: str, name: str) -> str:
    (found,) = (each for each in searches(index, PROFILE, "ref").templates if each.name == name)
    return json.dumps(found.asset.signed["script"]["source"])


def ids(answer: Any) -> list[str]:
    return [hit["_id"] for hit in answer["hits"]["hits"]]


def pages_of(answer: Any) -> list[list[int]]:
    inner = [hit["inner_hits"]["pages"]["hits"]["hits"] for hit in answer["hits"]["hits"]]
    return [[page["_source"]["page"] for page in pages] for pages in inner]


def near(number: int) -> str:
    """A query next to the vector of the document with that number."""
    vector = np.full(128, 0.01, np.float32)
    vector[number] = 1
    return dense_base64(vector / np.linalg.norm(vector))


def run(client: Elasticsearch, index: str, search: dict[str, Any]) -> Any:
    headers = {"accept": "application/json", "content-type": "application/json"}
    return client.perform_request("POST", f"/{index}/_search", headers=headers, body=search)


def with_vector(value: Any, vector: str) -> Any:
    """A search with a vector where Elasticsearch would ask an endpoint for one."""
    if isinstance(value, list):
        return [with_vector(inner, vector) for inner in value]
    if not isinstance(value, dict):
        return value
    changed = {key: with_vector(inner, vector) for key, inner in value.items()}
    if changed.pop("query_vector_builder", None):
        changed["query_vector"] = vector
    return changed


def without_paid(value: Any) -> Any:
    """A search with a retriever that any licence has in the place of those that take a paid one."""
    match value:
        case {"text_similarity_reranker": {"retriever": inner}}:
            return without_paid(inner)
        case {"rrf": rrf}:
            words, nearest = (each for each in rrf["retrievers"])
            rescore = {"window_size": 10, "query": {"rescore_query": words["standard"]["query"]}}
            more = {"filter": rrf["filter"]} if "filter" in rrf else {}
            return {"rescorer": {"retriever": nearest, "rescore": rescore, **more}}
        case dict():
            return {key: without_paid(inner) for key, inner in value.items()}
    return value


def test_words_find_and_are_marked(client: Elasticsearch, library: str) -> None:
    found = run(client, library, render(source(library, "words"), {"q": "heat pump"}))
    assert ids(found)[0] == "pump"
    assert found["hits"]["hits"][0]["highlight"]["text"] == [
        "The <em>heat</em> <em>pump</em> hums."
    ]
    assert "embedding_128" not in found["hits"]["hits"][0]["_source"]
    paged = render(source(library, "words"), {"q": "heat pump", "size": 1, "from": 1})
    assert ids(run(client, library, paged)) == ids(found)[1:2]


@pytest.mark.parametrize("name", ["hybrid", "hybrid-vector"])
def test_neither_side_drowns_the_other(client: Elasticsearch, library: str, name: str) -> None:
    params = {"q": "heat pump", "query_vector": near(3)}
    search = with_vector(render(source(library, name), params), near(3))
    found = ids(run(client, library, search))
    # What both sides find is first; the best of each side follows.
    assert found[0] == "pump"
    assert set(found[:3]) == {"pump", "heat", "manual-3"}
    nonsense = with_vector(render(source(library, name), {**params, "q": "xyzzy"}), near(3))
    assert ids(run(client, library, nonsense))[0] == "manual-3"


def test_a_phrase_counts_more_than_its_words(client: Elasticsearch, library: str) -> None:
    """Both have both words, as often and in as long a text."""
    params = {"q": "red bicycle", "query_vector": near(100)}
    search = render(source(library, "hybrid-vector"), params)
    assert ids(run(client, library, search))[0] == "phrase"
    del search["rescore"]
    scores = {hit["_id"]: hit["_score"] for hit in run(client, library, search)["hits"]["hits"]}
    assert scores["phrase"] == pytest.approx(scores["apart"], rel=0.05)


@pytest.mark.parametrize("name", ["pages", "pages-vector", "pages-rrf", "pages-rerank"])
def test_pages_come_by_document(client: Elasticsearch, library: str, name: str) -> None:
    params = {"q": "xyzzy", "query_vector": near(3)}
    search = with_vector(without_paid(render(source(library, name), params)), near(3))
    found = run(client, library, search)
    # Of each document one, though five pages of one and four of the other are nearer than texts.
    assert ids(found) == ["manual-3", found["hits"]["hits"][1]["_id"]]
    assert found["hits"]["hits"][1]["_source"]["source"]["uri"] == "file:///report.pdf"
    assert [hit["_source"]["kind"] for hit in found["hits"]["hits"]] == ["page", "page"]
    first, second = pages_of(found)
    assert (first[0], len(first), len(second)) == (3, 3, 3)
    refs = found["hits"]["hits"][0]["inner_hits"]["pages"]["hits"]["hits"][0]["_source"]["ref"]
    assert refs == "manual-3"


@pytest.mark.parametrize("name", ["rrf", "rerank"])
def test_words_are_marked_beside_a_retriever(
    client: Elasticsearch, library: str, name: str
) -> None:
    search = with_vector(without_paid(render(source(library, name), {"q": "hums"})), near(0))
    found = run(client, library, search)
    marked = [hit for hit in found["hits"]["hits"] if "highlight" in hit]
    assert [hit["highlight"]["text"] for hit in marked] == [["The heat pump <em>hums</em>."]]


def test_elasticsearch_takes_whatever_is_typed(client: Elasticsearch, library: str) -> None:
    for typed in ('"heat" AND {{q}} }}', "\\ \n \t \x00", "泵 مضخة 👩‍🚀"):
        run(client, library, render(source(library, "words"), {"q": typed}))
