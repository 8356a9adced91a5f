"""Searching by the vectors that a document has."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from es_jina.dense import DenseProfile, ElementType
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.setup import set_up
from es_jina.elastic.vectors import dense_value, pack, rank_vectors_value
from es_jina.embedding import Embedding, Vector, unit
from es_jina.errors import ItemError, ProviderError, RequestError
from es_jina.profile import IndexProfile, MultiVectorProfile, Store
from es_jina.providers import profile_for
from es_jina.providers.base import V4
from es_jina.search.asking import Asking
from es_jina.search.searcher import Searcher
from es_jina.search.stored import stored_embedding
from es_jina.search.trace import Trace

CASES: list[tuple[Store, ElementType, ElementType]] = [
    ("binary", "bfloat16", "byte"),
    ("binary", "bit", "bit"),
    ("rank_vectors", "float", "float"),
    ("rank_vectors", "byte", "bfloat16"),
]
# What is lost to the element type, as the least cosine.
LEAST = {"float": 0.99999, "bfloat16": 0.999, "byte": 0.99, "bit": 0.7}


def vectors(seed: int) -> Embedding:
    rows = np.random.default_rng(seed).normal(size=(5, 128)).astype(np.float32)
    rows = unit(rows)
    return Embedding(rows[0], rows[1:], 5)


def parts(embedding: Embedding) -> tuple[Vector, Vector]:
    assert embedding.single is not None
    assert embedding.multi is not None
    return embedding.single, embedding.multi


def fields(embedding: Embedding, profile: IndexProfile) -> dict[str, Any]:
    assert profile.multi_vector is not None
    own, rows = parts(embedding)
    multi = profile.multi_vector
    single = dense_value(own, profile.finest, base64_allowed=False)
    stored: Any = pack(rows, multi.element_type)
    if multi.store == "rank_vectors":
        stored = rank_vectors_value(rows, multi.element_type, base64_allowed=False)
    plain = {"embedding_128": single, "multi_vector": stored}
    return {
        name: each.tolist() if hasattr(each, "tolist") else each for name, each in plain.items()
    }


def asking(client: Elasticsearch, index: str) -> Asking:
    return Asking(client, index, None, Trace())


@pytest.mark.parametrize(("store", "of_multi", "of_single"), CASES)
def test_a_document_is_most_like_itself(
    ranked: Elasticsearch, index: str, store: Store, of_multi: ElementType, of_single: ElementType
) -> None:
    able = Capabilities.detect(ranked)
    dense = DenseProfile.of(128, element_type=of_single)
    profile = replace(
        profile_for(V4, dense=[dense]), multi_vector=MultiVectorProfile(store, of_multi)
    )
    set_up(ranked, index, profile, able)
    documents = {f"{seed}": vectors(seed) for seed in range(3)}
    for ident, embedding in documents.items():
        ranked.index(index=index, id=ident, document=fields(embedding, profile))
    ranked.indices.refresh(index=index)
    searcher = Searcher(ranked, index, profile, able, None)
    for ident, embedding in documents.items():
        stored = stored_embedding(asking(ranked, index), profile, ident)
        assert stored is not None
        (single, multi), (own, own_multi) = parts(stored), parts(embedding)
        assert single.dtype == multi.dtype == np.dtype(np.float32)
        assert float(single @ own) > LEAST[of_single]
        assert np.sum(multi * own_multi, axis=1).min() > LEAST[of_multi]
        for mode in ("dense", "late", "hybrid"):
            found = searcher.search(stored, mode)
            assert found.hits[0].id == ident
            assert found.embed_ms < 50
            assert found.reranked is (mode != "dense")
    assert stored_embedding(asking(ranked, index), profile, "none") is None


@pytest.fixture
def profile(client: Elasticsearch, index: str, capabilities: Capabilities) -> IndexProfile:
    """Of an index, made."""
    multi = MultiVectorProfile("binary", "float")
    made = replace(profile_for(V4, dense=[DenseProfile.of(128)]), multi_vector=multi)
    set_up(client, index, made, capabilities)
    return made


def test_a_document_of_somebody_else_has_none(
    client: Elasticsearch, index: str, profile: IndexProfile
) -> None:
    whole = fields(vectors(0), profile)
    for number, odd in enumerate(
        (
            {"title": "none"},
            {"embedding_128": whole["embedding_128"]},
            {**whole, "multi_vector": "QUJD"},
        )
    ):
        client.index(index=index, id=str(number), document=odd, refresh=True)
        with pytest.raises(RequestError, match=f"the document '{number}' has no vectors"):
            stored_embedding(asking(client, index), profile, str(number))


def test_vectors_that_cannot_be_searched_by(
    client: Elasticsearch, index: str, profile: IndexProfile, capabilities: Capabilities
) -> None:
    searcher = Searcher(client, index, profile, capabilities, None)
    whole = vectors(0)
    with pytest.raises(RequestError, match="vectors have no words: use mode dense"):
        searcher.search(whole, "text")
    with pytest.raises(RequestError, match="cannot take vectors"):
        searcher.search(whole, rerank=True)
    with pytest.raises(ProviderError, match="a multi-vector that is missing"):
        searcher.search(replace(whole, multi=None))
    with pytest.raises(ProviderError, match="a single vector of shape"):
        searcher.search(replace(whole, single=np.ones(3, np.float32)))
    with pytest.raises(ItemError, match="a single vector of zeros"):
        searcher.search(replace(whole, single=np.zeros(128, np.float32)), "dense")
    assert searcher.search(replace(whole, multi=None), "dense").hits == []
